"""Tests whether the advice pays (MODEL section 8): the user's history replayed under our rule, fixed rules, hindsight.

The billed cost is measured and priced. Everything else is modelled, and the report lists the assumptions.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from store.money import usd
from store.prices import stored_prices
from store.reads.live_session import sessions_begun
from store.tasks import floors
from tracker.advisor.hindsight import ReplayedNudge, replayed_nudges
from tracker.advisor.preferences import Preferences
from tracker.advisor.replay import RecordedStretch, WeeklyHabits, recorded_session
from tracker.clock import iso
from tracker.model.advice.backtest import Replay
from tracker.model.advice.backtest_score import Backtest, Hindsight, PolicyName, Score, backtest
from tracker.model.advice.compaction import observed_summary_tokens, summary_nano
from tracker.model.advice.saving import SavingRange
from tracker.model.cost.rates import Rates
from tracker.model.defaults import DEFAULTS, HOUR_MS
from tracker.reports.json_values import rounded

_RULES = {
    PolicyName.NEVER: "auto-compact only",
    PolicyName.CLIENT: "the client as shipped",
    PolicyName.WINDOW_80: "at 80% of the window",
    PolicyName.OURS: "when Taximeter says so",
    PolicyName.OPTIMUM: "best in hindsight",
}

_NOTHING = Backtest(sessions=0, active_ms=0, scores=(), saving=SavingRange(0, 0, 0), sensitivity={}, nudges=())


@dataclass(frozen=True, slots=True)
class KindRecord:
    """One kind of nudge over the history, each nudge on its own; modelled nano-dollars."""

    kind: str
    said: int
    judged: int  # nudges whose saving can be told
    right: int  # judged ones that would have saved something
    promised_nano: int | None  # mean per judged nudge; per nudge if none can be judged
    saved_nano: int | None  # mean per judged nudge


class FollowedNudge(NamedTuple):
    """A compact nudge of the replay in which each is followed, and what this one saves; modelled."""

    at: int
    session: str
    context: int
    saving: SavingRange


@dataclass(frozen=True, slots=True)
class BacktestReport:
    """The backtest beside what really happened; all zero and without scores if no session can be replayed."""

    first_at: int  # epoch ms
    last_at: int
    calls: int
    left_out: int  # sessions that cannot be replayed: an unpriced call, or no turn
    billed_nano: int
    hidden_nano: int  # modelled cost of the recorded compactions' own requests, which are not recorded
    compactions: int
    observed_summary_tokens: float | None
    result: Backtest
    followed: Sequence[FollowedNudge]
    nudges: Sequence[ReplayedNudge]

    @property
    def kinds(self) -> list[KindRecord]:
        """The nudges there would have been, by kind, most frequent first."""
        by_kind: dict[str, list[ReplayedNudge]] = {}
        for one in self.nudges:
            by_kind.setdefault(one.row.kind, []).append(one)
        return sorted((_kind_record(kind, nudges) for kind, nudges in by_kind.items()), key=lambda one: -one.said)

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        result = self.result
        never_nano = result.score(PolicyName.NEVER).cost_nano if result.scores else 0
        return {
            "schema_version": 1,
            "label": "modelled",
            "sessions": result.sessions,
            "left_out": self.left_out,
            "calls": self.calls,
            "first_at": iso(self.first_at or None),
            "last_at": iso(self.last_at or None),
            "active_hours": round(result.active_ms / HOUR_MS, 2),
            "recorded": {
                "label": "priced",
                "cost_usd": usd(self.billed_nano),
                "compactions": self.compactions,
                "hidden_usd": usd(self.hidden_nano),
            },
            "policies": [_score_json(score, result) for score in result.scores],
            "saving": {
                "usd": usd(result.saving.point_nano),
                "p10_usd": usd(result.saving.low_nano),
                "p90_usd": usd(result.saving.high_nano),
                "share": rounded(result.saving.point_nano / never_nano if never_nano else None),
            },
            "sensitivity": {
                label: {
                    "cost_usd": usd(one.cost_nano),
                    "saves_usd": usd(one.saved_nano),
                    "captured": rounded(one.captured),
                }
                for label, one in result.sensitivity.items()
            },
            "kinds": [
                {
                    "kind": one.kind,
                    "said": one.said,
                    "judged": one.judged,
                    "right": one.right,
                    "promised_usd": usd(one.promised_nano),
                    "saved_usd": usd(one.saved_nano),
                }
                for one in self.kinds
            ],
            "nudges": [
                {
                    "at": iso(one.at),
                    "session": one.session,
                    "context": one.context,
                    "saves_usd": usd(one.saving.point_nano),
                    "low_usd": usd(one.saving.low_nano),
                    "high_usd": usd(one.saving.high_nano),
                }
                for one in self.followed
            ],
            "said": [
                {
                    "at": iso(one.row.due_at),
                    "agent": one.row.agent,
                    "session": one.row.session,
                    "kind": one.row.kind,
                    "context": one.row.context,
                    "text": one.row.text,
                    "promised_usd": usd(one.row.saving),
                    "saved_usd": usd(one.saved_nano),
                }
                for one in self.nudges
            ],
            "assumptions": assumptions(self.observed_summary_tokens),
        }


def assumptions(observed_summary_tokens: float | None) -> dict[str, Any]:
    """The assumptions of the replay."""
    return {
        "as_recorded": "growth, output, pauses and cold calls; each call at its own rates; clears and rewinds",
        "parameters": "from the weeks before each session; the figures below until three compactions are known",
        "decisions": "at turn ends; the client compacts by itself at its trigger under every rule",
        "following": "each nudge at once, also the last one of a session, whose cost is then lost",
        "not_valued": "what a summary leaves out",
        "summary_output_tokens": DEFAULTS.summary_output_tokens,
        "summary_kept_tokens": DEFAULTS.summary_kept_tokens,
        "summary_kept_observed_tokens": None if observed_summary_tokens is None else round(observed_summary_tokens),
        "reread_tokens": DEFAULTS.reread_tokens,
        "extra_calls": DEFAULTS.extra_calls,
    }


def backtest_report(
    db: sqlite3.Connection,
    preferences: Preferences,
    *,
    since: int | None = None,
    until: int | None = None,
    project: str | None = None,
    agent: str | None = None,
    say: Callable[[str], None] = lambda _words: None,
) -> BacktestReport:
    """Replay the sessions that began in [since, until) (epoch ms).

    `say` gets progress messages: a year of work takes a minute.
    """
    rates = {price.id: Rates.from_price(price) for price in stored_prices(db)}
    weekly = WeeklyHabits(db, floors(db))
    kept: list[_Stretch] = []
    left_out = 0
    begun = sessions_begun(db, since=since, until=until, project=project, agent=agent)

    def recorded() -> Iterator[RecordedStretch]:
        nonlocal left_out
        for number, session_id in enumerate(begun):
            say(f"{number:,}/{len(begun):,} sessions read")
            found = recorded_session(db, session_id, weekly, rates, quiet=preferences.quiet)
            kept.extend(map(_kept, found))
            left_out += not found
            yield from found

    nudges = replayed_nudges(recorded(), preferences)
    summary = observed_summary_tokens([prompts for one in kept for prompts in one.prompts])
    say(f"{len(begun):,} sessions under every rule")
    result = backtest([one.replay for one in kept], summary) if kept else _NOTHING
    return BacktestReport(
        first_at=min((one.first_at for one in kept), default=0),
        last_at=max((one.last_at for one in kept), default=0),
        calls=sum(len(one.replay.calls) for one in kept),
        left_out=left_out,
        billed_nano=sum(one.billed_nano for one in kept),
        hidden_nano=round(sum(one.hidden_nano for one in kept)),
        compactions=sum(len(one.prompts) for one in kept),
        observed_summary_tokens=summary,
        result=result,
        followed=[_followed(kept[one.chain], one) for one in result.nudges],
        nudges=nudges,
    )


class _Stretch(NamedTuple):
    """The part of a recorded stretch still needed after its nudges are known; the rest takes most of the memory."""

    replay: Replay
    first_at: int
    last_at: int
    turn_ends: Mapping[int, int]  # time of each, by index in the replay
    billed_nano: int
    hidden_nano: float
    prompts: Sequence[tuple[int, int]]  # per compaction: the session's first prompt and the one after compacting


def _kept(recorded: RecordedStretch) -> _Stretch:
    calls = recorded.calls
    return _Stretch(
        replay=recorded.replay,
        first_at=calls[0].started_at,
        last_at=calls[-1].last_at,
        turn_ends={place: calls[place].last_at for place in recorded.assessments},
        billed_nano=sum(call.cost or 0 for call in calls),
        hidden_nano=_hidden_nano(recorded),
        prompts=[(calls[0].context, made.after) for made in recorded.compactions],
    )


def _followed(kept: _Stretch, one: Hindsight) -> FollowedNudge:
    at = kept.turn_ends[one.nudge.place]
    return FollowedNudge(at, kept.replay.session, round(one.nudge.context), one.saving)


def _hidden_nano(recorded: RecordedStretch) -> float:
    """Cost of the requests that wrote the summaries: the context read again, and the output (MODEL section 3)."""
    return sum(summary_nano(one.before, recorded.replay.calls[one.place].tariff) for one in recorded.compactions)


def _kind_record(kind: str, nudges: Sequence[ReplayedNudge]) -> KindRecord:
    judged = [one for one in nudges if one.saved_nano is not None]
    saved = [one.saved_nano for one in judged if one.saved_nano is not None]
    promised = [max(0, one.row.saving) for one in judged or nudges if one.row.saving is not None]
    return KindRecord(
        kind=kind,
        said=len(nudges),
        judged=len(saved),
        right=sum(nano > 0 for nano in saved),
        promised_nano=round(sum(promised) / len(promised)) if promised else None,
        saved_nano=round(sum(saved) / len(saved)) if saved else None,
    )


def _score_json(score: Score, result: Backtest) -> dict[str, Any]:
    best = result.score(PolicyName.OPTIMUM)
    return {
        "name": score.name,
        "cost_usd": usd(score.cost_nano),
        "captured": rounded(score.captured),
        "captured_without_last": rounded(score.captured_without_last),
        "regret_usd": usd(score.regret_nano),
        "regret_share": rounded(score.regret_nano / best.cost_nano if best.cost_nano else None),
        "nudges": score.nudges,
        "nudges_per_session": rounded(score.nudges_per_session),
        "nudges_per_session_hour": rounded(score.nudges_per_hour),
        "precision": rounded(score.precision),
        "won_usd": usd(score.won_nano),
        "lost_usd": usd(score.lost_nano),
    }


def rule_name(name: str) -> str:
    """Description of when a rule compacts."""
    return _RULES.get(name) or f"at {name.removeprefix('fixed_')} of context"
