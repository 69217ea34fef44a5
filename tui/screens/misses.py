"""The cache misses of one cause, each with its task; enter opens the task."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from store.money import short_usd
from store.reads.cache import MissRow
from tracker.words import counted, tokens
from tui.screens.questions import Panel, framed
from tui.widgets.columns import Column
from tui.widgets.table import Table, searchable
from tui.words import model_name


class MissesScreen(Panel[str | None]):
    """Returns the id of the task to open, or None."""

    BINDINGS: ClassVar = [
        Binding("escape,q", "dismiss", "Close.", show=False),
        Binding("enter", "open", "Open the task.", show=False),
    ]

    def __init__(self, cause: str, misses: Sequence[MissRow], when: Callable[[int], str]) -> None:
        super().__init__()
        self._cause, self._misses, self._when = cause, misses, when

    def compose(self) -> ComposeResult:
        """The misses, most expensive first."""
        columns: tuple[Column[MissRow], ...] = (
            Column("when", 12, lambda row: self._when(row.at)),
            Column("task", 16, lambda row: row.title, grows=True, of=lambda row: row.title),
            Column("model", 12, lambda row: model_name(row.model), rank=3, style="$dim", of=lambda row: row.model),
            Column("found", 8, lambda row: row.source, rank=4, style="$dim", of=lambda row: row.source),
            Column("tokens", 8, _size, right=True, rank=2),
            Column("waste", 9, lambda row: short_usd(row.waste), right=True, style="bold $waste"),
        )
        title = f"{self._cause} · {counted(len(self._misses), 'call')}"
        with framed(Vertical(classes="over reading misses"), title, "enter opens the task, esc closes"):
            yield Table(
                columns, lambda row: f"{row.session}-{row.at}-{row.missed}", search=lambda row: searchable(row.title)
            )

    def on_mount(self) -> None:
        """Fill the table."""
        self.query_one(Table).set_rows(self._misses)

    def action_open(self) -> None:
        """Return the task of the row under the cursor."""
        row = self.query_one(Table).selected
        self.dismiss(row.task_id if row is not None else None)


def _size(row: MissRow) -> str:
    return ("≤" if row.is_up_to else "") + tokens(row.missed)
