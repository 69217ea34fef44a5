"""Every setting with its description, value and origin; parses and formats values.

Names, descriptions and types come from `tracker.settings`; the command, the dashboard and docs/plans.md all list these.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from types import NoneType
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from tracker.clock import today
from tracker.errors import UsageError
from tracker.plan_data.login import detected_plan
from tracker.plan_data.table import plans_on
from tracker.settings import (
    THEMES,
    CapacitySettings,
    Settings,
    SettingsError,
    read_toml,
    refuse_wrong,
    settings_path,
    usable_settings,
)

PROJECTS = "budget.projects"
CAPACITY = "capacity"
_YES_NO = {"yes": True, "no": False, "true": True, "false": False, "on": True, "off": False}
_FORMS = {bool: "yes or no", int: "a whole number", float: "a number", str: "text"}
_AMOUNT = "dollars"
_THOUSANDS = re.compile(r"\d{1,3}(,\d{3})+(\.\d*)?")


class Setting(NamedTuple):
    """A key of the settings. In tables with names of the user's own, PLAN or TEXT stands for the name."""

    section: str
    key: str
    does: str
    form: str  # what may be typed
    kind: type  # of the value, or of a list's items
    is_list: bool
    default: object

    @property
    def name(self) -> str:
        """Section and key, as in `plan.id`."""
        return f"{self.section}.{self.key}"

    @property
    def is_of_table(self) -> bool:
        """Whether each plan or project may have one."""
        return self.section.startswith((f"{CAPACITY}.", PROJECTS))


class SettingRow(NamedTuple):
    """A setting and its value; `origin`: default, file, or login (the plan of this machine's login)."""

    setting: Setting
    value: object
    origin: str

    def as_json(self) -> dict[str, Any]:
        """JSON form; values as in the file."""
        setting = self.setting
        return {
            "name": setting.name,
            "value": self.value,
            "origin": self.origin,
            "default": setting.default,
            "does": setting.does,
            "form": setting.form,
        }


def _settings_of(section: str, kind: type) -> Iterator[Setting]:
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        layers = list(_layers(hints[field.name]))
        plain = layers[-1]
        origins: set[object] = set(map(get_origin, layers))
        metas = [meta for layer in layers if get_origin(layer) is Annotated for meta in layer.__metadata__]
        made = Setting(
            section,
            field.name,
            does=next(meta.description for meta in metas if meta.description),
            form=next((meta.title for meta in metas if meta.title), _FORMS[plain]),
            kind=plain,
            is_list=tuple in origins,
            default=field.default,
        )
        yield made._replace(section=made.name, key="TEXT", default=None) if dict in origins else made


def _layers(hint: Any) -> Iterator[Any]:
    """A type, and what it wraps down to a plain one: a union with None, a tuple's items, a dict's values, notes."""
    yield hint
    wrapped = [part for part in get_args(hint) if part not in (NoneType, ...) and not isinstance(part, msgspec.Meta)]
    if wrapped:
        yield from _layers(wrapped[-1])


SETTINGS = tuple(
    setting
    for section in msgspec.structs.fields(Settings)
    for setting in (
        _settings_of(f"{CAPACITY}.PLAN", CapacitySettings)
        if section.name == CAPACITY
        else _settings_of(section.name, section.type)
    )
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}


def setting_of(name: str) -> Setting:
    """The setting with this name; if there is none, SettingsError with what would be right."""
    section, _, key = name.rpartition(".")
    found = _BY_NAME.get(name)
    if found and found.is_of_table:
        wanted = "part of a project's path for TEXT" if section == PROJECTS else "a plan's id for PLAN"
        raise SettingsError(f"{name}: put {wanted}")
    if found:
        return found
    if name.startswith(f"{PROJECTS}.") and (project := name.removeprefix(f"{PROJECTS}.")):
        return _of_project(project)
    if section.startswith(f"{CAPACITY}.") and (found := _BY_NAME.get(f"{CAPACITY}.PLAN.{key}")):
        return found._replace(section=section)
    near = [one.name for one in SETTINGS if one.key == (key or name) and not one.is_of_table]
    sections = {one.section.partition(".")[0]: None for one in SETTINGS if not section_of(name)}
    near = near or difflib.get_close_matches(name, [*sections, *_BY_NAME], n=2)
    guess = f": did you mean {' or '.join(near)}?" if near else ""
    raise SettingsError(f"there is no setting {name!r}{guess} (taximeter settings lists them)")


def _of_project(text: str) -> Setting:
    setting = _BY_NAME[f"{PROJECTS}.TEXT"]
    return setting._replace(key=text, does=setting.does.replace("TEXT", text))


def section_of(name: str) -> tuple[Setting, ...]:
    """The settings of a section such as "plan" or "capacity.max"; empty if there is no such section."""
    if name.startswith(f"{CAPACITY}.") and name.count(".") == 1:
        return tuple(one._replace(section=name) for one in section_of(CAPACITY))
    return tuple(one for one in SETTINGS if one.section.partition(".")[0] == name or one.section == name)


def choices(setting: Setting) -> tuple[str, ...]:
    """The only values that a setting accepts; empty if it accepts others. SettingsError if plans.toml is invalid."""
    if setting.kind is bool:
        return ("yes", "no")
    if setting.name == "plan.id":
        return tuple(plans_on(today().isoformat()))
    if setting.name == "nudges.kinds":
        from tracker.advisor.evaluate import KINDS  # 50 ms

        return KINDS
    return THEMES if setting.name == "display.theme" else ()


def choices_to_show(setting: Setting) -> tuple[str, ...]:
    """The same for people to read: none, too, if plans.toml is wrong."""
    try:
        return choices(setting)
    except UsageError:
        return ()


def setting_rows(wanted: Iterable[Setting] = SETTINGS) -> list[SettingRow]:
    """Rows with the usable values; for tables with names of the user's own, one row per name in the file."""
    try:
        settings, table = usable_settings()[0], read_toml(settings_path())
    except SettingsError:  # no TOML
        settings, table = Settings(), {}
    rows = []
    for setting in wanted:
        given = _in_table(settings, table, setting) or [setting]
        rows += [SettingRow(one, value_of(one, settings), _origin(one, table)) for one in given]
    login = detected_plan()
    return [
        row._replace(value=login, origin="login") if row.setting.name == "plan.id" and not row.value and login else row
        for row in rows
    ]


def value_of(setting: Setting, settings: Settings) -> object:
    """The value of a setting; None if it is unset and has no default."""
    if setting.section == PROJECTS:
        return settings.budget.projects.get(setting.key)
    section: object = getattr(settings, setting.section, None)
    if setting.section.startswith(f"{CAPACITY}."):
        section = settings.capacity.get(setting.section.partition(".")[2])
    return getattr(section, setting.key, setting.default)


def shown(setting: Setting, value: object) -> str:
    """A value as text for people; a dash for None."""
    if value is None:
        return "–"
    return f"${value:,.2f}" if setting.form == _AMOUNT and isinstance(value, float) else typed(value)


def typed(value: object) -> str:
    """A value as the user would type it; "" for None."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return " ".join(map(typed, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def parsed(setting: Setting, text: str) -> object:
    """The value that typed text stands for, None for empty text; SettingsError says what is accepted."""
    if not text.strip():
        return None
    if setting.section.startswith(f"{CAPACITY}."):
        _refuse_word(setting.section, setting.section.partition(".")[2], tuple(plans_on(today().isoformat())))
    words = re.split(r"[,\s]+", text.strip(", \t")) if setting.is_list else [text.strip()]
    values = [_parsed_word(setting, word) for word in words]
    value = values if setting.is_list else values[0]
    refuse_wrong(setting.section, setting.key, value)
    return value


def _parsed_word(setting: Setting, word: str) -> bool | float | str:
    if setting.kind is bool:
        if word.lower() not in _YES_NO:
            raise SettingsError(f"{setting.name}: yes or no, not {word!r}")
        return _YES_NO[word.lower()]
    if setting.kind is str:
        known = choices(setting)
        if known:
            _refuse_word(setting.name, word, known)
        return word.upper() if setting.name == "display.currency" else word
    number = word.lstrip("$")
    number = number.replace(",", "") if _THOUSANDS.fullmatch(number) else number
    try:
        value = float(number)
        return int(value) if value == int(value) else value
    except (ValueError, OverflowError):
        raise SettingsError(f"{setting.name}: not a number: {word!r} ({setting.form})") from None


def _refuse_word(place: str, word: str, known: Iterable[str]) -> None:
    if word not in known:
        raise SettingsError(f"{place}: there is no {word!r} (known: {', '.join(known)})")


def _in_table(settings: Settings, table: dict[str, Any], setting: Setting) -> list[Setting]:
    """One setting per name in the user's file, if `setting` has a placeholder (PLAN, TEXT); else empty."""
    if setting.name not in _BY_NAME:
        return []
    if setting.section == PROJECTS:
        return [_of_project(text) for text in settings.budget.projects]
    if setting.section.startswith(f"{CAPACITY}."):
        given = [plan for plan in settings.capacity if setting.key in table[CAPACITY][plan]]
        return [setting._replace(section=f"{CAPACITY}.{plan}") for plan in given]
    return []


def _origin(setting: Setting, table: Any) -> str:
    for name in (*setting.section.split(".", 1), setting.key):
        if not isinstance(table, dict) or name not in table:
            return "default"
        table = table[name]
    return "file"
