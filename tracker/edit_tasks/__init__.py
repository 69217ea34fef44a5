"""The user's edits of tasks: each is stored, never changed, and the sessions that it touches are rebuilt."""

from tracker.edit_tasks.commands import (
    STATUSES,
    EditError,
    exclude,
    find_numbered,
    find_task,
    join,
    merge,
    move,
    rename,
    set_status,
    split,
    turn_of,
    undo,
)

__all__ = [
    "STATUSES",
    "EditError",
    "exclude",
    "find_numbered",
    "find_task",
    "join",
    "merge",
    "move",
    "rename",
    "set_status",
    "split",
    "turn_of",
    "undo",
]
