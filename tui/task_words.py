"""Words for tasks: the sign of a status, the evidence, the agents."""

from store.task_rows import TaskRow
from tracker.model.tasks.status import TaskStatus
from tracker.signs import STATUS_GLYPHS
from tracker.words import agent_sign
from tui.words import model_name, plain, project_name

_STYLES = {
    TaskStatus.COMPLETED: "$good",
    TaskStatus.OPEN: "$taxi",
    TaskStatus.INTERRUPTED: "$warn",
    TaskStatus.ABANDONED: "$dim",
    TaskStatus.REVERTED: "$bad",
}
STATUS_SIGNS: dict[str, tuple[str, str]] = {status: (STATUS_GLYPHS[status], style) for status, style in _STYLES.items()}
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


def where_words(task: TaskRow) -> str:
    """Project, agents and models: `api · cc · opus-5-5, haiku-5-5`."""
    models = ", ".join(model_name(model) for model in task.models.split(",")) if task.models else ""
    return plain(" · ".join(word for word in (project_name(task.project), agents_words(task), models) if word))
