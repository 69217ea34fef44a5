"""The nudges a recorded session would have had, and what following each would have saved (MODEL section 8).

The session continues as recorded: no nudge is followed. Habit nudges need a month of figures and are left out. Savings
are modelled for each nudge alone, and None if they cannot be told or the session ended there.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, zip_longest
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from store.nudges import NudgeRow
from tracker.advisor.assessment import Assessment
from tracker.advisor.evaluate import TimedEvaluation, evaluate_prompt, evaluate_resume, evaluate_turn
from tracker.advisor.log import decided_rows, log_entries
from tracker.advisor.preferences import Preferences
from tracker.advisor.replay import RecordedStretch
from tracker.model.advice.backtest import Nudge, one_step_nano
from tracker.model.advice.delivery import LogEntry
from tracker.model.advice.fresh_start import fresh_context_tokens
from tracker.model.advice.habits import Loss, find_storm
from tracker.model.advice.nudge import NudgeKind
from tracker.model.advice.options import OptionKind, shortened
from tracker.model.advice.session_nudges import option_kind_of
from tracker.model.defaults import DAY_MS, DEFAULTS
from tracker.model.forecast.growth import lifetime_nano

_LOOKBACK_MS = 7 * DAY_MS


class ReplayedNudge(NamedTuple):
    """A nudge as it would have been logged, and what following it would have saved, in nano-dollars."""

    row: NudgeRow
    saved_nano: int | None


def replayed_nudges(sessions: Iterable[RecordedStretch], preferences: Preferences) -> list[ReplayedNudge]:
    """The nudges of these sessions, which must be in order of their start."""
    said: list[LogEntry] = []  # of all sessions so far, sorted by time, as sessions overlap
    return [nudge for recorded in sessions for nudge in _nudges_in(recorded, preferences, said)]


def _nudges_in(recorded: RecordedStretch, preferences: Preferences, said: list[LogEntry]) -> list[ReplayedNudge]:
    made: list[ReplayedNudge] = []
    at = attrgetter("at_ms")
    later = islice(recorded.assessments.values(), 1, None)
    for (place, assessment), following in zip_longest(recorded.assessments.items(), later):
        since = assessment.state.last.last_at - _LOOKBACK_MS
        for evaluations in _evaluations(recorded, place, assessment, following, made):
            for row in decided_rows(assessment, evaluations, said[bisect_left(said, since, key=at) :], preferences):
                if not row.chosen:
                    continue
                row = row._replace(shown_at=row.due_at)
                made.append(ReplayedNudge(row, _saved_nano(_Case(row, recorded, place, assessment))))
                for entry in log_entries([row], ()):
                    insort(said, entry, key=at)
    return made


def _evaluations(
    recorded: RecordedStretch,
    place: int,
    assessment: Assessment,
    following: Assessment | None,
    made: Sequence[ReplayedNudge],
) -> Iterator[list[TimedEvaluation]]:
    """Evaluations at a turn's end, the resume after it and the next prompt; each sees the nudges before it."""
    yield evaluate_turn(assessment, (), [nudge.row for nudge in made])
    yield _resumed(recorded, place, assessment)
    if following is not None:
        yield _prompted(assessment, following, [nudge.row for nudge in made])


def _resumed(recorded: RecordedStretch, place: int, assessment: Assessment) -> list[TimedEvaluation]:
    """The evaluation at a resume, if the user came back after the cache had expired."""
    if place + 1 >= len(recorded.calls):
        return []
    back_at = recorded.calls[place + 1].started_at
    return [timed for timed in evaluate_resume(assessment) if timed.due_at <= back_at]


def _prompted(assessment: Assessment, following: Assessment, chosen: Sequence[NudgeRow]) -> list[TimedEvaluation]:
    """The evaluation at the next turn's prompt, if the cache was still warm."""
    turn = following.state.turn
    if turn is None:
        return []
    at_prompt = replace(assessment, state=replace(assessment.state, turn=turn))
    return [timed for timed in evaluate_prompt(at_prompt, chosen) if turn.at < timed.expires_at]


class _Case(NamedTuple):
    """A nudge and where in the session it was shown."""

    row: NudgeRow
    recorded: RecordedStretch
    place: int
    assessment: Assessment

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs of the evaluation."""
        return msgspec.json.decode(self.row.inputs, type=dict[str, Any])


def _saved_nano(case: _Case) -> int | None:
    worked_out = _HINDSIGHT.get(case.row.kind)
    saved = None if worked_out is None else worked_out(case)
    return None if saved is None else round(saved)


def _shortened(case: _Case) -> float | None:
    """Saving of the shorter context from here on; None after the session's last call."""
    if case.place + 1 == len(case.recorded.calls):
        return None
    here, kind = case.assessment.situation, case.row.kind
    way = option_kind_of(kind, case.inputs) or ""
    one_off = shortened(here, way, is_cold=kind == NudgeKind.COLD_RESUME).one_off_nano
    is_fresh = way == OptionKind.NEW_SESSION
    after = fresh_context_tokens(here.shape, here.orientation) if is_fresh else here.shape.context_after
    return one_step_nano(case.recorded.replay, Nudge(case.place, case.row.context), one_off, after)


def _large_result(case: _Case) -> float:
    """Cost of the result from its writing to the next recorded compaction."""
    last = len(case.recorded.calls) - 1
    until = min(
        (compaction.place for compaction in case.recorded.compactions if compaction.place >= case.place), default=last
    )
    return lifetime_nano(case.inputs["result_tokens"], until - case.place, case.assessment.situation.tariff)


def _miss_storm(case: _Case) -> float:
    """What later calls lost in the same way."""
    later = case.recorded.calls[case.place + 1 : case.place + 1 + DEFAULTS.storm_window_calls]
    return find_storm([Loss(call.kind, call.cause, call.waste or 0) for call in later]).waste_nano


_HINDSIGHT: dict[str, Callable[[_Case], float | None]] = {
    NudgeKind.COMPACT: _shortened,
    NudgeKind.NEW_SESSION: _shortened,
    NudgeKind.COLD_RESUME: _shortened,
    NudgeKind.LARGE_RESULT: _large_result,
    NudgeKind.MISS_STORM: _miss_storm,
}
