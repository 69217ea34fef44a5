"""Tasks: one row a task with its cost and where it went; enter opens it."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from store.money import short_usd
from store.task_rows import TaskRow
from tracker.clock import local
from tracker.reports.tasks import evidence_text, inherited_text, reread_share, waste_text
from tracker.words import cost_text, counted, duration, percent
from tui.keys import bindings
from tui.screens.editing import EditingBoard
from tui.snapshot import Snapshot, TasksPart
from tui.task_words import agents_words, status_sign, status_words, where_words
from tui.widgets.bill import bill_lines
from tui.widgets.columns import Column, figures
from tui.widgets.empty import hatched
from tui.widgets.grid import fitting, line
from tui.widgets.picture import Picture, label
from tui.widgets.table import Table, searchable
from tui.words import plain, project_name

_NOTHING = short_usd(0)


def _ink(task: TaskRow) -> str:
    return "$dim" if task.excluded else ""


def _day(task: TaskRow) -> str:
    return f"{local(task.ended_at):%b %d}"


def _mostly_nothing(
    title: str,
    width: int,
    amount: Callable[[TaskRow], str],
    nano: Callable[[TaskRow], int],
    *,
    rank: int,
    style: str = "",
) -> Column[TaskRow]:
    """A column that is empty in most rows: a dot there makes the amounts stand out."""

    def dotted(task: TaskRow) -> str:
        text = amount(task)
        return "·" if text == _NOTHING else text

    def ink(task: TaskRow) -> str:
        return style if nano(task) else "$dim"

    return Column(title, width, dotted, nano, right=True, rank=rank, style=ink, descending=True)


COLUMNS: tuple[Column[TaskRow], ...] = (
    Column("", 1, lambda task: status_sign(task)[0], lambda task: task.status, style=lambda task: status_sign(task)[1]),
    Column(
        "task",
        26,
        lambda task: task.title,
        lambda task: task.title.casefold(),
        grows=True,
        style=_ink,
        of=lambda task: task.title,
    ),
    Column("ended", 6, _day, lambda task: task.ended_at, rank=4, style="$dim", descending=True),
    Column("agent", 5, agents_words, rank=8, style="$dim", of=lambda task: task.agents),
    Column(
        "project",
        13,
        lambda task: project_name(task.project),
        rank=5,
        style="$dim",
        stretches=True,
        of=lambda task: task.project,
    ),
    figures("turns", 5, lambda task: task.turns, rank=10),
    figures("calls", 5, lambda task: task.calls, rank=9),
    figures("time", 6, lambda task: task.active_ms, duration, rank=3),
    Column("cost", 7, cost_text, lambda task: task.cost, right=True, style="bold", descending=True),
    figures("re-read", 7, reread_share, percent, rank=2),
    _mostly_nothing("inherited", 9, inherited_text, lambda task: task.carry_over, rank=7),
    _mostly_nothing("waste", 7, waste_text, lambda task: task.waste, rank=1, style="$waste"),
    Column("evidence", 11, evidence_text, rank=6, style="$dim", of=evidence_text),
)


class TasksScreen(EditingBoard[TasksPart]):
    """The month's tasks, and under them where the money of the task under the cursor went."""

    NAME = "tasks"
    BINDINGS = bindings("tasks")

    def __init__(self) -> None:
        super().__init__()
        self._with_runs = False

    def panels(self) -> ComposeResult:
        """Table, split of the selected task."""
        with Vertical(id="tasks-panel", classes="panel"):
            yield Table(
                COLUMNS,
                lambda task: task.id,
                search=lambda task: searchable(task.title, task.project, task.agents, status_words(task), task.models),
                moved=self.table_changed,
                beside=self._hidden_runs,
                id="tasks",
            )
        yield Picture(id="selected", classes="panel")

    def present(self, part: TasksPart, snapshot: Snapshot) -> None:
        """Draw the month's tasks."""
        empty = hatched(f"No tasks in {part.month}", "[ shows the previous month, ] the next one")
        self._table.set_rows(self._listed(part), empty=empty)
        label(self.query_one("#tasks-panel"), self._title(part))

    def _listed(self, part: TasksPart) -> tuple[TaskRow, ...]:
        """The month's tasks; program runs only if they are switched on, or if there is nothing else."""
        return part.tasks if self._with_runs else part.typed or part.tasks

    def _hidden_runs(self) -> str:
        """How many program runs pass the filter but are hidden, and how to show them."""
        if self.part is None or self._listed(self.part) is self.part.tasks:
            return ""
        hidden = len(self._table.matching(self.part.runs))
        return f"p shows {counted(hidden, 'program run')}" if hidden else ""

    def _listed_runs(self) -> str:
        if self.part is None or not self.part.runs or self._listed(self.part) is not self.part.tasks:
            return ""
        return f"{counted(len(self.part.runs), 'program run')}, left out of averages"

    @property
    def _table(self) -> Table[TaskRow]:
        return self.query_one("#tasks", Table)

    def _title(self, part: TasksPart) -> Content:
        rates = part.headline
        groups = [line((f"Tasks · {part.month}", "bold $heading")), line((f" · {rates.completed:,} completed", "$dim"))]
        figures = (
            ("direct", rates.direct_nano),
            ("loaded", rates.loaded_nano),
            ("median", rates.median_nano),
            ("p90", rates.p90_nano),
        )
        for name, nano in figures:
            if nano is not None:
                groups.append(line((f" · {name} ", "$dim"), (short_usd(nano), "bold")))
        return fitting(groups, self.size.width - 8)

    def table_changed(self) -> None:
        """Say what is in sight, and show the split of the task under the cursor."""
        words = " · ".join(part for part in (self._hidden_runs(), self._listed_runs(), self._table.position()) if part)
        label(self.query_one("#tasks-panel"), note=line((words, "$dim")))
        picture = self.query_one("#selected", Picture)
        task = self._table.selected
        if task is None:
            picture.show(lambda width, height: [line(("no task under the cursor", "$dim"))], title="", note="")
            return
        sign, style = status_sign(task)
        is_run = self.part is not None and self.part.is_run(task)
        status = line((f" · {status_words(task)}{' · program run' if is_run else ''}", "$dim"))
        title = line((f"{sign} ", style), (plain(task.title), "bold $heading"))
        title = title.truncate(self.size.width - 8 - status.cell_length, ellipsis=True) + status
        when = self.day_and_time(task.started_at)
        where = line((f"{where_words(task)} · {plain(task.branch)}" if task.branch else where_words(task), "$dim"))
        picture.show(
            lambda width, height: [*bill_lines(task, when, width), where.truncate(width, ellipsis=True)],
            title=title,
            note=self._unsure(task),
        )

    def _unsure(self, task: TaskRow) -> Content:
        """Where the rule that found this task was least certain, and what to press if it was wrong."""
        for one in self.part.unsure if self.part else ():
            if one.task_id == task.id:
                said, key = ("starts a task", "b") if one.starts_task else ("continues its task", "enter, x at it")
                words = (f"least certain: turn {one.turn} {said}", f"; if not: {key}")
                return fitting([line((part, "$dim")) for part in words], self.size.width - 8)
        return Content("")

    # -- keys -------------------------------------------------------------------------------------------------------

    def edited_task(self) -> TaskRow | None:
        """The task under the cursor."""
        return self._table.selected

    def follow(self, former: str, task: str) -> None:
        """Move the cursor along when its task is merged into another."""
        self._table.follow(former, task)

    def action_open(self) -> None:
        """Open the task under the cursor."""
        task = self._table.selected
        if task is not None:
            self.dashboard.open_task(task.id)

    def action_runs(self) -> None:
        """Show program runs, too, or hide them again."""
        if self.part is not None and not self.part.typed:
            self.notify("All tasks of this month are program runs.")
            return
        self._with_runs = not self._with_runs
        self.renew()
