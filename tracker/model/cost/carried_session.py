"""A session's calls as the steps of `.carried`: what came in before each of them, and what it paid."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from store.records import ToolFlag
from store.task_rows import SessionRecords, ToolRow
from tracker.model.cost.carried import (
    FIRST_PROMPT,
    OWN_TEXT,
    PROMPT,
    SUBAGENT_PROMPT,
    UNTOLD,
    Account,
    Held,
    InputParts,
    Kind,
    Source,
    Step,
    carry,
)
from tracker.model.cost.chain_call import ChainCall
from tracker.model.cost.chains import session_chains
from tracker.model.cost.command_head import command_head
from tracker.model.cost.result_tokens import result_tokens

_RUN = int(ToolFlag.RUN)
# Their results are a line; what they load comes in beside it.
_LOADERS = frozenset({"Skill", "SlashCommand", "ToolSearch"})


class PaidParts(NamedTuple):
    """What was derived of a call: missed tokens, and the parts of its cost (COST_PARTS); None where unpriced."""

    missed: int
    baseline: int | None
    carry_over: int | None
    own: int | None
    waste: int | None
    fresh: int | None
    generation: int | None
    other: int | None


_UNPRICED = InputParts(0, 0, 0, 0)


class Sums:
    """The bill of all calls that are asked about, nano-dollars: their prompts, by source, and what is no prompt's."""

    def __init__(self) -> None:
        self.accounts: dict[Source, Account] = {}
        self.prompts = self.generation = self.other = 0
        self.unpriced = 0  # calls

    def add(self, parts: PaidParts, *, grows: bool) -> InputParts:
        """Add a call and return what it paid for its prompt: in a chain that it does not grow, that is other cost."""
        _, baseline, carry_over, own, waste, fresh, generation, other = parts
        if baseline is None or carry_over is None or own is None or waste is None or fresh is None:
            self.unpriced += 1
            return _UNPRICED
        self.generation += generation or 0
        self.other += other or 0
        if grows:
            self.prompts += baseline + carry_over + own + waste + fresh
        else:
            self.other += baseline + carry_over + own + waste + fresh
        return InputParts(baseline, carry_over + own, waste, fresh)


def add_session(records: SessionRecords, paid: Mapping[int, PaidParts], sums: Sums) -> list[Held]:
    """Walk all chains of a session; `paid` has the calls that are asked about, by id.

    Returns what stands in the context of the main chain now.
    """
    message_of = {(call.id, call.copied): call.message_id for call in records.calls}
    tools: dict[str, list[ToolRow]] = {}
    for tool in records.tools:
        if tool.message_id is not None:
            tools.setdefault(tool.message_id, []).append(tool)
    prompts = sorted(turn.position for turn in records.turns)
    held: list[Held] = []
    for key, calls in session_chains(records, {}).items():
        asked = [tools.get(message_of[call.call_id, call.copied], ()) for call in calls]
        steps = _steps(calls, asked, [] if key else prompts, paid, sums)
        standing = carry(steps, sums.accounts, SUBAGENT_PROMPT if key else FIRST_PROMPT)
        if not key:
            held = standing
    return held


def _steps(
    calls: Sequence[ChainCall],
    asked: Sequence[Sequence[ToolRow]],
    prompts: Sequence[int],
    paid: Mapping[int, PaidParts],
    sums: Sums,
) -> Iterator[Step]:
    """The steps of one chain; what calls that do not grow it paid is no part's of the context."""
    context = output = position = 0
    answered: list[ToolRow] = []
    for call, tools in zip(calls, asked, strict=True):
        parts = None if call.copied else paid.get(call.call_id)
        grows = call.grows_the_chain
        pays = sums.add(parts, grows=grows) if parts is not None else None
        if not grows:
            answered.extend(tools)
            continue
        size = call.context
        came: Sequence[tuple[Source, int]] = ()
        if context and size > context:
            is_prompted = bool(prompts) and bisect_right(prompts, position) < bisect_right(prompts, call.position)
            came = _came(size - context, output, answered, is_prompted=is_prompted)
        yield Step(size, call.cache_read + (parts.missed if parts is not None else 0), call.reset_before, came, pays)
        context, output, position, answered = size, call.output, call.position, list(tools)


def _came(grown: int, output: int, answered: Sequence[ToolRow], *, is_prompted: bool) -> list[tuple[Source, int]]:
    """What the context grew by: the answer before, results, and what is left of it."""
    left = max(0, grown - output)
    came = [(OWN_TEXT, grown - left)] if output else []
    # Where a prompt came instead of a result, there was none.
    results = [tool for tool in answered if tool.result_chars is not None or not is_prompted] if left else []
    if results:
        sizes = result_tokens(left, [tool.result_chars for tool in results])
        rounded_off = left - sum(sizes)
        if rounded_off < len(sizes):
            sizes[-1] += rounded_off
        came += [(source_of(tool), tokens) for tool, tokens in zip(results, sizes, strict=True) if tokens]
        left -= sum(sizes)
        loader = next((tool for tool in results if tool.name in _LOADERS), None)
        if left and loader is not None:
            came.append((source_of(loader), left))
            left = 0
    if left:
        came.append((PROMPT if is_prompted else UNTOLD, left))
    return came


def source_of(tool: ToolRow) -> Source:
    """What a result is called: the tool, and the file, the address, or the program that the command ran."""
    target = tool.target or ""
    return Source(Kind.TOOL, tool.name or "?", command_head(target) if tool.flags & _RUN else target)
