"""Parts of a session's advice file: its chosen nudges, and the hard stop of a budget that is used up."""

from datetime import timedelta

from store.advice_format import Block, Nudge
from store.money import short_usd
from store.nudges import NudgeRow
from tracker.advisor.evaluate import OF_THE_TURN, Moment
from tracker.advisor.preferences import Preferences
from tracker.clock import day_begins, local

STOP, PROMPT, START = "Stop", "UserPromptSubmit", "SessionStart"
EVENTS_OF: dict[str, tuple[str, ...]] = {
    Moment.TURN_END: (STOP, PROMPT, START),
    Moment.SESSION_START: (STOP, PROMPT),
    Moment.PROMPT: (),  # its hook has run before the prompt is on record: the status line and the dashboard say it
    Moment.RESUME: (START, PROMPT),
    Moment.IDLE: (),  # no hook runs while nothing happens: the status line and the desktop say it
}


def file_nudge(row: NudgeRow, *, is_waiting: bool) -> Nudge:
    """A chosen nudge as the file has it; while its turn runs it may be shown at the turn's Stop only."""
    events = list(EVENTS_OF[row.moment])
    if not is_waiting and row.moment in OF_THE_TURN:
        events = [event for event in events if event == STOP]
    return Nudge(
        id=row.token,
        text=row.text or "",
        kind=row.kind,
        expires_at=row.expires_at,
        not_before=row.due_at,
        events=events,
    )


def stop_of(preferences: Preferences, day_cost: int, task_cost: int | None, now: int) -> Block | None:
    """The hard stop of a budget that is used up; None while it is not, or without `hard_stop`."""
    if not preferences.hard_stop:
        return None
    if preferences.day_budget is not None and day_cost >= preferences.day_budget:
        spent = f"today's budget of {short_usd(preferences.day_budget)} is used up ({short_usd(day_cost)})"
        return Block(reason=_reason(spent, "day"), expires_at=day_ends(now), budget="day", spent_nano=day_cost)
    if preferences.task_budget is not None and task_cost is not None and task_cost >= preferences.task_budget:
        spent = f"this task's budget of {short_usd(preferences.task_budget)} is used up ({short_usd(task_cost)})"
        return Block(reason=_reason(spent, "task"), budget="task", spent_nano=task_cost)
    return None


def local_day(now: int) -> str:
    """The local day of a time, as the ledger cuts days."""
    return local(now).date().isoformat()


def day_ends(now: int) -> int:
    """When the local day of a time ends, epoch ms."""
    return day_begins(local(now).date() + timedelta(days=1))


def _reason(spent: str, what: str) -> str:
    return f"Taximeter: {spent}. To go on: taximeter budget --help ([budget] {what}, hard_stop in settings.toml)"
