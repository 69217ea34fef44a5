"""Cache: how much of what was cached survived, what caching saved, and what its misses cost, by cause."""

from datetime import date

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from store.money import sum_usd
from store.reads.cache import MissCause
from tracker.bars import bar
from tracker.reports.cache import CacheReport, savings, survival
from tracker.reports.cause_words import LONGEST_CAUSE, cause_advice, cause_words
from tracker.words import percent, tokens
from tui.keys import bindings
from tui.screens.board import Board
from tui.screens.misses import MissesScreen
from tui.snapshot import CachePart, Snapshot
from tui.widgets.bars import Row, bar_rows
from tui.widgets.columns import Column, figures
from tui.widgets.empty import hatched
from tui.widgets.figure import large
from tui.widgets.grid import line, spread
from tui.widgets.picture import Picture, border_room, label
from tui.widgets.plot import Level, Series, steps
from tui.widgets.table import Table
from tui.words import cells

SURVIVAL = Series("━", "$good", "survival")
REWRITE = Series("╍", "$generation", "rewrite")
_BAR = 20


class CacheScreen(Board[CachePart]):
    """Lines by day and totals above, causes of misses below."""

    NAME = "cache"
    BINDINGS = bindings("cache")

    def panels(self) -> ComposeResult:
        """Plot and totals; causes."""
        with Horizontal(id="cache-above"):
            yield Picture(id="cache-days", classes="panel")
            yield Picture(id="cache-total", classes="panel")
        with Vertical(id="causes-panel", classes="panel"):
            yield Table(self._columns(), lambda row: row.cause, moved=self.table_changed, id="causes")

    def _columns(self) -> tuple[Column[MissCause], ...]:
        return (
            Column("cause", LONGEST_CAUSE, lambda row: cause_words(row.cause), grows=True, most=LONGEST_CAUSE),
            figures("misses", 6, lambda row: row.misses, rank=3),
            figures("tokens", 8, lambda row: row.missed, tokens, rank=2),
            Column("", _BAR, lambda row: bar(self._share(row), 1.0, _BAR), self._share, rank=4, style="$waste"),
            Column("share", 6, lambda row: percent(self._share(row)), self._share, right=True, rank=1, style="$dim"),
            Column("waste", 10, _waste, lambda row: row.waste, right=True, descending=True, style="bold"),
        )

    def _share(self, row: MissCause) -> float:
        total = self.part.report.total.waste if self.part else 0
        return row.waste / total if total else 0.0

    def present(self, part: CachePart, snapshot: Snapshot) -> None:
        """Draw the month."""
        self._draw_days(part)
        self._draw_total(part)
        reason = "every call read what it should have" if part.report.total.calls else "[ shows the previous month"
        self.table.set_rows(part.report.causes, empty=hatched("No misses", reason))

    def _draw_days(self, part: CachePart) -> None:
        picture = self.query_one("#cache-days", Picture)
        title = line(("Survival and rewrite", "bold $heading"), (" · by day", "$dim"))
        if not part.report.total.calls:
            picture.show(hatched(f"No calls in {part.month}", "[ shows the previous month"), title=title, note="")
            return
        by_day = {date.fromisoformat(day.day): survival(day) for day in part.report.days}
        days = part.month.days
        lines = [[by_day.get(day) for day in days], [part.rewrite.get(day) for day in days]]
        names = [str(day.day) for day in days]

        note = line(
            (SURVIVAL.glyph * 2, SURVIVAL.style),
            (" survival   ", "$dim"),
            (REWRITE.glyph * 2, REWRITE.style),
            (" rewrite, 100% is once", "$dim"),
        )
        ideal = Level(1.0, "100%", "$dim")
        picture.show(
            lambda width, height: steps(lines, names, (SURVIVAL, REWRITE), width, height, levels=[ideal]),
            title=title,
            note=note,
        )

    def _draw_total(self, part: CachePart) -> None:
        report = part.report
        self.query_one("#cache-total", Picture).show(
            lambda width, height: total_lines(report, width, height), title=line((str(part.month), "bold $heading"))
        )

    def table_changed(self) -> None:
        """Name the panel, and say what avoids the cause under the cursor."""
        panel, selected, place = self.query_one("#causes-panel"), self.table.selected, self.table.position()
        note = line((place, "$dim"))
        if selected is not None and (advice := cause_advice(selected.cause)):
            room = max(0, border_room(panel) - cells(place) - 3)
            note = line((advice, "$dim")).truncate(room, ellipsis=True) + line((f" · {place}", "$dim"))
        label(panel, line(("Misses by cause", "bold $heading")), note)

    # -- keys -------------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Show the calls of the cause under the cursor."""
        row = self.table.selected
        if row is None or self.part is None:
            return
        misses = [miss for miss in self.part.report.misses if miss.cause == row.cause]
        self.dashboard.ask(MissesScreen(cause_words(row.cause), misses, self.day_and_time), self.dashboard.open_task)


def total_lines(report: CacheReport, width: int, height: int) -> list[Content]:
    """Savings as the large figure, then ratios and the composition of prompts, as far as there is room."""
    total = report.total
    saved = savings(total)
    words, style = ("caching saved", "bold $good") if saved >= 0 else ("caching cost", "bold $bad")
    difference = sum_usd(abs(saved), total.calls, total.unpriced)
    head = [spread(line((words, "$dim")), line((difference, style)), width)]
    figure = large(difference, style)
    rows = [
        ("misses cost", sum_usd(total.waste, total.misses, total.unpriced_misses), "bold $waste"),
        ("survival", percent(survival(total)), "bold"),
        ("rewrite", percent(report.rewrite), "bold"),
        ("misses", f"{total.misses:,}", "bold"),
        ("cold starts", f"{total.cold_starts:,}", "bold"),
        ("planned rebuilds", f"{total.rebuilds:,}", "bold"),
        ("calls", f"{total.calls:,}", "bold"),
    ]
    lines = [spread(line((name, "$dim")), line((text, style)), width) for name, text, style in rows]
    if figure is not None and height >= len(lines) + 6 and figure[0].cell_length <= width:
        head = [line((words, "$dim")), *figure, Content("")]
    if total.prompt and height >= len(head) + len(lines) + 6:
        plain = total.prompt - total.read - total.written
        parts = (
            ("from cache", total.read, "$good"),
            ("written", total.written, "$generation"),
            ("neither", plain, "$dim"),
        )
        bars = [Row(name, count, percent(count / total.prompt), style) for name, count, style in parts]
        lines += [Content(""), line(("tokens of prompts", "$dim")), *bar_rows(bars, width, len(bars))]
    return [*head, *lines]


def _waste(row: MissCause) -> str:
    return sum_usd(row.waste, row.misses, row.unpriced)
