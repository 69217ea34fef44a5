"""What a task inherited (MODEL section 3): where each call's re-read prompt came from.

A prompt is, in order: the baseline (the chain's first prompt), the context from before the task, the task's own
content. A compaction mixes what it keeps, so the inherited part shrinks in proportion. A cleared context inherits
nothing.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

from tracker.model.cost.chain_call import ChainCall, Reset


class Origin(NamedTuple):
    """A call's prompt is baseline up to `baseline_tokens`, and from before its task up to `context_at_begin` tokens."""

    baseline_tokens: int
    context_at_begin: int


def origins(calls: Sequence[ChainCall], task_of: Mapping[tuple[int, bool], Hashable]) -> dict[int, Origin]:
    """Origin of each own call of a chain, in file order; `task_of` maps (call id, is a copy) to the task."""
    found: dict[int, Origin] = {}
    begins: dict[Hashable, int] = {}
    baseline: int | None = None
    before: ChainCall | None = None
    for call in calls:
        if not call.grows_the_chain:
            if not call.copied:
                found[call.call_id] = Origin(baseline or 0, baseline or 0)
            continue
        if baseline is None:
            baseline = call.context
        if before is not None:
            _shrink(begins, call, before, baseline)
        task = task_of[call.call_id, call.copied]
        if task not in begins:
            begins[task] = baseline if before is None else _standing(call, before)
        if not call.copied:
            found[call.call_id] = Origin(baseline, max(baseline, begins[task]))
        before = call
    return found


def _standing(call: ChainCall, before: ChainCall) -> int:
    """Context in tokens when a task begins with `call`: the previous prompt and answer, unless a reset cut them."""
    if call.reset_before == Reset.CLEAR:
        return 0
    return min(before.context + before.output, call.context)


def _shrink(begins: dict[Hashable, int], call: ChainCall, before: ChainCall, baseline: int) -> None:
    """Lower the inherited parts after a reset."""
    if call.reset_before == Reset.CLEAR:
        for task in begins:
            begins[task] = baseline
    elif call.reset_before == Reset.COMPACT:
        room = max(1, before.context - baseline)
        kept = max(0, call.context - baseline)
        for task, begin in begins.items():
            inherited = max(0, min(begin, before.context) - baseline)
            begins[task] = baseline + inherited * min(kept, room) // room
    elif call.context < before.context:
        for task, begin in begins.items():
            begins[task] = min(begin, call.context)
