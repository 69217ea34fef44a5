"""Settings: each that fits a line, with its value and what it does; enter edits and saves one."""

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical

from tracker.reports.settings import SETTINGS, Setting, choices_to_show, parsed, shown, typed, value_of
from tracker.settings import Settings, SettingsError, check_value
from tui.edits import SetSetting
from tui.screens.questions import AskScreen, ChooseScreen, Panel, framed
from tui.widgets.columns import Column
from tui.widgets.grid import fitting, line
from tui.widgets.picture import border_room, label
from tui.widgets.table import Table

if TYPE_CHECKING:
    from tui.app import Dashboard


# Left out: kinds of nudges have their own screen, and only the hooks know the status line's segments.
LISTED = tuple(one for one in SETTINGS if not one.is_of_table and one.name not in ("nudges.kinds", "statusline.format"))


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
        """Name, value, and what it does."""
        columns: tuple[Column[Setting], ...] = (
            Column("setting", 21, lambda one: one.name),
            Column(
                "value", 12, lambda one: shown(one, value_of(one, self._settings)), style="bold $taxi", stretches=True
            ),
            Column("", 12, lambda one: one.does, rank=1, grows=True, style="$dim"),
        )
        with framed(Vertical(classes="over reading settings"), "Settings", ""):
            yield Table(columns, lambda one: one.name, moved=self._say_place)

    def _value(self, setting: Setting) -> str:
        return shown(setting, value_of(setting, self._settings))

    def _say_place(self) -> None:
        """Say which settings are in sight."""
        panel = self.query_one(".settings")
        words = (self.query_one(Table).position(), " · enter changes", ", esc closes")
        label(panel, note=fitting([line(part) for part in words], border_room(panel)))

    def on_mount(self) -> None:
        """Fill the list."""
        self.query_one(Table).set_rows(LISTED)

    def renew(self) -> None:
        """Show values that were written meanwhile."""
        if self._dashboard.snapshot is not None:
            self._settings = self._dashboard.snapshot.settings
            self.query_one(Table).set_rows(LISTED)

    def action_change(self) -> None:
        """Ask for the value of the setting under the cursor."""
        setting: Setting | None = self.query_one(Table).selected
        if setting is None:
            return
        question: Panel[str | None]
        words = choices_to_show(setting)
        if setting.default is not None and words:
            question = ChooseScreen(setting.name, [(word, word) for word in words], about=setting.does)
        else:
            question = AskScreen(
                setting.name,
                typed(value_of(setting, self._settings)),
                f"{setting.form}; empty: the default",
                about=f"{setting.does} ({', '.join(words)})" if words else setting.does,
                may_be_empty=True,
                trouble_with=partial(_trouble_with, setting),
            )
        dashboard = self._dashboard
        dashboard.ask(question, lambda value: dashboard.edit(SetSetting(setting.name, value)))


def _trouble_with(setting: Setting, text: str) -> str:
    """Why typed text would be refused; "" if it would not."""
    try:
        check_value(setting.section, setting.key, parsed(setting, text))
    except SettingsError as error:
        return str(error)
    return ""
