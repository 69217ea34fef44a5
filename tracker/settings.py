"""The user's settings: `settings.toml` in the state folder, read into types, written back line by line.

A key that is not known is one clear error, never a setting that silently does nothing; whoever works in the background
goes on with the keys that are. Amounts are dollars in the file and integer nano-dollars here. `set_value` changes one
line and keeps every other, comments included.
"""

import os
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec

from store.ledger import home
from store.money import nano_from_float
from tracker.errors import UsageError
from tracker.file_stamp import FileStamp, file_stamp
from tracker.toml_edit import with_value

SETTINGS_NAME = "settings.toml"
DEFAULT_ALERT_SHARES = (0.5, 0.8, 1.0)
THEMES = ("dark", "light", "colour-blind")

# The upper bounds keep infinity out.
_Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
_Multiplier = Annotated[float, msgspec.Meta(ge=1, le=1e6)]


class SettingsError(UsageError):
    """Which setting is wrong, in which file, and what would be right."""


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all sections: an unknown key is an error."""


class PlanSettings(_Section, frozen=True):
    """[plan]: how this person pays, and what a plan may do to their work."""

    id: str | None = None  # a plan's id (taximeter plans --all), or "api"
    seats: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1
    annual: bool = False  # compare at the price of a yearly contract where there is one
    tax: _Share = 0.0  # share that is added to every price: 0.19
    tolerance: _Share = 0.2  # acceptable chance of a month with blocked work; counts when extra usage is off
    extra_usage: bool = True  # work above a limit goes on at API prices; false: it waits
    active_days: Annotated[int, msgspec.Meta(ge=1, le=31)] | None = None  # working days a month; absent: observed


class CapacitySettings(_Section, frozen=True):
    """[capacity.PLAN]: API-equivalent dollars that fit in a week and in five hours; `unknown` hides others."""

    low: _Amount | None = None
    mid: _Amount | None = None
    high: _Amount | None = None
    five_hour_low: _Amount | None = None
    five_hour_mid: _Amount | None = None
    five_hour_high: _Amount | None = None
    unknown: bool = False
    source: str = "your settings"


class BudgetSettings(_Section, frozen=True):
    """[budget]: amounts in dollars, and the layers above the measured workload; an absent multiplier is measured."""

    day: _Amount | None = None
    week: _Amount | None = None
    month: _Amount | None = None
    task: _Amount | None = None
    alerts: tuple[Annotated[float, msgspec.Meta(gt=0, le=10)], ...] = DEFAULT_ALERT_SHARES
    retry: _Multiplier | None = None
    abandoned: _Multiplier | None = None
    waste: _Multiplier | None = None
    buffer: _Share = 0.2
    hard_stop: bool = False  # the next prompt is held back once the day's or the task's amount is used up
    projects: dict[str, _Amount] = {}  # part of a project's path -> dollars a month


class StatuslineSettings(_Section, frozen=True):
    """[statusline]: its template; the status line itself reads the file without this module, for speed."""

    format: str | None = None


class NudgeSettings(_Section, frozen=True):
    """[nudges]: which kinds are shown (absent: the default ones), later and rarer when quiet, also on the desktop."""

    kinds: tuple[str, ...] | None = None
    quiet: bool = False
    desktop: bool = False


class TaskSettings(_Section, frozen=True):
    """[tasks]: whether the user's own corrections may change the weights by which starts of tasks are found."""

    own_weights: bool = True


class PrivacySettings(_Section, frozen=True):
    """[privacy]: how many opening characters of a prompt are kept for titles; 0 keeps none."""

    prompt_chars: Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None = None


class DisplaySettings(_Section, frozen=True):
    """[display]: another currency beside the dollar, at a rate that the user states; the dashboard's colours."""

    currency: Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")] = "USD"
    currency_rate: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 1.0  # units of the currency for one dollar
    theme: str = THEMES[0]


class Settings(_Section, frozen=True):
    """The whole file; every section may be absent."""

    plan: PlanSettings = PlanSettings()
    capacity: dict[str, CapacitySettings] = {}
    budget: BudgetSettings = BudgetSettings()
    statusline: StatuslineSettings = StatuslineSettings()
    nudges: NudgeSettings = NudgeSettings()
    tasks: TaskSettings = TaskSettings()
    privacy: PrivacySettings = PrivacySettings()
    display: DisplaySettings = DisplaySettings()


_SECTIONS: dict[str, Any] = {field.name: field.type for field in msgspec.structs.fields(Settings)}


def settings_path() -> Path:
    """Where the settings of this user are; the file may be absent."""
    return home() / SETTINGS_NAME


def load_settings() -> Settings:
    """Read the settings, all defaults where there is no file; SettingsError if one of them cannot be used."""
    return _converted(read_toml(settings_path()))


def usable_settings() -> tuple[Settings, str]:
    """What can be used of the settings, and what is wrong with the rest as a sentence, "" if nothing is.

    Where it cannot be understood how many, no words of prompts are kept. SettingsError if the file holds no TOML.
    """
    table = read_toml(settings_path())
    try:
        return _converted(table), ""
    except SettingsError as error:
        trouble = str(error)
    used = msgspec.convert(
        {name: _usable_keys(table[name], kind) for name, kind in _SECTIONS.items() if name in table}, Settings
    )
    others = [table, *(section for name, section in table.items() if name != "privacy" and isinstance(section, dict))]
    is_misplaced = any("prompt_chars" in section for section in others)
    if is_misplaced or not _fits(table.get("privacy", {}), PrivacySettings):
        used = msgspec.structs.replace(used, privacy=PrivacySettings(prompt_chars=0))
    if not _fits(table.get("display", {}), DisplaySettings):
        # An amount at a rate that nobody stated would be wrong.
        used = msgspec.structs.replace(used, display=DisplaySettings(theme=used.display.theme))
    return used, trouble


class LiveSettings:
    """What can be used of the settings at any time: read again only where their file changed."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.stamp: FileStamp | None = None  # changes whenever the file does
        self.trouble = ""  # what is wrong with the file, as a sentence

    def read(self) -> Settings:
        """The settings as of now; the last ones while the file holds no TOML."""
        stamp = file_stamp(settings_path())
        if stamp != self.stamp or stamp is None:
            self.stamp = stamp
            try:
                self.settings, self.trouble = usable_settings()
            except SettingsError as error:
                self.trouble = str(error)
        return self.settings


def usable_prompt_chars() -> int | None:
    """How many opening characters of a prompt may be kept; None where the user says nothing about it.

    0 where it cannot be understood how many, and of a file without TOML if it has a word about prompts.
    """
    try:
        return usable_settings()[0].privacy.prompt_chars
    except SettingsError:
        try:
            text = _text_of(settings_path())
        except SettingsError:
            return 0
        return 0 if "prompt" in text or "privacy" in text else None


def _usable_keys(section: Any, kind: Any) -> dict[str, Any]:
    """The keys of a section that can be used, each looked at alone."""
    pairs = section.items() if isinstance(section, dict) else ()
    return {key: value for key, value in pairs if _fits({key: value}, kind)}


def _fits(value: Any, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def read_toml(path: Path) -> dict[str, Any]:
    """What a file of the user's holds, nothing where there is none; SettingsError if it holds no TOML."""
    return _table_of(_text_of(path), path)


def nano(amount: float | None) -> int | None:
    """An amount of the settings in nano-dollars, as it was typed."""
    return None if amount is None else nano_from_float(amount)


def set_value(section: str, key: str, value: Any) -> Settings:
    """Set one key (None removes it), keep all other lines, and return the settings as they are now.

    `section` is a dotted header such as "plan" or "capacity.pro". SettingsError if the result would not be valid: the
    file then stays as it was.
    """
    return set_values([(section, key, value)])


def set_values(changes: Iterable[tuple[str, str, Any]]) -> Settings:
    """`set_value` for (section, key, value) several times: all of them, or with a SettingsError none."""
    text = _text_of(settings_path())
    for section, key, value in changes:
        text = _changed(text, section, key, value)
    _write(settings_path(), text)
    return _parsed(text)


def check_value(section: str, key: str, value: Any) -> None:
    """SettingsError if `set_value` would refuse this."""
    _changed(_text_of(settings_path()), section, key, value)


def _changed(text: str, section: str, key: str, value: Any) -> str:
    _parsed(text)
    made = with_value(text, section, key, value)
    try:
        table = tomllib.loads(made)
    except tomllib.TOMLDecodeError as error:
        form = f"{settings_path()}: [{section}] is written with dotted keys or in braces"
        raise SettingsError(f"{form}: change {key} there by hand") from error
    _converted(table)
    return made


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise SettingsError(f"{path}: not UTF-8") from error


def _parsed(text: str) -> Settings:
    return _converted(_table_of(text, settings_path()))


def _converted(table: dict[str, Any]) -> Settings:
    try:
        return msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{settings_path()}: {_in_words(str(error))}") from error


def _table_of(text: str, path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error


def _in_words(problem: str) -> str:
    """`Expected ... - at `$.plan.tax`` becomes `plan.tax: expected ...`; an unknown key names its section."""
    what, _, where = problem.partition(" - at `$")
    place = where.strip("`.").replace("[...]", "")
    if what.startswith("Object contains unknown field"):
        key = what.split("`")[1]
        section = f"[{place}]" if place else "the file"
        known = ", ".join(_known_keys(place))
        return f"unknown setting {key!r} in {section} (known: {known})"
    what = what.replace(" | null`", "`")
    for word, said in (
        ("`float`", "a number"),
        ("`int`", "a whole number"),
        ("`bool`", "true or false"),
        ("`array`", "a list"),
        ("`str`", "text"),
        ("`object`", "a section"),
    ):
        what = what.replace(word, said)
    return f"{place or 'settings'}: {what[:1].lower()}{what[1:]}"


def _known_keys(place: str) -> tuple[str, ...]:
    section = {**_SECTIONS, "": Settings, "capacity": CapacitySettings}[place.partition(".")[0]]
    return tuple(field.name for field in msgspec.structs.fields(section))


def _write(path: Path, text: str) -> None:
    target = Path(os.path.realpath(path))  # a link to a file kept elsewhere stays one
    temporary = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        temporary.replace(target)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(path)) from error
