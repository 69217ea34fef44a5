"""What the user changes on the screens, as the feed gets it: the same as `task edit`, `nudges on`, and settings."""

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
    """Say how a task ended."""

    task: str
    status: str


@dataclass(frozen=True, slots=True)
class ToggleExcluded:
    """Leave a task out of the averages, or count it again."""

    task: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Make a task part of another one."""

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
    """Put a turn, counted from 1, on another task."""

    task: str
    turn: int
    into: str


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back the last edit of any task; `task` is the one that is open, `back_to` what it was before, if it was."""

    task: str = ""
    back_to: str = ""


@dataclass(frozen=True, slots=True)
class SetSetting:
    """Write a setting: `name` is its section and key, `text` what was typed."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class SetTheme:
    """Keep a theme for the next time."""

    theme: str


@dataclass(frozen=True, slots=True)
class DismissNudge:
    """Dismiss a nudge."""

    nudge_id: int


@dataclass(frozen=True, slots=True)
class NoteShown:
    """Note that a nudge was drawn; `session` is the agent's own id."""

    session: str
    token: str


@dataclass(frozen=True, slots=True)
class SwitchKind:
    """Let a kind of nudge speak, or silence it."""

    kind: str
    speaks: bool


TaskEdit = Rename | SetStatus | ToggleExcluded | Merge | JoinPrevious | Split | MoveTurn | Undo
OtherEdit = SetSetting | SetTheme | DismissNudge | NoteShown | SwitchKind
Edit = TaskEdit | OtherEdit


class Edited(NamedTuple):
    """What came of an edit: a sentence, and the task to show now ("": the same as before)."""

    words: str
    task: str = ""
    failed: bool = False


def apply_edit(db: sqlite3.Connection, edit: Edit, at_ms: int) -> Edited:
    """Store the edit, made at `at_ms`, and derive again; a sentence of what cannot be done instead of an exception."""
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
            is_on = row is None or not row.excluded  # as it is now: keys may come faster than pictures
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
            switch_kind(load_settings(), kind, speaks=speaks)
            if speaks:
                add_kind_choice(db, kind, NudgeAction.ENABLED)  # three dismissals are forgotten
            return Edited(f"{kind.replace('_', ' ')} {'is on' if speaks else 'is off'}")
