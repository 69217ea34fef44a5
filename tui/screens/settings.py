"""Settings: every one that the dashboard can change, with its value; enter changes it and writes it back."""

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from tracker.settings import Settings
from tui.edits import SetSetting
from tui.screens.questions import AskScreen, ChooseScreen, Panel, framed
from tui.settings_list import SETTINGS, Setting, shown, trouble_with, typed
from tui.widgets.columns import Column
from tui.widgets.grid import fitting, line
from tui.widgets.picture import border_room, label
from tui.widgets.table import Table

if TYPE_CHECKING:
    from tui.app import Dashboard


class SettingsScreen(Panel[None]):
    """A list over the screen; it stays open until it is closed."""

    BINDINGS: ClassVar = [
        Binding("escape,q,comma", "dismiss", "Close.", show=False),
        Binding("enter", "change", "Change the setting.", show=False),
    ]

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    @property
    def _dashboard(self) -> "Dashboard":
        return self.app  # type: ignore[return-value]  # the only app there is

    def compose(self) -> ComposeResult:
        """Name, value, and what it may be."""
        columns: tuple[Column[Setting], ...] = (
            Column("setting", 18, lambda one: one.title),
            Column("value", 12, lambda one: shown(one, self._settings), style="bold $taxi", stretches=True),
            Column("", 12, lambda one: one.hint, rank=1, grows=True, style="$dim"),
        )
        with framed(Vertical(classes="over reading settings"), "Settings", ""):
            yield Table(columns, lambda one: one.name, moved=self._say_place)

    def _say_place(self) -> None:
        """Say which settings are in sight."""
        panel = self.query_one(".settings")
        words = (self.query_one(Table).position(), " · enter changes", ", esc closes")
        label(panel, note=fitting([line(part) for part in words], border_room(panel)))

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(Table).set_rows(SETTINGS)

    def renew(self) -> None:
        """Show values that were written meanwhile."""
        if self._dashboard.snapshot is not None:
            self._settings = self._dashboard.snapshot.settings
            self.query_one(Table).set_rows(SETTINGS)

    def action_change(self) -> None:
        """Ask for the value of the setting under the cursor."""
        setting: Setting | None = self.query_one(Table).selected
        if setting is None:
            return
        question: Panel[str | None]
        if setting.choices:
            question = ChooseScreen(setting.title, setting.choices)
        else:
            question = AskScreen(
                setting.title,
                typed(setting, self._settings),
                setting.hint,
                may_be_empty=True,
                trouble_with=partial(trouble_with, setting.name),
            )
        dashboard = self._dashboard
        dashboard.ask(question, lambda value: dashboard.edit(SetSetting(setting.name, value)))
