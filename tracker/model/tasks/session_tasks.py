"""Derives one session's rows: its turns assigned to tasks, every call judged and split, and the sums per turn.

Pure and self-contained: facts from other sessions and repositories are applied later (`.task`). The parts of each
priced call sum to its cost, a turn's sums are those of its calls, and each own call is in exactly one turn.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from store.records import Agent, CallFlag, EventKind, ToolFlag, TurnKind
from store.task_rows import COST_PARTS, PartRow, SessionRecords, SplitRow, TaskTurnRow
from tracker.model.cache.misses import FloorKey, Judgement, MissKind, judge_chain
from tracker.model.cost.chain_call import ChainCall, Reset
from tracker.model.cost.chains import session_chains
from tracker.model.cost.inheritance import Origin, origins
from tracker.model.cost.rates import Rates
from tracker.model.cost.split import split_call, split_rent
from tracker.model.tasks.boundaries import WEIGHTS, Decision, LocalPlacement, Verdict, Weights, decide
from tracker.model.tasks.edits import NO_EDITS, Overlay, Placement, TurnKey
from tracker.model.tasks.hidden import unrecorded_by_turn
from tracker.model.tasks.status import TurnFacts
from tracker.model.tasks.turns import (
    TurnInfo,
    arrange,
    edited_files,
    ending_of,
    has_commit,
    has_pull_request,
    is_retry,
    last_check,
    todos_of,
    waited_ms,
)

_FLOOR, _REVERT = int(CallFlag.OUTPUT_IS_FLOOR), int(ToolFlag.REVERT)  # enum arithmetic is slow
ANCHOR_CALLS = 3
_HIDES_REQUESTS = Agent.CLAUDE_CODE  # Cline records all its requests
LINK_FORK = "fork"
LINK_EDIT = "edit"
STARTS_BY_EDIT = "own"  # an edit or suggestion starts a task here, so no rule links it
_REVERTED = re.compile(r"\b[0-9a-f]{7,40}\b")
_ISSUE_KEY = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-\d{1,6}\b|(?<![\w/])#\d{2,6}\b")
_ISSUE_IN_BRANCH = re.compile(r"(?:^|[/_-])([a-z][a-z0-9]{1,9}-\d{1,6})(?=$|[/_-])", re.IGNORECASE)

# Columns that are summed over a turn's calls, and over a task's turns.
SUMMED = TaskTurnRow._fields[TaskTurnRow._fields.index("calls") : TaskTurnRow._fields.index("models")]
_TOKENS = ("input", "cache_read", "write_5m", "write_1h", "output", "web_searches")

encode_facts = msgspec.msgpack.Encoder().encode
decode_facts = msgspec.msgpack.Decoder(TurnFacts).decode


class SessionModel(NamedTuple):
    """The derived rows of one session, with task ids from its own first turns."""

    turns: list[TaskTurnRow]
    parts: list[PartRow]
    splits: list[SplitRow]
    cold_reads: dict[tuple[str, str, int], int]  # (model, version, tokens read) -> count


class _Sums:
    """Sums and other totals over a turn's calls."""

    __slots__ = ("columns", "context", "models", "unrecorded")

    def __init__(self, calls: int) -> None:
        self.columns = dict.fromkeys(SUMMED, 0)
        self.columns["calls"] = calls
        self.models: set[str] = set()
        self.context: tuple[int, int] | None = None  # tokens at the turn's beginning and end
        self.unrecorded = 0


def model_session(
    records: SessionRecords,
    rates: Mapping[str, Rates],
    floors: Mapping[FloorKey, int],
    overlay: Overlay = NO_EDITS,
    weights: Weights = WEIGHTS,
) -> SessionModel:
    """Derive one session; `floors` are the static floors by model and client version."""
    session = records.session
    turns = arrange(records)
    if not turns:
        return SessionModel([], [], [], {})
    placements = local_placements(session.id, turns, overlay)
    verdicts = decide(turns, session.agent, placements, weights=weights, is_whole=session.teammate is not None)
    chains = session_chains(records, rates)
    judged = {judgement.call_id: judgement for calls in chains.values() for judgement in judge_chain(calls, floors)}
    turn_of = {(call.id, call.copied): turn.index for turn in turns for call in (*turn.calls, *turn.copies)}
    group_of = {key: verdicts[index].group for key, index in turn_of.items()}
    sums = [_Sums(len(turn.calls)) for turn in turns]
    roots = _roots(turns, verdicts)
    splits: list[SplitRow] = []
    cold: Counter[tuple[str, str, int]] = Counter()
    for key, calls in chains.items():
        origin_of = origins(calls, group_of)
        for call in calls:
            if call.copied:
                continue
            index = turn_of[call.call_id, False]
            root = roots[verdicts[index].group]
            judgement = judged[call.call_id]
            if judgement.kind == MissKind.COLD_START or judgement.expired:
                cold[call.model, call.version or "", call.cache_read] += 1
            row = _split_row(call, judgement, origin_of[call.call_id], session.id, turns[index], root)
            splits.append(row)
            _add(sums[index], call, row, is_subagent=bool(key))
    main = chains.get("", [])
    for index, context in _contexts(main, turn_of).items():
        sums[index].context = context
    if session.agent == _HIDES_REQUESTS:
        for index, nano in unrecorded_by_turn(main, judged, turn_of).items():
            sums[index].unrecorded = nano
    rows = _turn_rows(session.id, turns, verdicts, roots, sums, overlay)
    parts = _parts(records, turns, verdicts, roots, rows, overlay)
    return SessionModel(rows, parts, splits, dict(cold))


def local_placements(session_id: int, turns: Sequence[TurnInfo], overlay: Overlay) -> dict[int, LocalPlacement]:
    """Placements of this session's turns by index; targets in other sessions are None."""
    index_of = {(session_id, turn.row.prompt_uuid): turn.index for turn in turns if turn.is_own}
    found: dict[int, LocalPlacement] = {}
    for key, index in index_of.items():
        placement = overlay.placements.get(key)
        if placement is not None:
            target = index_of.get(placement.target) if placement.target is not None else None
            found[index] = LocalPlacement(placement.kind, None if target == index else target)
    return found


def _roots(turns: Sequence[TurnInfo], verdicts: Sequence[Verdict]) -> dict[int, str]:
    """The own turn that names each group; a group of copies only has none."""
    roots: dict[int, str] = {}
    for turn, verdict in zip(turns, verdicts, strict=True):
        if turn.is_own:
            roots.setdefault(verdict.group, turn.row.prompt_uuid)
    return roots


def _split_row(
    call: ChainCall, judged: Judgement, origin: Origin, session_id: int, turn: TurnInfo, root: str
) -> SplitRow:
    split = split_call(call, judged.missed)
    parts: Sequence[int | None] = (None,) * len(COST_PARTS)
    if split is not None:
        rent = split_rent(split.rent, call.cache_read + judged.missed, origin.baseline_tokens, origin.context_at_begin)
        parts = (*rent, split.waste, split.fresh, split.generation, split.other)
    return SplitRow(
        call_id=call.call_id,
        session_id=session_id,
        turn=turn.row.prompt_uuid,
        task_id=root,
        epoch=judged.epoch,
        expected_read=judged.expected_read,
        missed=judged.missed,
        kind=judged.kind,
        cause=judged.cause,
        cause_source=judged.source,
        is_up_to=int(judged.up_to),
        ttl_ms=judged.ttl_ms,
        **dict(zip(COST_PARTS, parts, strict=True)),
    )


def _add(sums: _Sums, call: ChainCall, row: SplitRow, *, is_subagent: bool) -> None:
    columns = sums.columns
    for name in _TOKENS:
        columns[name] += getattr(call, name)
    if call.cost is None:
        columns["unpriced"] += 1
    else:
        for name in COST_PARTS:
            part = getattr(row, name) or 0
            columns[name] += part
            columns["cost"] += part
        columns["subagent_cost"] += call.cost if is_subagent else 0
    columns["floor"] += bool(call.flags & _FLOOR)
    columns["misses"] += row.missed > 0
    columns["subagent_calls"] += is_subagent
    sums.models.add(call.model)


def _contexts(calls: Sequence[ChainCall], turn_of: Mapping[tuple[int, bool], int]) -> dict[int, tuple[int, int]]:
    """Main-chain prompt sizes before and at the end of each turn."""
    found: dict[int, tuple[int, int]] = {}
    before = 0
    for call in calls:
        if not call.grows_the_chain:
            continue
        index = turn_of[call.call_id, call.copied]
        begin = 0 if call.reset_before == Reset.CLEAR else min(before, call.context)
        found[index] = found.get(index, (begin, 0))[0], call.context
        before = call.context + call.output
    return found


def _turn_rows(
    session_id: int,
    turns: Sequence[TurnInfo],
    verdicts: Sequence[Verdict],
    roots: Mapping[int, str],
    sums: Sequence[_Sums],
    overlay: Overlay,
) -> list[TaskTurnRow]:
    rows: list[TaskTurnRow] = []
    starts_other = _starts_other(turns, verdicts)
    for turn, verdict, added in zip(turns, verdicts, sums, strict=True):
        if not turn.is_own:
            continue
        uuid = turn.row.prompt_uuid
        placement = overlay.placements.get((session_id, uuid))
        root = roots[verdict.group]
        context_begin, context_end = added.context or (None, None)
        rows.append(
            TaskTurnRow(
                session_id=session_id,
                prompt_uuid=uuid,
                ordinal=turn.index,
                task_id=root,
                root=root,
                kind=turn.row.kind,
                decision=verdict.decision,
                decided_by="rule" if placement is None else placement.by,
                score=None if verdict.score is None else round(1000 * verdict.score),
                reasons=verdict.reasons,
                at=turn.row.at,
                ended_at=turn.ended_at,
                **added.columns,
                models=",".join(sorted(added.models)),
                context_begin=context_begin,
                context_end=context_end,
                facts=encode_facts(_facts(turn, starts_other[turn.index], added.unrecorded)),
            )
        )
    return rows


def _starts_other(turns: Sequence[TurnInfo], verdicts: Sequence[Verdict]) -> list[bool]:
    """For each turn, whether the next prompt (not a notification) is on another task."""
    other = [False] * len(turns)
    following: int | None = None
    for turn in reversed(turns):
        other[turn.index] = following is not None and following != verdicts[turn.index].group
        if turn.origin is None and verdicts[turn.index].decision != Decision.JOIN:
            following = verdicts[turn.index].group
    return other


def _facts(turn: TurnInfo, starts_other: bool, unrecorded: int) -> TurnFacts:
    todos_closed, todos_entries = todos_of(turn)
    kinds = {event.kind for event in turn.events}
    calls = sorted(turn.calls, key=lambda call: (call.chain, call.position, call.message_id))
    return TurnFacts(
        text=turn.row.text,
        kind=turn.row.kind,
        ending=ending_of(turn),
        edited=edited_files(turn),
        is_retry=is_retry(turn),
        has_commit=has_commit(turn),
        commits=tuple(tool.commit_sha for tool in turn.tools if tool.commit_sha),
        reverts=tuple(
            sha
            for tool in turn.tools
            if tool.flags & _REVERT and not tool.is_error
            for sha in _REVERTED.findall(tool.target or "")
        ),
        has_pull_request=has_pull_request(turn),
        check_passed=last_check(turn),
        todos_closed=todos_closed,
        todos_entries=todos_entries,
        is_completion=EventKind.COMPLETION in kinds,
        is_feedback=EventKind.FEEDBACK in kinds,
        next_starts_other=starts_other,
        anchors=tuple(call.message_id for call in calls[:ANCHOR_CALLS]),
        unrecorded=unrecorded,
        waited_ms=waited_ms(turn),
    )


def _parts(
    records: SessionRecords,
    turns: Sequence[TurnInfo],
    verdicts: Sequence[Verdict],
    roots: Mapping[int, str],
    rows: Sequence[TaskTurnRow],
    overlay: Overlay,
) -> list[PartRow]:
    session = records.session
    by_root: dict[str, list[TaskTurnRow]] = {}
    for row in rows:
        by_root.setdefault(row.root, []).append(row)
    group_of_root = {root: group for group, root in roots.items()}
    parts: list[PartRow] = []
    for root, own in by_root.items():
        members = [turn for turn in turns if verdicts[turn.index].group == group_of_root[root]]
        first = next(turn for turn in members if turn.row.prompt_uuid == root and turn.is_own)
        branch = first.row.branch or session.branch
        copies = [turn.row.prompt_uuid for turn in members if turn.is_foreign and turn.index <= first.index]
        came_from = (records.foreign_turns[copies[-1]], copies[-1]) if copies else None
        placement = overlay.placements.get((session.id, root))
        kind, target = _link(placement, came_from, begins_group=verdicts[first.index].group == first.index)
        parts.append(
            PartRow(
                session_id=session.id,
                root=root,
                task_id=root,
                opens_session=int(first.index == 0),
                branch=branch,
                keys=",".join(sorted(_issue_keys(members, branch))),
                first_at=min(row.at for row in own),
                last_at=max(row.ended_at for row in own),
                link_kind=kind,
                link_session_id=target[0] if target else None,
                link_turn=target[1] if target else None,
            )
        )
    return parts


def _link(
    placement: Placement | None, came_from: TurnKey | None, *, begins_group: bool
) -> tuple[str | None, TurnKey | None]:
    """Kind and target turn of a part's link by an edit or as a fork; none if a rule may still link it.

    `came_from`: the turn of another session whose copy is the latest in the part.
    """
    if placement is not None and placement.target is not None and begins_group:
        return LINK_EDIT, placement.target
    if placement is not None and placement.kind == "start":
        return STARTS_BY_EDIT, None
    if came_from is not None and (placement is None or placement.kind == "continue"):
        return LINK_FORK, came_from
    return None, None


def _issue_keys(turns: Sequence[TurnInfo], branch: str | None) -> set[str]:
    typed = (
        turn.row for turn in turns if turn.row.kind != TurnKind.NOTIFICATION
    )  # a team's own task numbers are not issues
    keys = {key for row in typed for key in _ISSUE_KEY.findall(row.text)}
    return keys | {key.upper() for key in _ISSUE_IN_BRANCH.findall(branch or "")}
