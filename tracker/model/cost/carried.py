"""What each part of a context cost: when it came in, and on every later call that carried it.

A chain is walked call by call. Its context is the first prompt and, behind it, what came in since: the agent's own text
(the measured output of the call before, as far as the context grew by it), tool results, prompts, a compaction's
summary, and what no record tells. Where the context shrinks, the first prompt stays and all else shrinks in proportion;
a compaction leaves it and a summary, and after a cleared context there is another first prompt.

Each call's rent on the baseline falls on the first prompt, its other rent on what stood behind that, its waste on both,
its fresh part on what is new, always in proportion to tokens. Sizes of results are modelled; the sum is exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.model.cost.chain_call import Reset


class Kind:
    """What a part of a context is."""

    FIRST_PROMPT = "first_prompt"  # system prompt, tool definitions, instruction files, and the first words
    SUBAGENT_PROMPT = "subagent_prompt"  # the same of a subagent, with its order
    TOOL = "tool"
    OWN_TEXT = "own_text"  # answers, thinking and tool calls of the agent
    PROMPT = "prompt"  # with what the client puts beside it
    SUMMARY = "summary"  # and what a compaction kept
    UNTOLD = "untold"  # reminders, attachments, tools of which older clients recorded nothing


class Source(NamedTuple):
    """Where a part of a context came from."""

    kind: str
    tool: str = ""
    target: str = ""  # a file, the head of a command line, an address


FIRST_PROMPT = Source(Kind.FIRST_PROMPT)
SUBAGENT_PROMPT = Source(Kind.SUBAGENT_PROMPT)
OWN_TEXT = Source(Kind.OWN_TEXT)
PROMPT = Source(Kind.PROMPT)
SUMMARY = Source(Kind.SUMMARY)
UNTOLD = Source(Kind.UNTOLD)


class InputParts(NamedTuple):
    """What a call paid for its prompt, nano-dollars: rent on the baseline, other rent, waste, fresh."""

    baseline: int
    rent: int
    waste: int
    fresh: int


class Step(NamedTuple):
    """A call that grows its chain, and what came in since the one before."""

    context: int  # the whole prompt, tokens
    reread: int  # of these, paid for as read before, the missed ones too
    reset: str | None  # Reset
    came: Sequence[tuple[Source, int]]  # tokens by source; not looked at where the context begins anew
    paid: InputParts | None  # None: not one of the calls that are asked about


@dataclass(slots=True)
class Account:
    """What parts from one source were, and what they cost over the calls that are asked about; nano-dollars."""

    parts: int = 0  # how many of them stood in the context of such a call
    tokens: int = 0  # when they came in
    calls: int = 0  # such calls after those with which they came in, summed over the parts
    fresh: float = 0.0
    carried: float = 0.0


class Held(NamedTuple):
    """A part that stands in a context now."""

    source: Source
    tokens: int
    calls: int  # that carried it, after the one with which it came in


# A part in a chain: its source and account; its tokens; the same as if the context had not shrunk since the last reset
# (units); what a unit had cost and the calls made when it came in; whether that call is asked about.
# A plain tuple: there are hundreds of thousands.
_Part = tuple[Source, Account, int, float, float, int, bool]


class _Chain:
    """The context of one chain."""

    def __init__(self, accounts: dict[Source, Account], first: Source) -> None:
        self._accounts = accounts
        self._first_source = first
        self._prompt = self._account(first)
        self._parts: list[_Part] = []
        self._context = self._first = self._calls = 0
        self._is_new = False  # the first prompt came in with a call that is asked about
        self._empty()

    def _empty(self) -> None:
        self._parts.clear()
        self._units = 0.0
        self._scale = 1.0
        self._paid = 0.0  # for a unit that came in right after the last reset, nano-dollars

    def take(self, step: Step) -> None:
        """Go on by one call."""
        context, reread, reset, came, paid = step
        is_begin = not self._context or reset == Reset.CLEAR
        is_compacted = reset == Reset.COMPACT and not is_begin
        if is_begin:
            self.end()
            self._first, self._calls, self._is_new = context, 0, paid is not None
            came = ()
        elif context < self._first:
            self._first = context
        if is_compacted:
            self._settle()
            came = [(SUMMARY, context - self._first)] if context > self._first else ()
        elif context < self._context:
            self._shrink(context - self._first)
        brought = [(source, self._account(source), tokens) for source, tokens in came]
        if paid is not None:
            self._calls += 1
            self._pay(paid, max(0, self._first - reread) if is_begin or is_compacted else 0, brought)
        for source, account, tokens in brought:
            units = tokens / self._scale
            self._units += units
            self._parts.append((source, account, tokens, units, self._paid, self._calls, paid is not None))
        self._context = context

    def _shrink(self, rest: int) -> None:
        """So many tokens are left behind the first prompt."""
        if rest <= 0:
            self._settle()
        elif self._units:
            self._scale = rest / self._units

    def _pay(self, paid: InputParts, new_first: int, brought: Sequence[tuple[Source, Account, int]]) -> None:
        """Share what a call paid; of the first prompt `new_first` tokens are new to the cache."""
        baseline, rest, again, fresh = paid
        new = new_first
        for _, _, tokens in brought:
            new += tokens
        prompt = self._prompt
        if not new:
            again += fresh
        elif fresh:
            prompt.fresh += fresh * new_first / new
            for _, account, tokens in brought:
                account.fresh += fresh * tokens / new
        prompt.carried += baseline
        on_first = again * self._first / (self._first + self._units * self._scale) if again else 0
        prompt.carried += on_first
        behind = rest + again - on_first
        if self._units:
            self._paid += behind / self._units
        elif new > new_first:
            for _, account, tokens in brought:
                account.carried += behind * tokens / (new - new_first)
        else:
            prompt.carried += behind

    def _account(self, source: Source) -> Account:
        account = self._accounts.get(source)
        if account is None:
            account = self._accounts[source] = Account()
        return account

    def _settle(self) -> None:
        """Account for all that stands behind the first prompt, and drop it."""
        for _, account, tokens, units, paid, calls, is_new in self._parts:
            carried = self._calls - calls
            if carried or is_new:
                account.parts += 1
                account.tokens += tokens
                account.calls += carried
                account.carried += units * (self._paid - paid)
        self._empty()

    def end(self) -> None:
        """Account for everything."""
        self._settle()
        if self._calls:
            self._prompt.parts += 1
            self._prompt.tokens += self._first
            self._prompt.calls += self._calls - self._is_new

    def held(self) -> list[Held]:
        """What stands in the context now, the first prompt first."""
        made = [Held(self._first_source, self._first, self._calls - self._is_new)]
        return made + [
            Held(source, round(units * self._scale), self._calls - calls)
            for source, _, _, units, _, calls, _ in self._parts
        ]


def carry(steps: Iterable[Step], accounts: dict[Source, Account], first: Source = FIRST_PROMPT) -> list[Held]:
    """Walk one chain and add what its context cost to `accounts`; what stands in it at the end."""
    chain = _Chain(accounts, first)
    for step in steps:
        chain.take(step)
    held = chain.held()
    chain.end()
    return held


def whole_nano(amounts: Sequence[float], total: int) -> list[int]:
    """The amounts as whole numbers that sum to `total`: the largest remainders are rounded up."""
    if not amounts:
        return []
    made = [int(amount // 1) for amount in amounts]
    each, more = divmod(total - sum(made), len(made))
    order = sorted(range(len(made)), key=lambda place: made[place] - amounts[place])
    for rank, place in enumerate(order):
        made[place] += each + (rank < more)
    return made
