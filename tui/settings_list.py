"""The settings that the dashboard can change: what they are called, what they may be, and how they are written back."""

from operator import attrgetter
from typing import NamedTuple

from tracker.clock import today
from tracker.plan_data.table import plans_on, refuse_unknown
from tracker.settings import THEMES, Settings, SettingsError, check_value


class Setting(NamedTuple):
    """One line of the settings screen; `name` is section and key of settings.toml."""

    name: str
    title: str
    hint: str  # what may be typed, or why it matters
    choices: tuple[tuple[str, str], ...] = ()  # (value, words); empty: a line is typed
    kind: str = "text"  # text | amount | whole | share | number


_YES_NO = (("yes", "yes"), ("no", "no"))

SETTINGS: tuple[Setting, ...] = (
    Setting("plan.id", "plan", "pro, max, ultra, api, …"),
    Setting("plan.seats", "seats", "a whole number", kind="whole"),
    Setting("plan.annual", "yearly contract", "compare at yearly prices", _YES_NO),
    Setting("plan.tax", "tax", "a share on top of every price: 0.19", kind="share"),
    Setting("plan.extra_usage", "extra usage", "above a limit, go on at API prices", _YES_NO),
    Setting("plan.tolerance", "tolerance", "share of months with blocked work", kind="share"),
    Setting("budget.day", "budget a day", "dollars; empty takes it away", kind="amount"),
    Setting("budget.week", "budget a week", "dollars; empty takes it away", kind="amount"),
    Setting("budget.month", "budget a month", "dollars; empty takes it away", kind="amount"),
    Setting("budget.task", "budget a task", "dollars; empty takes it away", kind="amount"),
    Setting("budget.buffer", "planning buffer", "a share: 0.2", kind="share"),
    Setting("tasks.own_weights", "learn task starts", "from your corrections", _YES_NO),
    Setting("nudges.quiet", "quiet nudges", "later and rarer", _YES_NO),
    Setting("nudges.desktop", "desktop notices", "nudges on the desktop, too", _YES_NO),
    Setting("privacy.prompt_chars", "prompt words kept", "characters; 200 unless set, 0 keeps none", kind="whole"),
    Setting("display.currency", "currency", "shown beside the dollar: EUR"),
    Setting("display.currency_rate", "rate", "units for one dollar: 0.92", kind="number"),
    Setting("display.theme", "theme", "colours", tuple((name, name) for name in THEMES)),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def shown(setting: Setting, settings: Settings) -> str:
    """The value as people read it."""
    value = attrgetter(setting.name)(settings)
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if setting.kind == "amount" and isinstance(value, float | int):
        return f"${value:,.2f}"
    return _written(value)


def typed(setting: Setting, settings: Settings) -> str:
    """The value as it would be typed."""
    value = attrgetter(setting.name)(settings)
    return "" if value is None else _written(value)


def _written(value: object) -> str:
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def parsed(name: str, text: str) -> object:
    """What is written for a typed value, None to take the setting away; SettingsError if it cannot be read."""
    setting, text = _BY_NAME[name], text.strip()
    if setting.choices == _YES_NO:
        return text == "yes"
    if not text:
        return None
    if name == "plan.id":
        refuse_unknown(text, plans_on(today().isoformat()))
    if setting.kind == "text":
        return text.upper() if name == "display.currency" else text
    cleaned = text.lstrip("$").replace(",", "")
    try:
        return int(cleaned) if setting.kind == "whole" else float(cleaned)
    except ValueError:
        raise SettingsError(f"{setting.title}: not a number: {text!r} ({setting.hint})") from None


def trouble_with(name: str, text: str) -> str:
    """Why a typed value would be refused, "" if it would not."""
    section, _, key = name.rpartition(".")
    try:
        check_value(section, key, parsed(name, text))
    except SettingsError as error:
        return str(error)
    return ""
