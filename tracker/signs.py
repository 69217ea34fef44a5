"""Glyphs shared by command line and dashboard, which have their own colours."""

from tracker.model.tasks.status import TaskStatus

STATUS_GLYPHS: dict[str, str] = {
    TaskStatus.COMPLETED: "✔",
    TaskStatus.OPEN: "●",
    TaskStatus.INTERRUPTED: "↷",
    TaskStatus.ABANDONED: "∅",
    TaskStatus.REVERTED: "↺",
}
# Column of a task's split -> (name, glyph), in the order of every bar.
SPLIT_GLYPHS = {
    "baseline": ("baseline", "▒"),
    "carry_over": ("inherited", "▓"),
    "own": ("own", "░"),
    "fresh": ("fresh", "█"),
    "generation": ("output", "▇"),
    "waste": ("waste", "▚"),
    "other": ("other", "╱"),
}
