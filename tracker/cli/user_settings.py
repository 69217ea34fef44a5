"""The user's own files for commands: words in settings.toml that would do nothing are refused, too."""

import re
from collections.abc import Iterable, Sequence

from tracker.errors import UsageError
from tracker.settings import THEMES, Settings, load_settings, settings_path


def user_settings() -> Settings:
    """The user's settings; UsageError if they cannot be used, or hold a word that would silently do nothing.

    Such a word may be a segment, a kind of nudge, or a theme.
    """
    settings = load_settings()
    if settings.statusline.format:
        from hooks.status_segments import SEGMENTS

        _refuse("statusline.format", re.findall(r"{(\w+)}", settings.statusline.format), SEGMENTS)
    if settings.nudges.kinds:
        from tracker.advisor.evaluate import KINDS

        _refuse("nudges.kinds", settings.nudges.kinds, KINDS)
    _refuse("display.theme", [settings.display.theme], THEMES)
    return settings


def file_problems() -> list[str]:
    """What is wrong with settings.toml, prices.toml and plans.toml, a sentence a file."""
    from tracker.clock import today
    from tracker.plan_data.table import plans_on
    from tracker.reader_options import price_book

    problems = []
    for look in (user_settings, price_book, lambda: plans_on(today().isoformat())):
        try:
            look()
        except UsageError as error:
            problems.append(str(error))
    return problems


def _refuse(key: str, words: Iterable[str], known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise UsageError(f"{settings_path()}: {key}: there is no {word!r} (known: {', '.join(known)})")
