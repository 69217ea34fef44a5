"""The user's word, as the screens hand it to the feed: the same as `task edit`, `nudges on` and `off`, and settings."""

import sqlite3
from typing import NamedTuple

from store.ledger import LedgerError
from store.nudges import add_word, mark_shown, put_away
from store.task_reads import task_row_of
from tracker import edit_tasks
from tracker.advisor.evaluate import KINDS
from tracker.advisor.preferences import preferences_of
from tracker.edit_tasks import EditError
from tracker.model.delivery import NudgeAction
from tracker.settings import SettingsError, load_settings, set_value
from tui.settings_list import parsed


class Edit(NamedTuple):
    """What to do with a task: `kind` names a function below, `turn` counts from 1, `words` is a title or status.

    `target` is the other task (for undo: the one to show if it is there again), the setting, the id of a nudge to put
    away, or the token of one that was shown; its session, by the agent's own id, are the `words`.
    """

    kind: str
    task: str = ""
    turn: int = 1
    words: str = ""
    target: str = ""


class Edited(NamedTuple):
    """What came of an edit: a sentence, and the task to show now ("": the same as before)."""

    words: str
    task: str = ""
    failed: bool = False


def apply_edit(db: sqlite3.Connection, edit: Edit, at_ms: int) -> Edited:
    """Store the edit, made at `at_ms`, and derive again; a sentence of what cannot be done instead of an exception."""
    try:
        return _apply(db, edit, at_ms)
    except (EditError, SettingsError, LedgerError) as error:
        return Edited(str(error), failed=True)
    except sqlite3.Error as error:
        return Edited(f"the ledger cannot be written: {error}", failed=True)


def _apply(db: sqlite3.Connection, edit: Edit, at_ms: int) -> Edited:
    match edit.kind:
        case "rename":
            return Edited("renamed", edit_tasks.rename(db, edit.task, edit.words))
        case "status":
            return Edited(f"marked {edit.words}", edit_tasks.set_status(db, edit.task, edit.words))
        case "exclude":
            row = task_row_of(db, edit.task)
            is_on = row is None or not row.excluded  # as it is now: keys may come faster than pictures
            words = "left out of the averages" if is_on else "in the averages again"
            return Edited(words, edit_tasks.exclude(db, edit.task, is_on=is_on))
        case "merge":
            return Edited("joined", edit_tasks.merge(db, edit.target, [edit.task]))
        case "join":
            return Edited("goes on with what came before", edit_tasks.join(db, edit.task, edit.turn))
        case "split":
            edit_tasks.split(db, edit.task, edit.turn)
            return Edited(f"a task begins at turn {edit.turn}", edit.task)
        case "move":
            edit_tasks.move(db, edit.task, edit.turn, edit.target)
            return Edited(f"turn {edit.turn} moved", edit.task)
        case "setting":
            section, _, key = edit.target.rpartition(".")
            set_value(section, key, parsed(edit.target, edit.words))
            return Edited("kept")
        case "theme":
            set_value("display", "theme", edit.words)
            return Edited("")
        case "dismiss" | "shown":
            return _note_nudge(db, edit, at_ms)
        case "silence" | "let speak":
            return _set_kind(db, edit.words, speaks=edit.kind == "let speak")
        case "undo":
            kind = edit_tasks.undo(db)
            words = f"took back: {kind}" if kind else "there is nothing to take back"
            return Edited(words, edit.target if task_row_of(db, edit.target) else "", failed=kind is None)
    raise ValueError(f"no such edit: {edit.kind}")


def _note_nudge(db: sqlite3.Connection, edit: Edit, at_ms: int) -> Edited:
    if edit.kind == "shown":
        mark_shown(db, edit.words, edit.target, at_ms)
        return Edited("")
    put_away(db, int(edit.target), at_ms)
    return Edited("put away")


def _set_kind(db: sqlite3.Connection, kind: str, *, speaks: bool) -> Edited:
    """Which kinds of nudge may speak stands in the settings; three dismissals are forgotten by a word in the log."""
    known = preferences_of(load_settings()).enabled
    wanted = known | {kind} if speaks else known - {kind}
    set_value("nudges", "kinds", [one for one in KINDS if one in wanted])
    if speaks:
        add_word(db, kind, NudgeAction.ENABLED)
    return Edited(f"{kind.replace('_', ' ')} {'may speak' if speaks else 'is off'}")
