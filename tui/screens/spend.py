"""Spend: a month by day and model, what it went to, and the year as a heat map."""

from collections.abc import Sequence
from datetime import date
from functools import partial

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click

from store.money import short_usd
from store.reads.spend import SpendRow
from tracker.words import cost_text, counted, percent
from tui.keys import Key, bindings
from tui.screens.board import HEIGHTS, Board
from tui.screens.questions import WorkedOutScreen
from tui.snapshot import LISTED, Snapshot, SpendPart, year_end
from tui.widgets.bars import Row, bar_rows, legend
from tui.widgets.budget import budget_lines
from tui.widgets.carried import carried_lines
from tui.widgets.empty import hatched
from tui.widgets.grid import fitting, line
from tui.widgets.heatmap import heatmap
from tui.widgets.picture import Picture
from tui.widgets.plot import Level, Series, places_of, stacked_bars
from tui.words import dollars, model_name, plain, project_names

_GLYPHS = ("█", "▓", "▒", "░", "╱")
_PLAIN = (Series("█", "$series-2", ""),)
_BORDERS = 2
_MIN_LINES = 3  # of a list with more rows, at least; one more on a tall screen
_MAX_LINES = 20  # lists share their room by their rows, counted up to this


class SpendScreen(Board[SpendPart]):
    """The month's bars above, the year below, and three lists at the right."""

    NAME = "spend"
    BINDINGS = bindings("spend")

    def __init__(self) -> None:
        super().__init__()
        self._month: date | None = None
        self._pointed: int | None = None  # index of the day under the cursor
        self._latest: int | None = None  # the last day with work: a cursor on it follows to the next one

    def panels(self) -> ComposeResult:
        """Month and year; projects, models and agents."""
        with Horizontal(id="spend-above"):
            yield Picture(id="days", classes="panel")
            with Vertical(id="spend-lists"):
                yield Picture("Models", id="models", classes="panel")
                yield Picture("Projects", id="projects", classes="panel")
                yield Picture("Agents", id="agents", classes="panel")
                yield Picture(id="budget", classes="panel")
        yield Picture("The year", id="year", classes="panel")

    def present(self, part: SpendPart, snapshot: Snapshot) -> None:
        """Draw the requested month."""
        latest = max((index for index, day in enumerate(part.days) if day.calls), default=None)
        if part.month.first != self._month or self._pointed == self._latest:
            self._month, self._pointed = part.month.first, latest
        self._latest = latest
        self._draw_days(part)
        total, series = part.total.cost, self._series(part)
        self._draw_list("#models", part.by_model, total, [model_name(row.key) for row in part.by_model], series)
        listed = snapshot.request.listed
        rows, names = _listed(part, listed)
        self._draw_list("#projects", rows, total, names, title=LISTED[listed])
        self._draw_list("#agents", part.by_agent, total, [plain(row.key) for row in part.by_agent])
        several = len(part.by_agent) > 1  # a single agent's line would only repeat the total
        self.query_one("#agents").display = several and self._is_tall
        self._draw_budget(part)
        amounts = {day: dollars(cost) for day, cost in part.year.items()}
        until = year_end(snapshot.top.today, part.days)
        pointed = part.days[self._pointed].day if self._pointed is not None else None
        self.query_one("#year", Picture).show(
            lambda width, height: heatmap(amounts, until, width, pointed=pointed),
            title=line(("The year", "bold $heading"), (f" · {counted(len(amounts), 'day')} of work", "$dim")),
        )

    @property
    def _is_tall(self) -> bool:
        return self.size.height >= HEIGHTS[-1][0]

    # -- the month --------------------------------------------------------------------------------------------------

    def _draw_days(self, part: SpendPart) -> None:
        picture = self.query_one("#days", Picture)
        titles = [line((str(part.month), "bold $heading"), " · ", (cost_text(part.total), "bold"))]
        if self.is_on_plan:
            titles.append(line((" at API prices", "$dim")))

        title = partial(fitting, titles)
        if not part.total.calls:
            picture.show(hatched(f"No calls in {part.month}", "[ shows the previous month"), title=title, note="")
            return
        series, columns = self._series(part), self._columns(part)
        names = [str(day.day.day) for day in part.days]

        def draw(width: int, height: int) -> Sequence[Content]:
            levels = self._levels(part)
            plot = stacked_bars(columns, names, series, width, height - 1, levels=levels, pointed=self._pointed)
            return [*plot, self._readout(part, series, width)]

        picture.show(draw, title=title, note=lambda room: self._beside(part, room))

    def _series(self, part: SpendPart) -> list[Series]:
        names = map(model_name, part.models)
        return [Series(_GLYPHS[index], f"$series-{index + 1}", name) for index, name in enumerate(names)]

    def _columns(self, part: SpendPart) -> list[list[float]]:
        return [[dollars(cost) for cost in day.by_model] for day in part.days]

    def _levels(self, part: SpendPart) -> list[Level]:
        if part.plan_day_nano is None:
            return []
        return [Level(dollars(part.plan_day_nano), f"plan {short_usd(part.plan_day_nano)} a day")]

    def _readout(self, part: SpendPart, series: Sequence[Series], width: int) -> Content:
        """The legend with the dollars of the day under the cursor."""
        if self._pointed is None:
            return legend(series, width)
        day = part.days[self._pointed]
        figure = cost_text(day)
        head = line(
            (f"{day.day:%a %d}", "bold $taxi"), " ", (figure, "bold"), (f" {counted(day.calls, 'call')}  ", "$dim")
        )
        figures = [short_usd(cost) if cost else "" for cost in day.by_model]
        return head + legend(series, width - head.cell_length, figures)

    def _beside(self, part: SpendPart, room: int) -> Content:
        """Figures that the total does not include, as far as there is room."""
        groups = []
        if part.hidden_nano:
            groups.append(line(("plus ", "$dim"), short_usd(part.hidden_nano)))
            if room >= 40:
                groups.append(line((" unrecorded", "$dim")))
        if part.total.unpriced:
            models = ", ".join(map(model_name, part.unpriced_models))
            groups.append(line((" · " if groups else "", "$dim"), ("no price: ", "$dim"), (models, "$warn")))
        if part.total.floor:
            words = f"output missing of {counted(part.total.floor, 'call')}: a floor"
            groups.append(line((f" · {words}" if groups else words, "$dim")))
        return fitting(groups, room)

    def _draw_list(
        self,
        selector: str,
        rows: Sequence[SpendRow],
        total: int,
        names: Sequence[str],
        inks: Sequence[Series] = _PLAIN,
        *,
        title: str | None = None,
    ) -> None:
        made = []
        for index, (row, name) in enumerate(zip(rows, names, strict=True)):
            ink = inks[min(index, len(inks) - 1)]
            share = "–" if row.unpriced == row.calls else percent(row.cost / total) if total else ""
            made.append(Row(name, dollars(row.cost), cost_text(row), ink.style, share, ink.glyph))
        picture = self.query_one(selector, Picture)
        picture.styles.height = f"{min(_MAX_LINES, len(rows)) + _BORDERS}fr"
        picture.styles.min_height = min(_MIN_LINES + self._is_tall, len(rows)) + _BORDERS
        picture.show(
            lambda width, height: bar_rows(made, width, height) or [line(("nothing in this month", "$dim"))],
            title=title,
        )

    def _draw_budget(self, part: SpendPart) -> None:
        report, picture = part.budget, self.query_one("#budget", Picture)
        picture.display = report is not None and self._is_tall
        if report is not None:
            has_budget = any(one.share is not None for one in report.lines)
            picture.set_class(has_budget and report.layers is not None, "-both")
            names = ["Budget"] if has_budget or report.layers is None else []
            names += ["A planned month"] if report.layers is not None else []
            picture.show(
                lambda width, height: budget_lines(report, width, height),
                title=line((" and ".join(names).capitalize(), "bold $heading")),
            )

    # -- keys -------------------------------------------------------------------------------------------------------

    def action_day(self, step: int) -> None:
        """Point at another day."""
        if self.part is None:
            return
        last = len(self.part.days) - 1
        self._pointed = last if self._pointed is None else max(0, min(last, self._pointed + step))
        self.renew()

    def action_listed(self) -> None:
        """List branches in place of projects, then subagents."""
        self.dashboard.request_view(listed=self._listed_next)

    @property
    def _listed_next(self) -> str:
        names = list(LISTED)
        return names[(names.index(self.dashboard.request.listed) + 1) % len(names)]

    def footer_keys(self) -> list[Key]:
        """The keys of the last line: b names the list that it would show."""
        words = LISTED[self._listed_next].lower()
        return [key._replace(words=words) if key.action == "listed" else key for key in super().footer_keys()]

    def action_carried(self) -> None:
        """What was in the contexts of the month, and what carrying it cost."""
        if self.part is not None and self.part.total.calls:
            month = self.part.month
            carried_in = self.dashboard.feed.carried_in
            screen = WorkedOutScreen(
                f"What was carried in {month}", lambda stop: partial(carried_lines, carried_in(month, stop))
            )
            self.dashboard.push_screen(screen)

    def on_click(self, event: Click) -> None:
        """Point at the day under the mouse."""
        picture = self.query_one("#days", Picture)
        if self.part is None or event.widget is not picture:
            return
        offset = event.get_content_offset(picture)
        if offset is not None:
            places = places_of(self._columns(self.part), picture.content_size.width, self._levels(self.part))
            index = places.index_at(offset.x)
            if 0 <= index < len(self.part.days):
                self._pointed = index
                self.renew()


def _listed(part: SpendPart, listed: str) -> tuple[Sequence[SpendRow], Sequence[str]]:
    """The rows of a key of LISTED, and their names: a branch's with its project where the month has several."""
    if listed == "subagent":
        return part.by_subagent, [plain(row.key) for row in part.by_subagent]
    if listed == "branch":
        paths = list(dict.fromkeys(project for project, _ in part.by_branch))
        projects = dict(zip(paths, project_names(paths), strict=True))
        names = [
            f"{plain(row.key)} · {projects[project]}" if len(paths) > 1 else plain(row.key)
            for project, row in part.by_branch
        ]
        return [row for _, row in part.by_branch], names
    return part.by_project, project_names([row.key for row in part.by_project])
