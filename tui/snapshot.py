"""What the screens draw: immutable figures of one moment, built on the feed's thread.

Money is in nano-dollars, times are epoch milliseconds, tokens are counts. A part that is None was not asked for yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import TYPE_CHECKING

from tracker.settings import Settings

if TYPE_CHECKING:
    # Each of these imports would delay the first frame by milliseconds, and only one screen needs it.
    from store.nudges import NudgeRow
    from store.reads.board import CallCost, RecentCall, SessionSum
    from store.reads.spend import SpendRow
    from store.task_rows import TaskRow
    from tracker.model.tasks.headline import Headline
    from tracker.reports.backtest import BacktestReport
    from tracker.reports.budget import BudgetReport
    from tracker.reports.cache import CacheReport
    from tracker.reports.context import ContextReport, Prospect
    from tracker.reports.nudges import NudgeReport
    from tracker.reports.plans import PlansReport
    from tracker.reports.task import TaskDetail
    from tracker.reports.tasks import Unsure

HINDSIGHT_DAYS = 28  # covered by the backtest on the Nudges screen
LISTED = {"project": "Projects", "branch": "Branches", "subagent": "Subagents"}
YEAR_WEEKS = 53  # shown in the heat map on the Spend screen, the current one included


class Phase(Enum):
    """What the feed is doing."""

    STARTING = "starting"
    READING = "reading"  # the initial ingest of the agents' records
    LIVE = "live"
    BUSY = "busy"  # another program holds the ledger
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Health:
    """State of the feed; `words` say what is wrong or going on."""

    phase: Phase = Phase.STARTING
    words: str = ""
    done: float = 0.0  # share of the initial ingest, 0 to 1
    is_first: bool = False  # there were no tasks before this ingest, so no figure is complete until it ends


@dataclass(frozen=True, slots=True)
class ViewRequest:
    """Which screen is in front and what it shows; the feed builds no more than this."""

    screen: str = "now"
    month: str = ""  # 2026-11; "" is the latest month with work
    session: str = ""  # a native id, shown while the session is active; "" is the one with the latest record
    task: str = ""
    listed: str = "project"  # what Spend lists beside models: a key of LISTED


@dataclass(frozen=True, slots=True)
class LimitWindow:
    """One of a plan's windows: `5h` or `wk`, and how much of it is used."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class OwnPlan:
    """How the user pays: a plan's name, and its fee a month in dollars, with seats and tax."""

    name: str
    fee_usd: float


@dataclass(frozen=True, slots=True)
class Spent:
    """Cost of the calls in a period, in nano-dollars, and how many of them have no price or only a floor."""

    cost: int
    calls: int
    unpriced: int = 0
    floor: int = 0
    budget: int | None = None  # budget of that period, if one is set


@dataclass(frozen=True, slots=True)
class Top:
    """The figures of the top line."""

    today: date
    of_today: Spent
    of_month: Spent
    plan: OwnPlan | None
    windows: tuple[LimitWindow, ...]
    beside: str  # the month in the user's second currency

    @property
    def is_on_plan(self) -> bool:
        """Whether a plan pays for work in Claude Code, as far as that is known: dollars are then not what is paid."""
        return self.plan.fee_usd > 0 if self.plan else bool(self.windows)


@dataclass(frozen=True, slots=True)
class Month:
    """A month by its first and last day, and whether there is work before and after it."""

    first: date
    last: date
    earlier: bool
    later: bool

    def __str__(self) -> str:
        """`November 2026`."""
        return f"{self.first:%B %Y}"

    @property
    def days(self) -> list[date]:
        """All of its days."""
        return [self.first.replace(day=number) for number in range(1, self.last.day + 1)]


@dataclass(frozen=True, slots=True)
class SpendDay:
    """A day of the month: its cost by the models of `SpendPart.models`, and its calls."""

    day: date
    by_model: tuple[int, ...]
    calls: int
    unpriced: int
    floor: int = 0

    @property
    def cost(self) -> int:
        """Nano-dollars of the day."""
        return sum(self.by_model)


def year_end(today: date, days: Sequence[SpendDay]) -> date:
    """The last day of the heat map below a month of these days: today, or the last day with work dated later."""
    return max([today, *(day.day for day in days if day.calls)])


@dataclass(frozen=True, slots=True)
class SpendPart:
    """A month's spend by day and model, by project and agent, and the year around it."""

    month: Month
    models: tuple[str, ...]  # most expensive first; the last may stand for the rest
    days: tuple[SpendDay, ...]
    total: SpendRow
    unpriced_models: tuple[str, ...]
    hidden_nano: int | None
    by_project: tuple[SpendRow, ...]  # empty if another list was requested
    by_agent: tuple[SpendRow, ...]
    by_model: tuple[SpendRow, ...]
    year: Mapping[date, int]
    plan_day_nano: int | None  # the plan's price spread over the month's days
    budget: BudgetReport | None
    by_branch: tuple[tuple[str, SpendRow], ...] = ()  # with its project; if requested
    by_subagent: tuple[SpendRow, ...] = ()  # if requested


@dataclass(frozen=True, slots=True)
class TasksPart:
    """The tasks that a month touches, latest first, and their rates."""

    month: Month
    tasks: tuple[TaskRow, ...]  # including those left out of the averages
    headline: Headline
    unsure: tuple[Unsure, ...]
    run_ids: frozenset[str]  # tasks that are program runs, of any month

    @property
    def typed(self) -> tuple[TaskRow, ...]:
        """The user's own tasks, including a run left out of the averages by hand, as in `taximeter tasks`."""
        return tuple(task for task in self.tasks if not self.is_run(task))

    @property
    def runs(self) -> tuple[TaskRow, ...]:
        """Runs started by programs."""
        return tuple(task for task in self.tasks if self.is_run(task))

    def is_run(self, task: TaskRow) -> bool:
        """Whether a program ran it."""
        return task.id in self.run_ids and not task.excluded


@dataclass(frozen=True, slots=True)
class TaskPart:
    """The opened task; `detail` is None if the task no longer exists (an edit merged it into another)."""

    identity: str
    detail: TaskDetail | None


@dataclass(frozen=True, slots=True)
class NowPart:
    """The active session, or the last one that was active."""

    sessions: tuple[SessionSum, ...]  # active ones by start; if none of the user's is active, their latest one too
    session: SessionSum
    is_running: bool
    task: TaskRow | None
    context: ContextReport | None  # None before its first call on the main chain
    costs: tuple[CallCost, ...]  # of the last hour
    calls: tuple[RecentCall, ...]  # latest first
    nudge: NudgeRow | None
    watched: int  # folders
    unlisted: int  # number of further active sessions
    nudged: frozenset[int]  # ids of other sessions with an open nudge

    @property
    def prospect(self) -> Prospect | None:
        """The forecast; None where there is none."""
        return self.context.prospect if self.context else None

    @property
    def continued_in(self) -> SessionSum | None:
        """The session in which the user continued after leaving the one shown; None if there is none."""
        if not self.session.is_left:
            return None
        later = [one for one in self.sessions if one.last_at > self.session.last_at]
        own = (one for one in later if not one.is_headless and not one.is_left)
        return max(own, key=lambda one: one.last_at, default=None)


@dataclass(frozen=True, slots=True)
class CachePart:
    """A month of the cache."""

    month: Month
    report: CacheReport
    rewrite: Mapping[date, float]  # tokens written per token of the largest prompts


@dataclass(frozen=True, slots=True)
class PlansPart:
    """The comparison of plans; `made_at` is when its months were simulated."""

    report: PlansReport
    made_at: int


@dataclass(frozen=True, slots=True)
class NudgesPart:
    """Nudges and their outcomes; the backtest once it has run, None if no session can be replayed."""

    report: NudgeReport
    hindsight: BacktestReport | None = None
    has_backtest: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The ledger at one moment, as far as the request needs it."""

    at_ms: int
    request: ViewRequest
    calls: int  # in the whole ledger
    top: Top
    looked_in: tuple[str, ...] = ()
    now: NowPart | None = None
    spend: SpendPart | None = None
    cache: CachePart | None = None
    plans: PlansPart | None = None
    nudges: NudgesPart | None = None
    settings: Settings = field(default_factory=Settings)
    trouble: str = ""  # a sentence on something that was ignored, such as invalid settings
    tasks: TasksPart | None = None
    task: TaskPart | None = None
