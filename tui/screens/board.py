"""Base of the six screens: top line, body, key line, and the states without a body."""

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Input

from tui.keys import Key, footer
from tui.snapshot import Health, Phase, Snapshot
from tui.widgets.empty import being_made, hatched, reading
from tui.widgets.filter_line import FilterLine
from tui.widgets.key_line import KeyLine
from tui.widgets.picture import Drawing, Picture
from tui.widgets.table import Table
from tui.widgets.top_line import TopLine, state_words
from tui.words import day_and_time, month_after

if TYPE_CHECKING:
    from tui.app import Dashboard

# Classes that app.tcss lays out by: the width and the height from which each holds.
WIDTHS = [(0, "-tiny"), (50, "-slim"), (80, "-regular"), (120, "-wide")]
HEIGHTS = [(0, "-low"), (20, "-medium"), (34, "-tall")]

Part = TypeVar("Part")


class Board(Screen[None], Generic[Part]):
    """A screen that draws one part of the snapshot; subclasses say which panels and how."""

    NAME: ClassVar[str]  # also the name of its part of the snapshot
    BEING_MADE: ClassVar[str] = ""  # shown while a slow part is being computed
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    AUTO_FOCUS = "Table"

    part: Part | None = None  # the drawn part

    @property
    def dashboard(self) -> "Dashboard":
        """The app, by its type."""
        return self.app  # type: ignore[return-value]  # the only app there is

    def day_and_time(self, at_ms: int) -> str:
        """A time of the ledger as all screens show it, relative to the app's clock."""
        return day_and_time(at_ms, self.dashboard.clock())

    def compose(self) -> ComposeResult:
        """Top line, body, stand-in for the body, keys."""
        yield TopLine("tasks" if self.NAME == "task" else self.NAME)
        with Container(id="body"):
            yield from self.panels()
        yield Picture(id="instead")
        yield FilterLine()
        yield KeyLine()

    def panels(self) -> ComposeResult:
        """The panels of the body."""
        raise NotImplementedError

    def part_of(self, snapshot: Snapshot) -> Part | None:
        """The part of a snapshot that this screen draws; None if it was not requested or is not ready."""
        part: Part | None = getattr(snapshot, self.NAME)
        return part

    def present(self, part: Part, snapshot: Snapshot) -> None:
        """Draw the screen's part of the snapshot."""
        raise NotImplementedError

    def follow(self, former: str, task: str) -> None:
        """Move a list's cursor along with a task that was merged into another."""

    def tick(self, now_ms: int) -> None:
        """Redraw what depends on the clock; called once a second."""

    def on_mount(self) -> None:
        """Draw the current snapshot."""
        self.renew()

    def on_screen_resume(self) -> None:
        """Draw what arrived while another screen was in front."""
        self.renew()

    def on_resize(self) -> None:
        """The panels change with the size."""
        self.call_after_refresh(self.renew)

    def renew(self) -> None:
        """Draw the app's snapshot and state."""
        if not self.is_composed:
            return
        snapshot = self.dashboard.snapshot
        self.draw_state()
        stand_in = self.stand_in(snapshot, self.dashboard.health)
        picture = self.query_one("#instead", Picture)
        picture.display = stand_in is not None
        self.query_one("#body").display = stand_in is None
        if stand_in is not None:
            picture.show(stand_in)
            return
        part = self.part_of(snapshot) if snapshot is not None else None
        if snapshot is not None and part is not None:
            self.part = part
            self.present(part, snapshot)
            self._focus_again()

    def _focus_again(self) -> None:
        """Focus the table again, which lost the focus while it was hidden."""
        if self.is_current and self.focused is None and self.query(Table):
            self.set_focus(self.table)

    @property
    def is_on_plan(self) -> bool:
        """Whether a plan pays, so that dollars are not what the user pays (Top)."""
        snapshot = self.dashboard.snapshot
        return snapshot is not None and snapshot.top.is_on_plan

    @property
    def is_composed(self) -> bool:
        """Whether the widgets exist: not yet while a screen is composed, no longer while it is removed."""
        return self.is_mounted and bool(self.query(KeyLine))

    def draw_state(self) -> None:
        """Draw the top line and the key line, which follow the clock and the feed."""
        app = self.dashboard
        snapshot, health = app.snapshot, app.health
        state = state_words(health, paused_ms=app.paused_ms, age_ms=app.age_ms, narrow=self.size.width < 66)
        self.query_one(TopLine).show(snapshot.top if snapshot else None, state)
        trouble = health.words if health.phase in (Phase.FAILED, Phase.BUSY, Phase.LIVE) else ""
        if not trouble and snapshot is not None:
            trouble = snapshot.trouble
        has_work = snapshot is None or bool(snapshot.calls)
        self.query_one(KeyLine).show(self.footer_keys() if has_work else footer("any"), trouble)

    def footer_keys(self) -> list[Key]:
        """The keys of the last line, where there is work to show."""
        return footer(self.NAME)

    def stand_in(self, snapshot: Snapshot | None, health: Health) -> Drawing | None:
        """What to draw in place of the body; None if there is something to draw in it."""
        has_work = snapshot is not None and snapshot.calls > 0
        if health.phase is Phase.READING and (health.is_first or not has_work):
            return partial(reading, health.done, health.words)
        if snapshot is None and health.phase is Phase.FAILED:
            return hatched("The ledger cannot be read", health.words, command="taximeter doctor", sign="$bad")
        if snapshot is None or (health.phase is Phase.STARTING and not has_work):
            return partial(being_made, "")
        if not has_work:
            looked = f"looked in {', '.join(snapshot.looked_in)}; the first one appears here by itself"
            elsewhere = "elsewhere: taximeter --claude-dir DIR, a folder that holds projects/"
            return hatched("No sessions yet", looked, elsewhere, command="to see what it does: taximeter demo")
        if self.part_of(snapshot) is not None:
            return None
        if snapshot.request.screen == self.NAME:
            return partial(being_made, self.BEING_MADE)
        # The snapshot is still that of the previous screen: the last drawing stays for a moment.
        return partial(being_made, "") if self.part is None else None

    # -- the month, where a screen has one --------------------------------------------------------------------------

    def action_month(self, step: int) -> None:
        """Show another month, counted from the requested one because keys may come faster than figures."""
        app, snapshot = self.dashboard, self.dashboard.snapshot
        part: Any = self.part
        if snapshot is None or part is None:
            return
        is_drawn = snapshot.request == app.request
        if is_drawn and not (part.month.earlier if step < 0 else part.month.later):
            return
        month = part.month.first if is_drawn or not app.request.month else date.fromisoformat(f"{app.request.month}-01")
        app.request_view(month=month_after(month, step))

    # -- the table, where a screen has one --------------------------------------------------------------------------

    @property
    def table(self) -> "Table[Any]":
        """The table to filter and sort; those keys work only if there is one."""
        return self.query_one(Table)

    def action_filter(self) -> None:
        """Open the filter line in place of the keys, if rows are shown."""
        if not self.query_one("#body").display:
            return
        self._show_filter_line(open_it=True)
        self.query_one(FilterLine).focus()

    def _show_filter_line(self, *, open_it: bool) -> None:
        self.query_one(FilterLine).display = open_it
        self.query_one(KeyLine).display = not open_it

    def action_close_filter(self) -> None:
        """Remove the filter."""
        self.query_one(FilterLine).value = ""
        self._show_filter_line(open_it=False)
        self.table.set_filter("")
        self.table.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter while typing."""
        self.table.set_filter(event.value)

    def on_input_submitted(self) -> None:
        """Keep the filter; the table's border still names it."""
        self._show_filter_line(open_it=False)
        self.table.focus()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.table.sort_by_next()

    def action_reverse(self) -> None:
        """Reverse the sort order."""
        self.table.reverse()

    def action_back(self) -> None:
        """Escape: remove the filter first."""
        if self.query_one(FilterLine).value:
            self.action_close_filter()
