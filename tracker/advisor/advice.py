"""Parts of a session's advice file: its chosen nudges, and the block when a hard-stop budget is used up."""

from datetime import timedelta

from store.advice_format import Block, Nudge
from store.money import short_usd
from store.nudges import NudgeRow
from tracker.advisor.evaluate import TURN_MOMENTS, Moment
from tracker.advisor.preferences import Preferences
from tracker.clock import day_start_ms, local

STOP, PROMPT, START = "Stop", "UserPromptSubmit", "SessionStart"
EVENTS_OF: dict[str, tuple[str, ...]] = {
    Moment.TURN_END: (STOP, PROMPT, START),
    Moment.SESSION_START: (STOP, PROMPT),
    Moment.PROMPT: (),  # its hook runs before the prompt is recorded: only status line and dashboard can show it
    Moment.RESUME: (START, PROMPT),
    Moment.IDLE: (),  # no hook runs during a pause: only status line and desktop can show it
}


def advice_nudge(row: NudgeRow, *, is_waiting: bool) -> Nudge:
    """A chosen nudge in the form of the advice file. While its turn runs, only the turn's Stop may show it."""
    events = list(EVENTS_OF[row.moment])
    if not is_waiting and row.moment in TURN_MOMENTS:
        events = [event for event in events if event == STOP]
    return Nudge(
        id=row.token,
        text=row.text or "",
        kind=row.kind,
        expires_at=row.expires_at,
        not_before=row.due_at,
        events=events,
    )


def budget_block(preferences: Preferences, day_cost: int, task_cost: int | None, now: int) -> Block | None:
    """Blocks the next prompt once the day's or task's budget is used up; None without `hard_stop`. Nano-dollars."""
    if not preferences.hard_stop:
        return None
    if preferences.day_budget is not None and day_cost >= preferences.day_budget:
        spent = f"today's budget of {short_usd(preferences.day_budget)} is used up ({short_usd(day_cost)})"
        return Block(reason=_reason(spent, "day"), expires_at=day_end_ms(now), budget="day", spent_nano=day_cost)
    if preferences.task_budget is not None and task_cost is not None and task_cost >= preferences.task_budget:
        spent = f"this task's budget of {short_usd(preferences.task_budget)} is used up ({short_usd(task_cost)})"
        return Block(reason=_reason(spent, "task"), budget="task", spent_nano=task_cost)
    return None


def local_day(now: int) -> str:
    """The local ISO day of an epoch time in milliseconds, as stored in the ledger."""
    return local(now).date().isoformat()


def day_end_ms(now: int) -> int:
    """End of the local day of a time; both in epoch milliseconds."""
    return day_start_ms(local(now).date() + timedelta(days=1))


def _reason(spent: str, what: str) -> str:
    return f"Taximeter: {spent}. To go on: taximeter settings budget.{what} AMOUNT, or budget.hard_stop no"
