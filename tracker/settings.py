"""The user's settings: `settings.toml` in the state folder, read into types, written back line by line.

An unknown key is an error, never a setting that silently does nothing; background work goes on with the usable keys.
Amounts are dollars in the file and integer nano-dollars here. `set_value` changes one line and keeps all others,
comments included.
"""

import os
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec

from store.folder_lock import folder_lock
from store.ledger import home
from store.money import nano_from_float
from tracker.errors import UsageError
from tracker.file_stamp import FileStamp, file_stamp
from tracker.toml_edit import with_value

SETTINGS_NAME = "settings.toml"
DEFAULT_ALERT_SHARES = (0.5, 0.8, 1.0)
THEMES = ("dark", "light", "colour-blind")

Change = tuple[str, str, Any]  # section, key, value; None removes the key

# The upper bounds exclude infinity; a title says what may be typed.
_Share = Annotated[float, msgspec.Meta(ge=0, le=1, title="a share, as 0.2")]
_Amount = Annotated[float, msgspec.Meta(ge=0, le=1e9, title="dollars")]
_Multiplier = Annotated[float, msgspec.Meta(ge=1, le=1e6, title="1 or more, as 1.1")]


class SettingsError(UsageError):
    """Which setting is invalid, in which file, and what is accepted."""


def _does(what: str) -> msgspec.Meta:
    """Describe a setting in one line, for the command, the dashboard and the documentation."""
    return msgspec.Meta(description=what)


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all sections: an unknown key is an error."""


class PlanSettings(_Section, frozen=True):
    """[plan]: how this person pays, and what a plan may do to their work."""

    id: Annotated[str | None, _does("plan id or api; unset: the login's plan")] = None
    seats: Annotated[int, msgspec.Meta(ge=1, le=100_000), _does("seats paid for, which share the work")] = 1
    annual: Annotated[bool, _does("compare at yearly prices, if offered")] = False
    tax: Annotated[_Share, _does("share added to every price, as 0.19")] = 0.0
    tolerance: Annotated[_Share, _does("share of months work may be blocked in")] = 0.2
    extra_usage: Annotated[bool, _does("above a limit, continue at API prices")] = True
    active_days: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=31)] | None, _does("working days a month; unset: observed")
    ] = None


class CapacitySettings(_Section, frozen=True):
    """[capacity.PLAN]: API-equivalent dollars that fit in a week and in five hours."""

    low: Annotated[_Amount | None, _does("dollars per week, at least")] = None
    mid: Annotated[_Amount | None, _does("dollars per week, probably")] = None
    high: Annotated[_Amount | None, _does("dollars per week, at most")] = None
    five_hour_low: Annotated[_Amount | None, _does("dollars per 5 hours, at least")] = None
    five_hour_mid: Annotated[_Amount | None, _does("dollars per 5 hours, probably")] = None
    five_hour_high: Annotated[_Amount | None, _does("dollars per 5 hours, at most")] = None
    unknown: Annotated[bool, _does("hide the published figures")] = False
    source: Annotated[str, _does("where these figures are from")] = "your settings"


class BudgetSettings(_Section, frozen=True):
    """[budget]: amounts in dollars, and the layers above the measured workload."""

    day: Annotated[_Amount | None, _does("dollars per day")] = None
    week: Annotated[_Amount | None, _does("dollars per week")] = None
    month: Annotated[_Amount | None, _does("dollars per month")] = None
    task: Annotated[_Amount | None, _does("dollars per task")] = None
    alerts: Annotated[
        tuple[Annotated[float, msgspec.Meta(gt=0, le=10, title="shares, as 0.5 0.8 1")], ...],
        _does("shares of a budget that raise an alert"),
    ] = DEFAULT_ALERT_SHARES
    retry: Annotated[_Multiplier | None, _does("retry multiplier; unset: measured")] = None
    abandoned: Annotated[_Multiplier | None, _does("abandonment multiplier; unset: measured")] = None
    waste: Annotated[_Multiplier | None, _does("waste multiplier; unset: measured")] = None
    buffer: Annotated[_Share, _does("share added to a planned month")] = 0.2
    hard_stop: Annotated[bool, _does("block prompts over day or task budget")] = False
    projects: Annotated[dict[str, _Amount], _does("monthly dollars for paths with TEXT")] = {}


class StatuslineSettings(_Section, frozen=True):
    """[statusline]; the status line itself reads the file without this module, for speed."""

    format: Annotated[
        Annotated[str, msgspec.Meta(title="text with {task} {today} {context} {cache} {limits} {nudge}")] | None,
        _does("template: {task} · {context} · {nudge}"),
    ] = None


class NudgeSettings(_Section, frozen=True):
    """[nudges]: which nudges are shown, when and where."""

    kinds: Annotated[tuple[str, ...] | None, _does("kinds to show; unset: the default kinds")] = None
    quiet: Annotated[bool, _does("show nudges later and less often")] = False
    desktop: Annotated[bool, _does("also show nudges as desktop notices")] = False


class TaskSettings(_Section, frozen=True):
    """[tasks]: how starts of tasks are found."""

    own_weights: Annotated[bool, _does("learn task starts from your corrections")] = True


class PrivacySettings(_Section, frozen=True):
    """[privacy]: what is kept of prompts."""

    prompt_chars: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=10_000)] | None,
        _does("prompt characters kept; unset: 200"),
    ] = None


class DisplaySettings(_Section, frozen=True):
    """[display]: a second currency at the user's own rate; the dashboard's colours."""

    currency: Annotated[
        str, msgspec.Meta(pattern="^[A-Z]{3}$", title="three letters"), _does("beside the dollars, once a rate is set")
    ] = "USD"
    currency_rate: Annotated[float, msgspec.Meta(gt=0, le=1e9), _does("units of that currency for one dollar")] = 1.0
    theme: Annotated[str, _does("colours of the dashboard")] = THEMES[0]


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
    """Path of the user's settings; the file need not exist."""
    return home() / SETTINGS_NAME


def load_settings() -> Settings:
    """Read the settings, all defaults without a file; SettingsError if one is invalid."""
    return _converted(read_toml(settings_path()))


def usable_settings() -> tuple[Settings, str]:
    """The valid settings, and a sentence on what is wrong with the others ("" if nothing is).

    If `prompt_chars` is invalid or misplaced, no words of prompts are kept. SettingsError if the file is not TOML.
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
        # An amount at a rate that the user did not state would be wrong.
        used = msgspec.structs.replace(used, display=DisplaySettings(theme=used.display.theme))
    return used, trouble


class LiveSettings:
    """The valid settings at any time: read again only when the file changed."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.stamp: FileStamp | None = None  # changes whenever the file does
        self.trouble = ""  # what is wrong with the file, as a sentence

    def read(self) -> Settings:
        """The current settings; the last valid ones while the file is not TOML."""
        stamp = file_stamp(settings_path())
        if stamp != self.stamp or stamp is None:
            self.stamp = stamp
            try:
                self.settings, self.trouble = usable_settings()
            except SettingsError as error:
                self.trouble = str(error)
        return self.settings


def usable_prompt_chars() -> int | None:
    """How many opening characters of a prompt may be kept; None if the user did not set it.

    0 if the setting is invalid, or if the file is not TOML but mentions prompts.
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


def set_values(changes: Iterable[Change]) -> Settings:
    """`set_value` several times: all of them, or with a SettingsError none."""
    return change_settings(lambda: changes)


def change_settings(make_changes: Callable[[], Iterable[Change]]) -> Settings:
    """`set_values` for changes that depend on the settings as they are: no other process changes them meanwhile."""
    path = settings_path()
    with suppress(OSError):  # _write says what is wrong
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with folder_lock(path.parent, is_shared=False):
        text = _text_of(path)
        for section, key, value in make_changes():
            text = _changed(text, section, key, value)
        _write(path, text)
    return _parsed(text)


def check_value(section: str, key: str, value: Any) -> None:
    """SettingsError if `set_value` would refuse this."""
    _changed(_text_of(settings_path()), section, key, value)


def refuse_wrong(section: str, key: str, value: Any) -> None:
    """SettingsError if the value is not one of this setting's type, whatever the file holds."""
    table = {key: value}
    for name in reversed(section.split(".", 1)):
        table = {name: table}
    try:
        msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(_in_words(str(error))) from error


def _changed(text: str, section: str, key: str, value: Any) -> str:
    _table_of(text, settings_path())
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
        ("`str` matching regex '^[A-Z]{3}$'", "three capital letters"),
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
