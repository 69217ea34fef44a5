"""Glyphs that mean the same on the command line and in the dashboard, which have colours of their own."""

from tracker.model.tasks.status import TaskStatus

STATUS_GLYPHS: dict[str, str] = {
    TaskStatus.COMPLETED: "✔",
    TaskStatus.OPEN: "●",
    TaskStatus.INTERRUPTED: "↷",
    TaskStatus.ABANDONED: "∅",
    TaskStatus.REVERTED: "↺",
}
# Columns of a task's split -> what the part is called and its glyph, in the order in which every bar shows them.
SPLIT_GLYPHS = {
    "baseline": ("baseline", "▒"),
    "carry_over": ("inherited", "▓"),
    "own": ("own", "░"),
    "fresh": ("fresh", "█"),
    "generation": ("output", "▇"),
    "waste": ("waste", "▚"),
    "other": ("other", "╱"),
}
