"""Edits that screens send to the feed: the same as `task edit`, `nudges on`, and changes of settings."""

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from store.ledger import LedgerError
from store.nudges import add_kind_choice, dismiss_nudge, mark_shown
from store.reads.tasks import task_row_of
from tracker.advisor.preferences import switch_kind
from tracker.edit_tasks import commands as edit_tasks
from tracker.edit_tasks.commands import EditError
from tracker.model.advice.delivery import NudgeAction
from tracker.reports.settings import parsed, setting_of
from tracker.settings import SettingsError, load_settings, set_value


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a task another title."""

    task: str
    title: str


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Set how a task ended."""

    task: str
    status: str


@dataclass(frozen=True, slots=True)
class ToggleExcluded:
    """Exclude a task from the averages, or include it again."""

    task: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Merge a task into another."""

    task: str
    into: str


@dataclass(frozen=True, slots=True)
class JoinPrevious:
    """Join a task with what came before it in its session."""

    task: str


@dataclass(frozen=True, slots=True)
class Split:
    """Begin a new task at a turn, counted from 1."""

    task: str
    turn: int


@dataclass(frozen=True, slots=True)
class MoveTurn:
    """Move a turn, counted from 1, to another task."""

    task: str
    turn: int
    into: str


@dataclass(frozen=True, slots=True)
class Undo:
    """Undo the last edit of any task; `task` is the open one, `back_to` the task it was before a merge."""

    task: str = ""
    back_to: str = ""


@dataclass(frozen=True, slots=True)
class SetSetting:
    """Save a setting: `name` is its section and key, `text` the typed value."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class SetTheme:
    """Save the theme."""

    theme: str


@dataclass(frozen=True, slots=True)
class DismissNudge:
    """Dismiss a nudge."""

    nudge_id: int


@dataclass(frozen=True, slots=True)
class NoteShown:
    """Record that a nudge was shown; `session` is the agent's own id."""

    session: str
    token: str


@dataclass(frozen=True, slots=True)
class SwitchKind:
    """Switch a kind of nudge on or off."""

    kind: str
    speaks: bool


TaskEdit = Rename | SetStatus | ToggleExcluded | Merge | JoinPrevious | Split | MoveTurn | Undo
OtherEdit = SetSetting | SetTheme | DismissNudge | NoteShown | SwitchKind
Edit = TaskEdit | OtherEdit


class Edited(NamedTuple):
    """The outcome of an edit: a sentence, and the task to show now ("": the same as before)."""

    words: str
    task: str = ""
    failed: bool = False


def apply_edit(db: sqlite3.Connection, edit: Edit, at_ms: int) -> Edited:
    """Store an edit made at `at_ms` and derive again; errors are returned as a sentence, not raised."""
    try:
        return _apply_to_task(db, edit) if isinstance(edit, TaskEdit) else _apply_other(db, edit, at_ms)
    except (EditError, SettingsError, LedgerError) as error:
        return Edited(str(error), failed=True)
    except sqlite3.Error as error:
        return Edited(f"the ledger cannot be written: {error}", failed=True)
    except OSError as error:
        return Edited(f"{error.filename} cannot be written: {error.strerror}", failed=True)


def _apply_to_task(db: sqlite3.Connection, edit: TaskEdit) -> Edited:
    match edit:
        case Rename(task, title):
            return Edited("renamed", edit_tasks.rename(db, task, title))
        case SetStatus(task, status):
            return Edited(f"marked {status}", edit_tasks.set_status(db, task, status))
        case ToggleExcluded(task):
            row = task_row_of(db, task)
            is_on = row is None or not row.excluded  # the current state: keys may come faster than frames
            words = "left out of the averages" if is_on else "in the averages again"
            return Edited(words, edit_tasks.exclude(db, task, is_on=is_on))
        case Merge(task, into):
            return Edited("merged", edit_tasks.merge(db, into, [task]))
        case JoinPrevious(task):
            return Edited("joined to the task before", edit_tasks.join(db, task, 1))
        case Split(task, turn):
            edit_tasks.split(db, task, turn)
            return Edited(f"a task starts at turn {turn}", task)
        case MoveTurn(task, turn, into):
            edit_tasks.move(db, task, turn, into)
            return Edited(f"turn {turn} moved", task)
        case Undo(back_to=task):
            kind = edit_tasks.undo(db)
            words = f"undone: {kind}" if kind else "nothing to undo"
            return Edited(words, task if task_row_of(db, task) else "", failed=kind is None)


def _apply_other(db: sqlite3.Connection, edit: OtherEdit, at_ms: int) -> Edited:
    match edit:
        case SetSetting(name, text):
            setting = setting_of(name)
            set_value(setting.section, setting.key, parsed(setting, text))
            return Edited("saved")
        case SetTheme(theme):
            set_value("display", "theme", theme)
            return Edited("")
        case DismissNudge(nudge_id):
            dismiss_nudge(db, nudge_id, at_ms)
            return Edited("dismissed")
        case NoteShown(session, token):
            mark_shown(db, session, token, at_ms)
            return Edited("")
        case SwitchKind(kind, speaks):
            switch_kind(load_settings, kind, speaks=speaks)
            if speaks:
                add_kind_choice(db, kind, NudgeAction.ENABLED)  # three dismissals are forgotten
            return Edited(f"{kind.replace('_', ' ')} {'is on' if speaks else 'is off'}")
