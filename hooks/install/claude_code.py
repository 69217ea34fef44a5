"""Installs into Claude Code's settings and uninstalls again, byte for byte if the file was not changed since.

What was there before lies in `<home>/backups`; `<home>/install.json` says which backup belongs to which file, and
`<home>/command` names interpreter and launcher, one a line, for the plugin's shell script.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hooks.install.commands import EVENTS, Program, events_for
from hooks.install.settings_edit import (
    ShapeError,
    mixed_commands,
    plugin_is_enabled,
    with_hooks,
    with_status_line,
    without_hooks,
    without_ours,
)
from hooks.install.settings_file import (
    Change,
    SettingsError,
    SettingsFile,
    parse_settings,
    read_record,
    read_settings,
    render_settings,
    replace_file,
    sha256_of,
    write_change,
    write_record,
)
from hooks.places import launcher

RECORD_NAME = "install.json"
COMMAND_NAME = "command"
BACKUP_FOLDER = "backups"
SETTINGS_NAME = "settings.json"


@dataclass(frozen=True, slots=True)
class InstallPlan:
    """What installing or uninstalling would change in one settings file, and notes on it for the user."""

    change: Change
    notes: tuple[str, ...] = ()


def this_program(home: Path) -> Program:
    """The running installation; SettingsError if it is a temporary one whose paths will disappear."""
    script = launcher()
    if "uv" in Path(script).parts and {"archive-v0", "environments-v2"} & set(Path(script).parts):
        raise SettingsError(
            f"taximeter runs from a temporary folder ({Path(script).parent}) and its hooks would break when that is"
            " deleted: install it first (uv tool install . in its checkout)"
        )
    return Program(sys.executable, script, str(home.absolute()))


def plan_install(
    folder: Path,
    program: Program,
    *,
    version: tuple[int, ...] | None,
    hooks: bool = True,
    status_line: bool = True,
) -> InstallPlan:
    """What installing would change in a Claude Code folder; SettingsError if it cannot be done."""
    file = _settings_of(folder)
    settings, notes = file.settings, []
    if plugin_is_enabled(settings):
        hooks = False
        settings = without_hooks(settings)
        notes.append("the plugin is enabled and provides the hooks: none are written here")
    try:
        if hooks:
            events = events_for(version)
            settings = with_hooks(settings, program, events)
            left_out = [event for event in EVENTS if event not in events]
            if left_out:
                seen = "no `claude` was found" if version is None else f"Claude Code is {'.'.join(map(str, version))}"
                notes.append(
                    f"{seen}: left out {', '.join(left_out)}; old clients reject the whole file over an unknown hook"
                )
        if status_line:
            settings = with_status_line(settings, program)
    except ShapeError as error:
        raise SettingsError(f"cannot add to {file.path}: {error}; nothing was changed") from error
    if settings.get("disableAllHooks"):
        notes.append("disableAllHooks is set in this file: no hook or status line runs until it is removed")
    notes += _notes_of_mixed(settings)
    return InstallPlan(Change(file.path, file.raw, _rendered(settings, file)), tuple(notes))


def install(plan: InstallPlan, program: Program) -> None:
    """Carry out a plan of plan_install: backup, record, then the settings; SettingsError if it cannot be done."""
    home = Path(program.home)
    change = plan.change
    record = _read_record(home)
    try:
        if change.is_needed:
            record["settings"][_key(change.path)] = {
                "installed_at": int(time.time() * 1000),
                "backup": _back_up(home, change, record),
                "after_sha256": sha256_of(change.after or b""),
            }
        record.update(python=program.python, script=program.script)
        write_record(home / RECORD_NAME, record)
        replace_file(home / COMMAND_NAME, f"{program.python}\n{program.script}\n".encode())
    except OSError as error:
        raise SettingsError(f"cannot write {home}: {error.strerror}; nothing was installed") from error
    if change.is_needed:
        write_change(change)


def plan_uninstall(folder: Path, home: Path) -> InstallPlan:
    """What uninstalling would change in a Claude Code folder; SettingsError if the file cannot be read."""
    file = _settings_of(folder)
    if file.raw is None:
        return InstallPlan(Change(file.path, None, None))
    entry = _read_record(home)["settings"].get(_key(file.path))
    left = without_ours(file.settings)
    notes = _notes_of_mixed(left)
    original = _original(entry)
    if original is not None and (_is_untouched(entry, file.raw) or original.settings == left != file.settings):
        return InstallPlan(Change(file.path, file.raw, original.raw), tuple(notes))
    if entry is not None and left != file.settings:
        notes.append("the file has changed since the installation: only Taximeter's entries are removed")
    return InstallPlan(Change(file.path, file.raw, _rendered(left, file)), tuple(notes))


def uninstall(plan: InstallPlan, home: Path) -> None:
    """Carry out a plan of plan_uninstall and remove its record; SettingsError if it cannot be done."""
    if plan.change.is_needed:
        write_change(plan.change)
    record = _read_record(home)
    if record["settings"].pop(_key(plan.change.path), None) is None:
        return
    try:
        if record["settings"]:
            write_record(home / RECORD_NAME, record)
        else:
            for name in (RECORD_NAME, COMMAND_NAME):
                (home / name).unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"cannot write {home}: {error.strerror}") from error


def _settings_of(folder: Path) -> SettingsFile:
    if not folder.is_dir():
        raise SettingsError(f"no Claude Code folder at {folder} (start claude once, or name it: --claude-dir DIR)")
    return read_settings(folder / SETTINGS_NAME)


def _rendered(settings: dict[str, Any], file: SettingsFile) -> bytes | None:
    """The file's bytes with these settings; unchanged if the settings are."""
    return file.raw if settings == file.settings else render_settings(settings, file.raw)


def _notes_of_mixed(settings: dict[str, Any]) -> list[str]:
    return [
        f"`{command}` runs more than taximeter: it is left as it is; remove taximeter from it by hand"
        for command in mixed_commands(settings)
    ]


def _is_untouched(entry: dict[str, Any] | None, raw: bytes) -> bool:
    """Whether a settings file is still as we wrote it, according to its entry in the record."""
    return entry is not None and entry.get("after_sha256") == sha256_of(raw)


def _original(entry: dict[str, Any] | None) -> SettingsFile | None:
    """A settings file's content before the installation, from its entry in the record; None if the backup is gone."""
    if entry is None:
        return None
    if entry.get("backup") is None:
        return SettingsFile(Path(), None, {})
    try:
        kept = read_settings(Path(entry["backup"]))
    except SettingsError:
        return None
    return None if kept.raw is None else kept


def _key(path: Path) -> str:
    return str(path.absolute())


def _read_record(home: Path) -> dict[str, Any]:
    return read_record(home / RECORD_NAME, {"schema_version": 1, "settings": {}})


def _back_up(home: Path, change: Change, record: dict[str, Any]) -> str | None:
    """Back up the file as it is without our entries; returns the backup's path, None if there was no file."""
    if change.before is None:
        return None
    settings = parse_settings(change.before, change.path)
    raw: bytes | None = change.before
    stripped = without_ours(settings)
    if stripped != settings:  # installed over an earlier installation: what was before that one is what counts
        entry = record["settings"].get(_key(change.path))
        earlier = _original(entry)
        if earlier is not None and (_is_untouched(entry, change.before) or earlier.settings == stripped):
            raw = earlier.raw
        else:
            raw = render_settings(stripped, change.before)
    if raw is None:
        return None
    name = f"claude-settings-{sha256_of(_key(change.path).encode())[:8]}-{time.strftime('%Y%m%d-%H%M%S')}.json"
    replace_file(home / BACKUP_FOLDER / name, raw)
    return str((home / BACKUP_FOLDER / name).absolute())
