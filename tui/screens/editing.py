"""Keys that edit tasks: each asks what it needs, sends the edit to the feed, and reports the outcome."""

from collections.abc import Callable
from functools import partial

from textual.content import Content

from store.task_rows import TaskRow
from tracker.model.tasks.status import TaskStatus
from tracker.words import cost_text
from tui.edits import JoinPrevious, Merge, Rename, SetStatus, TaskEdit, ToggleExcluded
from tui.screens.board import Board, Part
from tui.screens.questions import QUESTION_CELLS, AskScreen, ChooseScreen
from tui.task_words import STATUS_SIGNS, status_sign
from tui.widgets.grid import line, spread
from tui.words import plain, project_name

_FRAME_CELLS = 8  # taken by a question's border, padding and scroll bar
_MIN_TITLE = 16  # a title in less room wraps with its facts


class EditingBoard(Board[Part]):
    """A board with a task under its cursor."""

    def edited_task(self) -> TaskRow | None:
        """The task that the editing keys act on."""
        raise NotImplementedError

    def action_rename(self) -> None:
        """Ask for a title."""
        task = self.edited_task()
        if task is None:
            return

        def named(title: str) -> None:
            if title != task.title:
                self.dashboard.edit(Rename(task.id, title))

        self.dashboard.ask(AskScreen("Rename the task", task.title, "a title"), named)

    def action_status(self) -> None:
        """Ask how the task ended."""
        task = self.edited_task()
        if task is not None:
            options = [(status, line(STATUS_SIGNS[status], f" {status}")) for status in TaskStatus]
            self.dashboard.ask(
                ChooseScreen(f"How did it end: {task.title}", options),
                lambda status: self.dashboard.edit(SetStatus(task.id, status)),
            )

    def action_merge(self) -> None:
        """Ask which task to merge it into."""
        task = self.edited_task()
        if task is not None:
            self.choose_task(f"Part of which task: {task.title}", task, partial(Merge, task.id))

    def action_join(self) -> None:
        """Join the task with what came before it in its session."""
        task = self.edited_task()
        if task is not None:
            self.dashboard.edit(JoinPrevious(task.id))

    def action_exclude(self) -> None:
        """Exclude the task from the averages, or include it again."""
        task = self.edited_task()
        if task is not None:
            self.dashboard.edit(ToggleExcluded(task.id))

    def action_undo(self) -> None:
        """Undo the last edit."""
        self.dashboard.undo()

    def choose_task(self, title: str, task: TaskRow, edit_with: Callable[[str], TaskEdit]) -> None:
        """Ask for the edit's other task: the same project's first, each nearest in time first."""
        others = [one for one in self.dashboard.known_tasks if one.id != task.id]
        others.sort(key=lambda one: (one.project != task.project, abs(one.started_at - task.started_at)))
        if not others:
            self.notify("There is no other task in this month.")
            return
        question = ChooseScreen(title, [(one.id, self._task_line(one)) for one in others])
        self.dashboard.ask(question, lambda other: self.dashboard.edit(edit_with(other)))

    def _task_line(self, task: TaskRow) -> Content:
        sign, style = status_sign(task)
        words = (project_name(task.project), cost_text(task), self.day_and_time(task.started_at))
        facts = line((f"  {' · '.join(words)}", "$dim"))
        title = line((sign, style), f" {plain(task.title)}")
        room = min(QUESTION_CELLS, self.size.width) - _FRAME_CELLS
        return spread(title, facts, room) if room - facts.cell_length >= _MIN_TITLE else title + facts
