"""How tasks are said: the sign of a status, the evidence, what a task cost."""

from store.task_rows import TaskRow
from tracker.model.status import TaskStatus
from tracker.words import agent_sign

STATUS_SIGNS = {
    TaskStatus.COMPLETED: ("✔", "$good"),
    TaskStatus.OPEN: ("●", "$taxi"),
    TaskStatus.INTERRUPTED: ("↷", "$warn"),
    TaskStatus.ABANDONED: ("∅", "$dim"),
    TaskStatus.REVERTED: ("↺", "$bad"),
}
EXCLUDED_SIGN = ("⊘", "$dim")


def status_sign(task: TaskRow) -> tuple[str, str]:
    """Glyph and style of a task's status."""
    return EXCLUDED_SIGN if task.excluded else STATUS_SIGNS.get(task.status, ("·", "$dim"))


def status_words(task: TaskRow) -> str:
    """`completed · git`, `open`, `left out`."""
    if task.excluded:
        return "left out"
    return f"{task.status} · {task.evidence}" if task.evidence else task.status


def agents_words(task: TaskRow) -> str:
    """`cc`, `cc cline`."""
    return " ".join(agent_sign(agent) for agent in task.agents.split(","))


def evidence_words(task: TaskRow) -> str:
    """The evidence in a column; a status without evidence says itself."""
    if task.excluded:
        return "left out"
    return task.evidence or ("" if task.status == TaskStatus.OPEN else task.status)
