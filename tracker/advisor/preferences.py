"""The settings that advice depends on."""

from collections.abc import Callable
from dataclasses import dataclass

from tracker.advisor.evaluate import KINDS, OFF_BY_DEFAULT
from tracker.settings import Change, LiveSettings, Settings, change_settings, nano


@dataclass(frozen=True, slots=True)
class Preferences:
    """How the user wants to be advised; amounts in nano-dollars."""

    enabled: frozenset[str] = frozenset(KINDS) - OFF_BY_DEFAULT
    quiet: bool = False
    desktop: bool = False
    day_budget: int | None = None
    task_budget: int | None = None
    hard_stop: bool = False  # a used-up budget blocks the next prompt
    plan: str | None = None

    @property
    def off(self) -> frozenset[str]:
        """Kinds that are switched off."""
        return frozenset(KINDS) - self.enabled


def preferences_of(settings: Settings) -> Preferences:
    """The preferences in these settings."""
    kinds = settings.nudges.kinds
    return Preferences(
        enabled=Preferences().enabled if kinds is None else frozenset(kinds),
        quiet=settings.nudges.quiet,
        desktop=settings.nudges.desktop,
        day_budget=nano(settings.budget.day),
        task_budget=nano(settings.budget.task),
        hard_stop=settings.budget.hard_stop,
        plan=settings.plan.id,
    )


def switch_kind(read: Callable[[], Settings], kind: str, *, speaks: bool) -> None:
    """Switch a kind of nudge on or off in the user's settings, which `read` returns as they are."""

    def changes() -> list[Change]:
        known = preferences_of(read()).enabled
        enabled = known | {kind} if speaks else known - {kind}
        return [("nudges", "kinds", [each for each in KINDS if each in enabled])]

    change_settings(changes)


class PreferenceReader:
    """Reads the current preferences. If the settings become invalid, the last valid ones stay."""

    def __init__(self) -> None:
        self._file = LiveSettings()
        self._known = Preferences()
        self._has_good = False

    def read(self) -> Preferences:
        """The current preferences; never raises, so a watcher can go on."""
        settings = self._file.read()
        is_there = self._file.stamp is not None
        if not (self._file.trouble and self._has_good and is_there):
            self._known, self._has_good = preferences_of(settings), is_there and not self._file.trouble
        return self._known
