"""A session's chains as steps of `.carried`: what each call added to the context, and what its prompt cost."""

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
    UNRECORDED,
    Account,
    ContextPart,
    InputCost,
    Kind,
    Source,
    Step,
    walk_chain,
)
from tracker.model.cost.chain_call import ChainCall
from tracker.model.cost.chains import session_chains
from tracker.model.cost.command_head import command_head
from tracker.model.cost.result_tokens import result_tokens

_RUN = int(ToolFlag.RUN)
# Tools with a result of one line that load more into the context beside it.
_LOADERS = frozenset({"Skill", "SlashCommand", "ToolSearch"})


class CallCost(NamedTuple):
    """A call's missed tokens, and the parts of its cost in nano-dollars (COST_PARTS; None for an unpriced call)."""

    missed: int
    baseline: int | None
    carry_over: int | None
    own: int | None
    waste: int | None
    fresh: int | None
    generation: int | None
    other: int | None


_UNPRICED = InputCost(0, 0, 0, 0)


class Bill:
    """The bill of the chosen calls in nano-dollars: prompts (by source in `accounts`), generation, and the rest."""

    def __init__(self) -> None:
        self.accounts: dict[Source, Account] = {}
        self.prompts = self.generation = self.other = 0
        self.unpriced = 0  # calls

    def add(self, cost: CallCost, *, grows: bool) -> InputCost:
        """Add a call and return the cost of its prompt, which is `other` if the call does not grow its chain."""
        _, baseline, carry_over, own, waste, fresh, generation, other = cost
        if baseline is None or carry_over is None or own is None or waste is None or fresh is None:
            self.unpriced += 1
            return _UNPRICED
        self.generation += generation or 0
        self.other += other or 0
        if grows:
            self.prompts += baseline + carry_over + own + waste + fresh
        else:
            self.other += baseline + carry_over + own + waste + fresh
        return InputCost(baseline, carry_over + own, waste, fresh)


def add_session(records: SessionRecords, costs: Mapping[int, CallCost], bill: Bill) -> list[ContextPart]:
    """Add all chains of a session to `bill`; `costs` has the chosen calls by id.

    Returns the parts of the main chain's context at its end.
    """
    message_of = {(call.id, call.copied): call.message_id for call in records.calls}
    tools_of: dict[str, list[ToolRow]] = {}
    for tool in records.tools:
        if tool.message_id is not None:
            tools_of.setdefault(tool.message_id, []).append(tool)
    prompts = sorted(turn.position for turn in records.turns)
    main_parts: list[ContextPart] = []
    for chain, calls in session_chains(records, {}).items():
        tools = [tools_of.get(message_of[call.call_id, call.copied], ()) for call in calls]
        steps = _steps(calls, tools, [] if chain else prompts, costs, bill)
        parts = walk_chain(steps, bill.accounts, SUBAGENT_PROMPT if chain else FIRST_PROMPT)
        if not chain:
            main_parts = parts
    return main_parts


def _steps(
    calls: Sequence[ChainCall],
    tools: Sequence[Sequence[ToolRow]],
    prompts: Sequence[int],
    costs: Mapping[int, CallCost],
    bill: Bill,
) -> Iterator[Step]:
    """The steps of one chain; `tools`: the tool uses of each call, `prompts`: positions of prompts, sorted."""
    context = output = position = 0
    answered: list[ToolRow] = []  # tool uses since the last step: their results come in with the next one
    for call, used in zip(calls, tools, strict=True):
        cost = None if call.copied else costs.get(call.call_id)
        grows = call.grows_the_chain
        input_cost = bill.add(cost, grows=grows) if cost is not None else None
        if not grows:
            answered.extend(used)
            continue
        size = call.context
        added: Sequence[tuple[Source, int]] = ()
        if context and size > context:
            is_prompted = bool(prompts) and bisect_right(prompts, position) < bisect_right(prompts, call.position)
            added = _added(size - context, output, answered, is_prompted=is_prompted)
        reread = call.cache_read + (cost.missed if cost is not None else 0)
        yield Step(size, reread, call.reset_before, added, input_cost)
        context, output, position, answered = size, call.output, call.position, list(used)


def _added(grown: int, output: int, answered: Sequence[ToolRow], *, is_prompted: bool) -> list[tuple[Source, int]]:
    """What the context grew by: the previous answer, then results, then a prompt or content that no record names."""
    left = max(0, grown - output)
    added = [(OWN_TEXT, grown - left)] if output else []
    # A tool use of unknown length that a prompt follows was interrupted: it has no result.
    results = [tool for tool in answered if tool.result_chars is not None or not is_prompted] if left else []
    if results:
        sizes = result_tokens(left, [tool.result_chars for tool in results])
        rounded_off = left - sum(sizes)
        if rounded_off < len(sizes):
            sizes[-1] += rounded_off
        loader = next((i for i, tool in enumerate(results) if tool.name in _LOADERS), None)
        if loader is not None:
            sizes[loader] += left - sum(sizes)
        added += [(source_of(tool), tokens) for tool, tokens in zip(results, sizes, strict=True) if tokens]
        left -= sum(sizes)
    if left:
        added.append((PROMPT if is_prompted else UNRECORDED, left))
    return added


def source_of(tool: ToolRow) -> Source:
    """The source of a result: its tool, and the file, the address, or the program that the command ran."""
    target = tool.target or ""
    return Source(Kind.TOOL, tool.name or "?", command_head(target) if tool.flags & _RUN else target)
