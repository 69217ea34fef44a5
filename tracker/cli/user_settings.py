"""settings.toml for commands: what is wrong with it becomes one line and a usage exit code."""

import re
from collections.abc import Iterable, Sequence

from tracker.cli.common import UserError
from tracker.settings import Settings, SettingsError, load_settings, settings_path, usable_settings


def user_settings() -> Settings:
    """The user's settings; UserError if they cannot be used, or hold a word that does nothing."""
    try:
        settings = load_settings()
    except SettingsError as error:
        raise UserError(str(error), exit_code=2) from error
    _refuse_unknown_words(settings)
    return settings


def settings_for_capture() -> Settings:
    """What can be used of the user's settings: no mistake keeps a record from the ledger. UserError if none can."""
    try:
        return usable_settings()[0]
    except SettingsError as error:
        raise UserError(str(error), exit_code=2) from error


def _refuse_unknown_words(settings: Settings) -> None:
    """UserError for a word that would silently do nothing: a segment, a kind of nudge, a theme."""
    if settings.statusline.format:
        from hooks.status_segments import SEGMENTS

        _refuse("statusline.format", re.findall(r"{(\w+)}", settings.statusline.format), SEGMENTS)
    if settings.nudges.kinds:
        from tracker.advisor.evaluate import KINDS

        _refuse("nudges.kinds", settings.nudges.kinds, KINDS)
    from tracker.cli.dashboard import THEMES

    _refuse("display.theme", [settings.display.theme], THEMES)


def _refuse(key: str, words: Iterable[str], known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise UserError(f"{settings_path()}: {key}: there is no {word!r} (known: {', '.join(known)})", exit_code=2)
