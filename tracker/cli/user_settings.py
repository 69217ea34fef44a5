"""Loads the user's own files for commands; also rejects values in settings.toml that would have no effect."""

import re
from collections.abc import Callable, Iterable, Sequence

from tracker.errors import UsageError
from tracker.settings import THEMES, Settings, load_settings, settings_path, usable_settings


def user_settings() -> Settings:
    """The user's settings; UsageError if they are invalid or name an unknown segment, kind of nudge or theme."""
    settings = load_settings()
    if settings.statusline.format:
        refuse_segments(settings.statusline.format, f"{settings_path()}: statusline.format")
    if settings.nudges.kinds:
        from tracker.advisor.evaluate import KINDS

        _refuse(f"{settings_path()}: nudges.kinds", settings.nudges.kinds, KINDS)
    _refuse(f"{settings_path()}: display.theme", [settings.display.theme], THEMES)
    return settings


def refuse_segments(template: str, place: str) -> None:
    """UsageError, which begins with `place`, if a template of the status line names a segment that there is not."""
    from hooks.status_segments import SEGMENTS

    _refuse(place, re.findall(r"{(\w+)}", template), SEGMENTS)


def settings_problems() -> list[str]:
    """What is wrong with settings.toml, as sentences."""
    return _problems(user_settings, _refuse_plans)


def file_problems() -> list[str]:
    """What is wrong with settings.toml, prices.toml and plans.toml, one sentence per file."""
    from tracker.clock import today
    from tracker.plan_data.table import plans_on
    from tracker.reader_options import price_book

    return _problems(user_settings, price_book, lambda: plans_on(today().isoformat()), _refuse_plans)


def _refuse_plans() -> None:
    """UsageError if the settings name a plan that there is not, or sizes of limits that cannot be."""
    from tracker.clock import today
    from tracker.plan_data.table import capacities, plans_on, refuse_unknown

    settings, plans = usable_settings()[0], plans_on(today().isoformat())
    if settings.plan.id:
        refuse_unknown(settings.plan.id, plans)
    capacities(plans, settings.capacity)


def _problems(*looks: Callable[[], object]) -> list[str]:
    """The errors that these checks raise, each once."""
    problems: dict[str, None] = {}
    for look in looks:
        try:
            look()
        except UsageError as error:
            problems[str(error)] = None
    return list(problems)


def _refuse(place: str, words: Iterable[str], known: Sequence[str]) -> None:
    for word in words:
        if word not in known:
            raise UsageError(f"{place}: there is no {word!r} (known: {', '.join(known)})")
