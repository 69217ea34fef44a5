"""Nudges: what was advised when, with what forecast and outcome; and which kinds are on."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content

from store.money import short_usd
from store.nudges import NudgeRow
from tracker.reports.nudges import KindSummary, NudgeReport, fate, promised
from tracker.words import counted
from tui.edits import SwitchKind
from tui.keys import bindings
from tui.nudge_words import input_lines
from tui.screens.board import Board
from tui.screens.questions import ChooseScreen, ReadScreen
from tui.snapshot import HINDSIGHT_DAYS, NudgesPart, Snapshot
from tui.terms import NUDGE_KINDS
from tui.widgets.columns import Column
from tui.widgets.empty import hatched
from tui.widgets.grid import fitting, line
from tui.widgets.hindsight import hindsight_lines
from tui.widgets.options import nudge_lines
from tui.widgets.picture import Picture, border_room, label
from tui.widgets.table import Table, searchable
from tui.words import fit, project_name

_STATES = {"on": ("●", "$good"), "off": ("○", "$dim"), "dismissed": ("∅", "$warn")}
_STATE_WORDS = {"on": "", "off": " · off", "dismissed": " · off after three dismissals"}
_FATES = {"followed": "$good", "dismissed": "$warn", "shown": "", "not shown": "$dim", "silent": "$dim"}


def kind_words(kind: str) -> str:
    """A kind of nudge, as words."""
    return kind.replace("_", " ")


class NudgesScreen(Board[NudgesPart]):
    """The outcome and the kinds above, the log below."""

    NAME = "nudges"
    BINDINGS = bindings("nudges")

    def panels(self) -> ComposeResult:
        """Outcome and kinds; log."""
        with Horizontal(id="nudges-above"):
            yield Picture("Outcome", id="nudges-outcome", classes="panel")
            yield Picture(id="nudges-kinds", classes="panel")
        yield Picture("Hindsight", id="hindsight", classes="panel")
        with Vertical(id="nudges-panel", classes="panel"):
            yield Table(
                self._columns(),
                lambda row: str(row.id),
                search=lambda row: searchable(kind_words(row.kind), row.text, row.reason, row.project, fate(row)),
                moved=self.table_changed,
                id="nudges",
            )

    def _columns(self) -> tuple[Column[NudgeRow], ...]:
        return (
            Column("when", 12, lambda row: self.day_and_time(row.due_at), lambda row: row.due_at, style="$dim"),
            Column(
                "project",
                11,
                lambda row: project_name(row.project),
                lambda row: row.project or "",
                rank=4,
                style="$dim",
            ),
            Column("kind", 13, lambda row: kind_words(row.kind), lambda row: row.kind, rank=3),
            Column("fate", 9, fate, rank=1, style=lambda row: _FATES.get(fate(row), "")),
            Column(
                "promised", 9, promised, lambda row: row.saving or 0, right=True, rank=2, descending=True, style="bold"
            ),
            Column("said", 20, lambda row: row.text or row.reason, lambda row: row.text or "", grows=True),
        )

    def present(self, part: NudgesPart, snapshot: Snapshot) -> None:
        """Draw the log."""
        report = part.report
        self.query_one("#nudges-kinds", Picture).show(
            lambda width, height: kind_lines(report.kinds, width, height),
            title=line(("Kinds", "bold $heading"), (" · followed", "$dim")),
        )
        self._draw_hindsight(part)
        reason = "nudges appear while an agent runs, at the end of a turn"
        command = "taximeter install claude-code, taximeter install cline"
        empty = hatched("No nudges yet", reason, command=command)
        self.table.set_rows(report.rows, empty=empty)

    def _draw_hindsight(self, part: NudgesPart) -> None:
        picture, report = self.query_one("#hindsight", Picture), part.hindsight
        if report is None:
            words = (
                f"no session of the last {HINDSIGHT_DAYS // 7} weeks can be replayed"
                if part.has_backtest
                else "replaying the last weeks …"
            )
            picture.show(lambda width, height: [line((words, "$dim"))], note="")
            return
        sessions = counted(report.result.sessions, "session")
        picture.show(
            lambda width, height: hindsight_lines(report, width)[:height],
            title=line(
                ("Hindsight", "bold $heading"),
                (f" · {sessions} of the last {HINDSIGHT_DAYS // 7} weeks, had they compacted …", "$dim"),
            ),
            note=line(("modelled; the last column is the share of the best", "$dim")),
        )

    def table_changed(self) -> None:
        """Name the panel."""
        panel = self.query_one("#nudges-panel")
        title = [("Log", "bold $heading"), (" · latest first", "$dim"), ("; promises are modelled", "$dim")]
        table = self.table
        title_line = fitting([line(part) for part in title], border_room(panel))
        label(panel, title_line, line((table.position(), "$dim")))
        if self.part is not None:
            report, row = self.part.report, table.selected
            self.query_one("#nudges-outcome", Picture).show(
                lambda width, height: outcome_and_words(report, row, width, height)
            )

    # -- keys -------------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Show the inputs of the nudge under the cursor."""
        row = self.table.selected
        if row is not None:
            self.dashboard.push_screen(
                ReadScreen(f"{kind_words(row.kind)}: {fate(row)}", lambda width: input_lines(row, width))
            )

    def action_switch(self) -> None:
        """Ask which kind to switch on or off."""
        if self.part is None:
            return
        kinds = {one.kind: one for one in self.part.report.kinds}

        def chosen(kind: str) -> None:
            self.dashboard.edit(SwitchKind(kind, speaks=kinds[kind].state != "on"))

        name_width = max(map(len, kinds))
        options = [
            (
                one.kind,
                line(
                    _STATES[one.state],
                    (f" {kind_words(one.kind):<{name_width}}", ""),
                    (f"  {NUDGE_KINDS[one.kind]}{_STATE_WORDS[one.state]}", "$dim"),
                ),
            )
            for one in kinds.values()
        ]
        self.dashboard.ask(ChooseScreen("Kinds of nudge", options), chosen)


def outcome_lines(report: NudgeReport, width: int) -> list[Content]:
    """How many were shown and followed, and the outcome of followed ones against their forecast."""
    shown = sum(one.shown for one in report.kinds)
    observed, followed = sum(one.observed for one in report.kinds), sum(one.followed for one in report.kinds)
    dismissed = sum(one.dismissed for one in report.kinds)
    head = [line((f"{shown:,}", "bold"), (" shown", "$dim"))]
    if observed:
        head.append(line((f"  {followed:,}", "bold $good"), (f" of {observed:,} followed", "$dim")))
    elif shown:
        head.append(line(("  outcome not known yet", "$dim")))
    head.append(line((f"  {dismissed:,}", "bold"), (" dismissed", "$dim")))
    lines = [fitting(head, width)]
    saved = sum(one.forecast_nano - one.actual_nano for one in report.realised)
    if report.realised:
        words = "saved" if saved >= 0 else "cost more"
        figure = (f"~{short_usd(abs(saved))}", "bold $good" if saved >= 0 else "bold $bad")
        outcome = line((f"{len(report.realised):,} followed {words} ", "$dim"), figure)
        lines.append(fitting([outcome, line((" on the forecast", "$dim"))], width))
    if report.open_promises:
        lines.append(line(("promised, not followed ", "$dim"), (f"~{short_usd(report.open_promises)}", "bold")))
    return [one.truncate(width, ellipsis=True) for one in lines]


def outcome_and_words(report: NudgeReport, row: NudgeRow | None, width: int, height: int) -> list[Content]:
    """The counts, and the full text of the nudge under the cursor, which its column may have cut."""
    lines = outcome_lines(report, width)
    if row is None or not row.text:
        return lines
    return [*lines, *nudge_lines(row.text, width, height - len(lines))]


def kind_lines(kinds: Sequence[KindSummary], width: int, height: int) -> list[Content]:
    """Sign, name, and how often each kind was followed if known; in two columns if they fit."""
    made = []
    for one in kinds:
        sign, style = _STATES[one.state]
        figures = f"{one.followed}/{one.observed}" if one.observed else "–" if one.shown else ""
        made.append(
            line((sign, style), " ", (fit(kind_words(one.kind), 14), ""), (fit(figures, 6, right=True), "$dim"))
        )
    columns = 2 if len(made) > height and width >= 48 else 1
    rows = -(-len(made) // columns)
    lines = [Content("   ").join(made[index] for index in range(row, len(made), rows)) for row in range(rows)]
    if len(lines) <= height:
        return lines
    return [*lines[: height - 1], line((f"{len(lines) - height + 1} more", "$dim"))]
