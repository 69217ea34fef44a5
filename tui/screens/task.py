"""A task opened: where its money went, its context with its resets, and its turns as a waterfall."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from textwrap import wrap

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from store.money import short_usd
from store.reads.tasks import TaskCall
from store.task_rows import TaskRow
from tracker.bars import bar
from tracker.reports.cause_words import cause_words
from tracker.reports.task import TaskDetail, TaskTurn
from tracker.words import cost_text, counted, tokens
from tui.edits import MoveTurn, Split
from tui.keys import bindings
from tui.screens.editing import EditingBoard
from tui.screens.questions import ReadScreen, WorkedOutScreen, text_lines
from tui.snapshot import Health, Snapshot, TaskPart
from tui.task_words import status_sign, status_words, where_words
from tui.widgets.bars import legend
from tui.widgets.bill import bill_lines
from tui.widgets.carried import carried_lines
from tui.widgets.columns import Column
from tui.widgets.empty import hatched
from tui.widgets.grid import line
from tui.widgets.picture import Drawing, Picture, label
from tui.widgets.plot import Mark, area, legend_series
from tui.widgets.split_bar import CARRY_OVER, FRESH
from tui.widgets.table import Table
from tui.words import fit, model_name, plain, project_name

_BAR = 14
_FACT_NAME = 9
_MIN_FACT_CELLS = 12
_LEGEND_CELLS = 40
_UNPRICED = "Not known: a call of its sessions has no price."
_NOT_CHEAPER = "no other compaction would have saved at least five cents and two per cent"
_HINDSIGHT = (
    "Modelled: each compaction is made as the turn before ends, while the cache is warm; what each call added and "
    "wrote, the pauses and the list prices stay as they were. The range is for a quarter to three times as much being "
    "re-read after a compaction as is assumed; what a summary leaves out is not priced."
)


@dataclass(frozen=True, slots=True)
class Step:
    """A line of the waterfall: a turn, or one of its subagents or misses."""

    key: str
    turn: int
    words: str
    figure: str
    share: float  # of the most expensive turn
    number: str = ""
    calls: int | None = None
    did: str = ""
    style: str = ""


STEPS: tuple[Column[Step], ...] = (
    Column("#", 3, lambda step: step.number, right=True, style="$dim"),
    Column("turn", 26, lambda step: step.words, grows=True, style=lambda step: step.style, of=lambda step: step.words),
    Column("calls", 5, lambda step: "" if step.calls is None else f"{step.calls:,}", right=True, rank=2),
    Column("", _BAR, lambda step: bar(step.share, 1.0, _BAR), rank=3, style=lambda step: step.style or "$series-1"),
    Column("cost", 8, lambda step: step.figure, right=True, style="bold"),
    Column("did", 29, lambda step: step.did, rank=4, style="$dim", stretches=True, of=lambda step: step.did),
)


def waterfall(detail: TaskDetail) -> list[Step]:
    """The turns in their order, each followed by its subagents and misses."""
    top = max((turn.row.cost for turn in detail.turns), default=0) or 1
    steps: list[Step] = []
    misses: dict[int, list[TaskCall]] = {}
    for call in detail.misses:
        misses.setdefault(detail.number_of(call), []).append(call)
    for turn in detail.turns:
        number, row = turn.number, turn.row
        words = plain(turn.facts.text) or f"({row.kind})"
        figure, share = cost_text(row), row.cost / top
        steps.append(Step(f"turn-{number}", number, words, figure, share, str(number), row.calls, did(turn)))
        for agent in detail.subagents:
            if agent.turn == number:
                words = f"  ↳ {plain(agent.kind)} · {model_name(agent.model)}"
                figure, share = cost_text(agent), agent.cost / top
                made = Step(f"agent-{agent.chain}", number, words, figure, share, calls=agent.calls, style="$series-2")
                steps.append(made)
        for call in misses.get(number, ()):
            upto = "up to " if call.is_up_to else ""
            words = f"  ▲ {upto}{tokens(call.missed)} paid again: {plain(cause_words(call.cause))}"
            figure, share = short_usd(call.waste), (call.waste or 0) / top
            steps.append(Step(f"miss-{call.call_id}", number, words, figure, share, style="$waste"))
    return steps


def did(turn: TaskTurn) -> str:
    """What a turn did: `3 files · commit · checks pass`."""
    facts = turn.facts
    words = []
    if facts.edited:
        words.append(counted(len(facts.edited), "file"))
    if facts.commits or facts.has_commit:
        words.append(f"commit {facts.commits[-1][:7]}" if facts.commits else "commit")
    if facts.has_pull_request:
        words.append("pull request")
    if facts.check_passed is not None:
        words.append("checks pass" if facts.check_passed else "checks fail")
    if facts.todos_entries:
        words.append(f"to-dos {facts.todos_closed or 0}/{facts.todos_entries}")
    if facts.ending == "interrupted":
        words.append("interrupted")
    return " · ".join(words)


def curve(detail: TaskDetail) -> tuple[list[tuple[float, float]], list[Mark]]:
    """(inherited, own) tokens of each call of the main threads, and marks where the context was cut or changed."""
    first_turns = {turn.row.session_id: turn.row.context_begin or 0 for turn in reversed(detail.turns)}
    samples: list[tuple[float, float]] = []
    marks: list[Mark] = []
    begun: dict[int, int] = {}  # session -> epoch in which the task began there
    epoch: tuple[int, int] | None = None
    for call in detail.main_calls:
        begun.setdefault(call.session_id, call.epoch)
        if epoch is not None and epoch != (call.session_id, call.epoch):
            marks.append(Mark(len(samples), "reset" if epoch[0] == call.session_id else "other session"))
        epoch = (call.session_id, call.epoch)
        inherited = first_turns.get(call.session_id, 0) if begun[call.session_id] == call.epoch else 0
        inherited = min(inherited, call.context)
        samples.append((inherited, call.context - inherited))
    return samples, marks


def fact_lines(detail: TaskDetail, width: int, *, cut: bool = False) -> list[Content]:
    """Facts about a task's end, each kind with its name: wrapped, or `cut` to one line each."""
    facts: list[tuple[str, Sequence[str]]] = [
        ("status", [status_words(detail.task)]),
        ("refused", [one.words for one in detail.refusals]),
        ("reported", [sentence for one in detail.reported for sentence in one.sentences]),
        ("recorded", [f"{short_usd(one.cost)} {plain(one.what)}" for one in detail.jobs]),
        ("by hand", detail.edits),
        ("commit", list(dict.fromkeys(sha[:9] for turn in detail.turns for sha in turn.facts.commits))),
        ("branch", [detail.task.branch] if detail.task.branch else []),
    ]
    if detail.task.edit_turns:
        turns = counted(detail.task.edit_turns, "turn")
        facts.append(("retries", [f"in {detail.task.retry_turns:,} of {turns} with edits"]))
    files = dict.fromkeys(name for turn in detail.turns for name in turn.facts.edited)
    facts.append(("file", [project_name(name) if cut else plain(name) for name in files]))
    room = max(_MIN_FACT_CELLS, width - _FACT_NAME)
    lines = []
    for name, every in facts:
        parts = every if cut and name != "reported" else [part for one in every for part in wrap(one, room)]
        for index, part in enumerate(parts):
            words = fit(part, max(0, width - _FACT_NAME)) if cut else plain(part)
            lines.append(line((fit("" if index else name, _FACT_NAME), "$dim"), words))
    return lines


class TaskScreen(EditingBoard[TaskPart]):
    """Left the money, the context and the turns; right what is known of its end."""

    NAME = "task"
    BINDINGS = bindings("task")

    def panels(self) -> ComposeResult:
        """Split, curve and waterfall; evidence, commits, files and edits."""
        yield Picture(id="task-split", classes="panel")
        with Horizontal(id="task-middle"):
            yield Picture(id="task-context", classes="panel")
            yield Picture("Evidence", id="task-facts", classes="panel")
        with Vertical(id="task-turns-panel", classes="panel"):
            yield Table(STEPS, lambda step: step.key, moved=self.table_changed, id="task-turns")

    def part_of(self, snapshot: Snapshot) -> TaskPart | None:
        """The requested task."""
        part = snapshot.task
        return part if part is not None and part.identity == self.dashboard.request.task else None

    def present(self, part: TaskPart, snapshot: Snapshot) -> None:
        """Draw the task."""
        assert part.detail is not None
        self._draw_split(part.detail)
        self._draw_context(part.detail)
        self._draw_facts(part.detail)
        self._table.set_rows(waterfall(part.detail))

    def stand_in(self, snapshot: Snapshot | None, health: Health) -> Drawing | None:
        """Also if the task no longer exists: without its old figures."""
        drawing = super().stand_in(snapshot, health)
        if drawing is None and snapshot is not None and snapshot.task is not None and snapshot.task.detail is None:
            self.part = None
            return hatched("This task no longer exists", "an edit merged it into another", "esc goes back")
        return drawing

    @property
    def _table(self) -> Table[Step]:
        return self.query_one("#task-turns", Table)

    def _draw_split(self, detail: TaskDetail) -> None:
        task = detail.task
        sign, style = status_sign(task)
        title = line((f"{sign} ", style), (plain(task.title), "bold $heading"))
        note = line((where_words(task), "$dim"))
        when = self.day_and_time(task.started_at)
        self.query_one("#task-split", Picture).show(
            lambda width, height: bill_lines(task, when, width, with_dollars=True), title=title, note=note
        )

    def _draw_context(self, detail: TaskDetail) -> None:
        samples, marks = curve(detail)
        task = detail.task
        begin, end = tokens(task.context_begin), tokens(task.context_end)
        picture = self.query_one("#task-context", Picture)
        picture.show(
            (lambda width, height: area(samples, (CARRY_OVER, FRESH), width, height, marks=marks))
            if samples
            else hatched("No context to draw", "no calls on the main thread"),
            title=line(("Context", "bold $heading"), (f" · began at {begin}, ended at {end}", "$dim")),
            note=legend(legend_series((CARRY_OVER, FRESH), ("earlier work", "its own"), samples), _LEGEND_CELLS),
        )

    def _draw_facts(self, detail: TaskDetail) -> None:
        def draw(width: int, height: int) -> Sequence[Content]:
            lines = fact_lines(detail, width, cut=True)
            if len(lines) <= height:
                return lines
            left = f"{len(lines) - height + 1:,} more (enter)"
            return [*lines[: height - 1], line((fit("", _FACT_NAME), ""), (left, "$dim"))]

        self.query_one("#task-facts", Picture).show(draw)

    def table_changed(self) -> None:
        """Name the visible rows in the border."""
        detail = self.part.detail if self.part else None
        turns = f" · {len(detail.turns):,}" if detail else ""
        label(
            self.query_one("#task-turns-panel"),
            line(("Turns", "bold $heading"), (turns, "$dim")),
            line((self._table.position(), "$dim")),
        )

    # -- keys -------------------------------------------------------------------------------------------------------

    def edited_task(self) -> TaskRow | None:
        """The open task."""
        return self.part.detail.task if self.part and self.part.detail else None

    def action_hindsight(self) -> None:
        """What compacting at other moments would have saved."""
        task = self.edited_task()
        if task is not None:
            make = partial(self.dashboard.feed.hindsight, task.id)
            self.dashboard.work_out("No hindsight", make, self._show_hindsight)

    def _show_hindsight(self, sentences: Sequence[str] | None) -> None:
        if not self.is_current:
            return
        told = [f"{words[0].upper()}{words[1:]}." for words in sentences or [_NOT_CHEAPER]]
        text = _UNPRICED if sentences is None else "\n\n".join((*told, _HINDSIGHT))
        self.dashboard.push_screen(ReadScreen("What would have been cheaper", partial(text_lines, text)))

    def action_carried(self) -> None:
        """What was in the context, and what carrying it cost."""
        task = self.edited_task()
        if task is not None:
            carried, identity = self.dashboard.feed.carried, task.id
            screen = WorkedOutScreen("What was carried", lambda stop: partial(carried_lines, carried(identity, stop)))
            self.dashboard.push_screen(screen)

    def action_facts(self) -> None:
        """Show all facts about the task's end, for which the panel may have no room."""
        if self.part is not None and self.part.detail is not None:
            detail = self.part.detail
            self.dashboard.push_screen(ReadScreen("Evidence", lambda width: fact_lines(detail, width)))

    def action_split(self) -> None:
        """Begin a task at the turn under the cursor."""
        task, step = self.edited_task(), self._table.selected
        if task is not None and step is not None:
            self.dashboard.edit(Split(task.id, step.turn))

    def action_move(self) -> None:
        """Move the turn under the cursor to another task."""
        task, step = self.edited_task(), self._table.selected
        if task is not None and step is not None:
            self.choose_task(f"Turn {step.turn} belongs to which task?", task, partial(MoveTurn, task.id, step.turn))

    def action_back(self) -> None:
        """Return to the screen from which the task was opened."""
        self.dashboard.close_task()
