"""The settings that advice depends on, in the form in which it is used."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tracker.advisor.evaluate import KINDS, OFF_BY_DEFAULT
from tracker.settings import Settings, SettingsError, nano, set_value, settings_path, usable_settings


@dataclass(frozen=True, slots=True)
class Preferences:
    """How the user wants to be advised; amounts in nano-dollars."""

    enabled: frozenset[str] = frozenset(KINDS) - OFF_BY_DEFAULT
    quiet: bool = False
    desktop: bool = False
    day_budget: int | None = None
    task_budget: int | None = None
    hard_stop: bool = False  # budgets hold the next prompt back, instead of only telling
    plan: str | None = None

    @property
    def off(self) -> frozenset[str]:
        """Kinds that are switched off."""
        return frozenset(KINDS) - self.enabled


def preferences_of(settings: Settings) -> Preferences:
    """The part of the settings that advice reads."""
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


def switch_kind(settings: Settings, kind: str, *, speaks: bool) -> None:
    """Write into the user's settings that a kind of nudge may speak, or that it may not."""
    known = preferences_of(settings).enabled
    wanted = known | {kind} if speaks else known - {kind}
    set_value("nudges", "kinds", [one for one in KINDS if one in wanted])


class PreferenceReader:
    """Reads the settings again only when their file changed.

    A mistake in them leaves the last good ones, and where there were none what can be used of them.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or settings_path()
        self._stamp: tuple[int, int] | None = None
        self._known = Preferences()
        self._has_good = False

    def read(self) -> Preferences:
        """The preferences as of now."""
        try:
            facts = self._path.stat()
            stamp = (facts.st_mtime_ns, facts.st_size)
        except OSError:
            self._stamp, self._known, self._has_good = None, Preferences(), False
            return self._known
        if stamp != self._stamp:
            self._stamp = stamp
            with suppress(SettingsError):  # whoever runs a command is told; a watcher goes on
                usable, trouble = usable_settings(self._path)
                if not (trouble and self._has_good):
                    self._known, self._has_good = preferences_of(usable), not trouble
        return self._known
