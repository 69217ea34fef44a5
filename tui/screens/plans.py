"""Plans: the month's spend against the plans' prices, the cheapest one, and the consequences of each."""

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from store.money import NANO_PER_USD, short_usd
from tracker.clock import ago
from tracker.model.plans.outlook import PlanOutlook
from tracker.model.plans.projection import month_bounds
from tracker.reports.plan_words import chance, cost_of_a_task, fee, monthly, pays_on, used
from tracker.reports.plans import PlansReport
from tracker.words import MEANT_TO_HOLD, cost_text, modelled_percent
from tui.keys import bindings
from tui.screens.board import HEIGHTS, Board
from tui.screens.questions import ReadScreen
from tui.snapshot import PlansPart, Snapshot
from tui.widgets.columns import Column
from tui.widgets.empty import hatched
from tui.widgets.grid import fitting, line, spread
from tui.widgets.month import month_plot
from tui.widgets.picture import Picture, border_room, label
from tui.widgets.table import Table
from tui.widgets.verdict import verdict_lines, wrapped
from tui.words import cells, dollars

_LABELLED_CELLS = 60
_LONGEST_NAME = 24
_FRAME_LINES = 3  # of the table: borders and titles


class PlansScreen(Board[PlansPart]):
    """The month and the verdict above, the plans below."""

    NAME = "plans"
    BEING_MADE = "simulating months …"
    BINDINGS = bindings("plans")

    def __init__(self) -> None:
        super().__init__()
        self._shares: dict[str, float] = {}

    def panels(self) -> ComposeResult:
        """Month, verdict, table."""
        with Horizontal(id="plans-above"):
            yield Picture(id="plans-month", classes="panel")
            yield Picture("Verdict", id="plans-verdict", classes="panel")
        with Vertical(id="plans-panel", classes="panel"):
            yield Table(self._columns(), lambda one: one.plan.id, id="plans-table")

    def _columns(self) -> tuple[Column[PlanOutlook], ...]:
        return (
            Column("", 1, self._mark, lambda one: one.fee_usd, style="bold $taxi"),
            Column(
                "plan",
                12,
                lambda one: one.plan.name,
                lambda one: one.fee_usd,
                grows=True,
                most=_LONGEST_NAME,
                style="bold",
            ),
            Column("fee", 6, fee, lambda one: one.fee_usd, right=True, rank=1),
            Column("a month", 15, monthly, lambda one: one.monthly.p50, right=True, style="bold"),
            Column("hits a limit", 12, self._told(chance), lambda one: one.hit_probability or 0.0, right=True, rank=2),
            Column("cheapest", 8, self._cheapest, self._share, right=True, rank=5, descending=True, of=self._cheapest),
            Column(
                "used",
                6,
                self._told(used),
                lambda one: one.utilisation or 0.0,
                right=True,
                rank=6,
                of=self._told(used),
            ),
            Column(
                "a task",
                8,
                self._told(cost_of_a_task),
                lambda one: one.fee_usd,
                right=True,
                rank=3,
                of=self._told(cost_of_a_task),
            ),
            Column("pays for itself", 16, self._pays, lambda one: one.fee_usd, right=True, rank=4),
            Column("capacity from", 14, origin, lambda one: one.capacity.origin, rank=7, style="$dim"),
        )

    def present(self, part: PlansPart, snapshot: Snapshot) -> None:
        """Draw the comparison."""
        report = part.report
        self._shares = report.cheapest_in
        self._draw_month(report)
        self.query_one("#plans-verdict", Picture).show(lambda width, height: verdict_and_basis(report, width, height))
        self.table.set_rows(report.outlooks)
        is_low = self.size.height < HEIGHTS[1][0]
        self.query_one("#plans-panel").styles.height = None if is_low else len(report.outlooks) + _FRAME_LINES
        self._draw_title()

    def tick(self, now_ms: int) -> None:
        """Redraw the age of the modelled figures."""
        self._draw_title()

    def _draw_title(self) -> None:
        part = self.part
        if part is None:
            return
        panel = self.query_one("#plans-panel")
        title = [("Plans", "bold $heading"), (" · a typical month", "$dim"), (f", ranges are {MEANT_TO_HOLD}", "$dim")]
        room = border_room(panel)
        note = (f"modelled {ago(part.made_at, self.dashboard.clock())}", " · enter shows the assumptions")
        words = [line((part, "$dim")) for part in note]
        label(panel, fitting([line(part) for part in title], room), fitting(words, room))

    def _draw_month(self, report: PlansReport) -> None:
        picture, load = self.query_one("#plans-month", Picture), report.load
        if load is None:
            picture.show(hatched("Nothing to compare", "no spend is recorded yet"))
            return
        first, last = month_bounds(load.as_of)
        spent = [dollars(nano) for nano in load.spent_nano]
        ahead = report.month_end
        plans = [(one.plan.name, one.fee_usd / (1 + report.terms.tax)) for one in report.outlooks]  # as the spend is

        title = line(
            (f"{first:%B} so far", "bold $heading"),
            " · ",
            (as_api_key(report), "bold"),
            (" as an API key", "$dim"),
        )
        notes = [""]
        if ahead is not None and ahead.p90 > ahead.p10:
            ends = f"${ahead.p10:,.0f} to {ahead.p90:,.0f}"
            middles = [] if report.is_range_only else [f"~${ahead.p50:,.0f}, 8 of 10 times ", f"~${ahead.p50:,.0f}, "]
            notes = [f"by the end {middle}{ends}" for middle in (*middles, "")]
        picture.show(
            lambda width, height: month_plot(spent, last.day, ahead, plans, width, height),
            title=title,
            note=lambda room: line((next((one for one in notes if cells(one) <= room), notes[-1]), "$dim")),
        )

    # -- the table --------------------------------------------------------------------------------------------------

    def _mark(self, one: PlanOutlook) -> str:
        report = self.part.report if self.part else None
        if report is None:
            return ""
        if report.verdict is not None and report.verdict.plan == one.plan.id:
            return "▸"
        return "●" if report.current == one.plan.id else ""

    def _told(self, words: Callable[[PlansReport, PlanOutlook], str]) -> Callable[[PlanOutlook], str]:
        """A column's text function for `words` that also needs the whole report."""
        return lambda one: words(self.part.report, one) if self.part else ""

    def _share(self, one: PlanOutlook) -> float:
        return self._shares.get(one.plan.id, 0.0)

    def _cheapest(self, one: PlanOutlook) -> str:
        is_known = one.plan.id in self._shares and self.part is not None and not self.part.report.is_range_only
        return modelled_percent(self._share(one)) if is_known else "–"

    def _pays(self, one: PlanOutlook) -> str:
        found = self.part.report.break_even.get(one.plan.id) if self.part else None
        return "–" if found is None else pays_on(found) or "not this month"

    # -- keys -------------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Show what the figures are based on."""
        if self.part is not None:
            report = self.part.report
            self.dashboard.push_screen(ReadScreen("Assumptions", lambda width: assumption_lines(report, width)))


def assumption_lines(report: PlansReport, width: int) -> list[Content]:
    """Each figure's label and each assumption."""
    lines = [
        line((f"{name:<31}", "$dim"), (f"{figure:>11}", "bold"), (f"  {label}", "$dim"))
        if width >= _LABELLED_CELLS
        else spread(line((name, "$dim")), line((figure, "bold")), width)
        for name, figure, label in basis(report)
    ]
    return [*lines, Content(""), *wrapped([(words, "") for words in report.assumptions], width)]


def basis(report: PlansReport) -> list[tuple[str, str, str]]:
    """The inputs of the comparison: name, figure, label."""
    return [
        ("this month, as logged", cost_text(report.spent_logged), "priced"),
        *([("the same, billed to an API key", as_api_key(report), "modelled")] if _differs(report) else []),
        ("spend a working day", f"~{short_usd(round(report.per_active_day * NANO_PER_USD))}", "modelled"),
        ("working days a month", f"{report.active_days}", report.active_days_from),
    ]


def _differs(report: PlansReport) -> bool:
    """Whether an API key would have been billed otherwise than what was logged."""
    return report.spent_api_nano != report.spent_logged.cost


def as_api_key(report: PlansReport) -> str:
    """The month's cost with an API key: modelled, unless it is what was logged."""
    return f"~{short_usd(report.spent_api_nano)}" if _differs(report) else cost_text(report.spent_logged)


def verdict_and_basis(report: PlansReport, width: int, height: int) -> list[Content]:
    """The verdict, and below it its basis, if all of that fits."""
    lines = verdict_lines(report, width, height)
    below = [spread(line((name, "$dim")), line((figure, "bold")), width) for name, figure, _ in basis(report)]
    if len(lines) + len(below) + 2 > height:
        return lines
    return [*lines, *([Content("")] * (height - len(lines) - len(below) - 1)), line(("─" * width, "$edge")), *below]


def origin(one: PlanOutlook) -> str:
    """The source of the capacity figure."""
    return "–" if one.plan.is_metered else one.capacity.origin
