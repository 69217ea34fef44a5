"""What each part of a context cost: when it came in, and on every later call that carried it.

A chain is walked call by call. Its context is the first prompt, followed by everything added since: the agent's own
text (the output of the previous call, at most what the context grew by), tool results, prompts, a compaction's summary,
and content that no record names. A compaction leaves the first prompt and a summary; a cleared context begins with
another first prompt. A rewind cuts the end off, at least the latest prompt: the parts before it stay whole. If the
context shrinks otherwise, the first prompt stays and the rest shrinks in proportion.

Each call's cost is shared in proportion to tokens: rent on the baseline goes to the first prompt, other rent to the
parts after it, waste to both, the fresh part to what is new, and to everything as far as it was sent before: where
nothing is cached, and where a rewind finds less in the cache than it kept. Sizes of results are modelled; the sum is
exact.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracker.model.cost.chain_call import Reset


class Kind:
    """Kinds of context parts, as in JSON."""

    FIRST_PROMPT = "first_prompt"  # system prompt, tool definitions, instruction files, and the first words
    SUBAGENT_PROMPT = "subagent_prompt"  # the same of a subagent, with its order
    TOOL = "tool"
    OWN_TEXT = "own_text"  # the agent's answers, thinking and tool calls
    PROMPT = "prompt"  # with what the client attaches
    SUMMARY = "summary"  # with anything else that a compaction kept
    UNRECORDED = "unrecorded"  # reminders, attachments, the framing of messages


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
UNRECORDED = Source(Kind.UNRECORDED)


class InputCost(NamedTuple):
    """Cost of a call's prompt, in nano-dollars."""

    baseline: int  # rent on the baseline
    rent: int  # other rent
    waste: float
    fresh: float


class Step(NamedTuple):
    """A call that grows its chain, and what was added to the context before it."""

    context: int  # the whole prompt, tokens
    reread: int  # the part of it that had been sent before: read from the cache, or missed
    reset: str | None  # Reset
    added: Sequence[tuple[Source, int]]  # tokens by source; ignored after a reset that begins the context anew
    cost: InputCost | None  # None for a call that was not chosen


@dataclass(slots=True)
class Account:
    """Totals of the parts from one source over the chosen calls; nano-dollars."""

    parts: int = 0  # parts that were in the context of a chosen call
    tokens: int = 0  # their sizes when they came in
    calls: int = 0  # chosen calls that carried a part after it came in, summed over the parts
    fresh: float = 0.0
    carried: float = 0.0


class ContextPart(NamedTuple):
    """A part of a context as it is now."""

    source: Source
    tokens: int
    calls: int  # calls that carried it after it came in


# Rent is shared as in a fund: a part holds units, each call raises the price of a unit, and a part's cost is its units
# times the rise since it came in. When the context shrinks, a unit is worth fewer tokens. So a call takes the same time
# however many parts it carries. A plain tuple, as there are hundreds of thousands:
# source, its account, tokens, units, price of a unit and number of calls when it came in, whether its call was chosen.
_Part = tuple[Source, Account, int, float, float, int, bool]


class _Chain:
    """The context of one chain while it is walked."""

    def __init__(self, accounts: dict[Source, Account], first: Source) -> None:
        self._accounts = accounts
        self._first_source = first
        self._first_account = self._account(first)
        self._parts: list[_Part] = []  # all but the first prompt
        self._context = self._first_tokens = 0
        self._calls = 0  # chosen ones since the first prompt came in
        self._first_is_new = False  # the first prompt came in with a chosen call
        self._forget_parts()

    def _forget_parts(self) -> None:
        self._parts.clear()
        self._units = 0.0
        self._unit_tokens = 1.0
        self._unit_price = 0.0  # nano-dollars since the last reset

    def walk(self, step: Step) -> None:
        """Advance by one call."""
        context, reread, reset, added, cost = step
        begins = not self._context or reset == Reset.CLEAR
        is_compacted = reset == Reset.COMPACT and not begins
        if begins:
            self.settle()
            self._first_tokens, self._calls, self._first_is_new = context, 0, cost is not None
            added = ()
        elif context < self._first_tokens:
            self._first_tokens = context
        if is_compacted:
            self._settle_parts()
            added = [(SUMMARY, context - self._first_tokens)] if context > self._first_tokens else ()
        elif reset == Reset.REWIND and not begins:
            added = self._cut_end(context - self._first_tokens, reread - self._first_tokens)
        elif context < self._context:
            self._shrink_parts(context - self._first_tokens)
        new = [(source, self._account(source), tokens) for source, tokens in added]
        if cost is not None:
            self._calls += 1
            if reset == Reset.REWIND or not (reread or begins or is_compacted):
                # More than what was added is sent as new: where nothing is cached, the whole context.
                sent = max(1, context - reread)
                again = cost.fresh * max(0, 1 - sum(tokens for _, tokens in added) / sent)
                cost = cost._replace(waste=cost.waste + again, fresh=cost.fresh - again)
            self._share(cost, max(0, self._first_tokens - reread) if begins or is_compacted else 0, new)
        for source, account, tokens in new:
            units = tokens / self._unit_tokens
            self._units += units
            self._parts.append((source, account, tokens, units, self._unit_price, self._calls, cost is not None))
        self._context = context

    def _shrink_parts(self, tokens: int) -> None:
        """Shrink everything after the first prompt to this many tokens."""
        if tokens <= 0:
            self._settle_parts()
        elif self._units:
            self._unit_tokens = tokens / self._units

    def _cut_end(self, tokens: int, reread: int) -> Sequence[tuple[Source, int]]:
        """Cut off the latest prompt and what precedes it, until the rest fits; what is left came with the new prompt.

        Both counts are without the first prompt. What was read again stays, as does a summary, if it fits.
        """
        is_cut = False
        while self._parts:
            part = self._parts[-1]
            kept, before = (round(units * self._unit_tokens) for units in (self._units, self._units - part[3]))
            if kept <= tokens and (is_cut or before < reread or part[0].kind == Kind.SUMMARY):
                break
            is_cut = is_cut or part[0].kind == Kind.PROMPT
            self._parts.pop()
            self._units = self._units - part[3] if self._parts else 0.0
            self._settle_part(part)
        left = tokens - round(self._units * self._unit_tokens)
        return [(PROMPT, left)] if left > 0 else ()

    def _share(self, cost: InputCost, new_first: int, new: Sequence[tuple[Source, Account, int]]) -> None:
        """Share the cost of a call; `new_first`: tokens of the first prompt that are new to the cache."""
        baseline, rent, waste, fresh = cost
        first = self._first_account
        new_parts = sum(tokens for _, _, tokens in new)
        new_tokens = new_first + new_parts
        if not new_tokens:
            waste += fresh
        elif fresh:
            first.fresh += fresh * new_first / new_tokens
            for _, account, tokens in new:
                account.fresh += fresh * tokens / new_tokens
        first.carried += baseline
        on_first = waste * self._first_tokens / (self._first_tokens + self._units * self._unit_tokens) if waste else 0
        first.carried += on_first
        on_parts = rent + waste - on_first
        if self._units:
            self._unit_price += on_parts / self._units
        elif new_parts:
            for _, account, tokens in new:
                account.carried += on_parts * tokens / new_parts
        else:
            first.carried += on_parts

    def _account(self, source: Source) -> Account:
        account = self._accounts.get(source)
        if account is None:
            account = self._accounts[source] = Account()
        return account

    def _settle_parts(self) -> None:
        """Add everything after the first prompt to the accounts, and forget it."""
        for part in self._parts:
            self._settle_part(part)
        self._forget_parts()

    def _settle_part(self, part: _Part) -> None:
        _, account, tokens, units, price, calls, is_new = part
        carried = self._calls - calls
        if carried or is_new:
            account.parts += 1
            account.tokens += tokens
            account.calls += carried
            account.carried += units * (self._unit_price - price)

    def settle(self) -> None:
        """Add the whole context to the accounts."""
        self._settle_parts()
        if self._calls:
            self._first_account.parts += 1
            self._first_account.tokens += self._first_tokens
            self._first_account.calls += self._calls - self._first_is_new

    def parts(self) -> list[ContextPart]:
        """The parts of the context as it is now, the first prompt first."""
        first = ContextPart(self._first_source, self._first_tokens, self._calls - self._first_is_new)
        return [first] + [
            ContextPart(source, round(units * self._unit_tokens), self._calls - calls)
            for source, _, _, units, _, calls, _ in self._parts
        ]


def walk_chain(
    steps: Iterable[Step], accounts: dict[Source, Account], first: Source = FIRST_PROMPT
) -> list[ContextPart]:
    """Add the cost of one chain's context to `accounts`; returns the parts of the context at its end."""
    chain = _Chain(accounts, first)
    for step in steps:
        chain.walk(step)
    parts = chain.parts()
    chain.settle()
    return parts


def whole_nano(amounts: Sequence[float], total: int) -> list[int]:
    """The amounts as whole numbers that sum to `total`: the largest remainders are rounded up."""
    if not amounts:
        return []
    whole = [int(amount // 1) for amount in amounts]
    each, more = divmod(total - sum(whole), len(whole))
    order = sorted(range(len(whole)), key=lambda place: whole[place] - amounts[place])
    for rank, place in enumerate(order):
        whole[place] += each + (rank < more)
    return whole
