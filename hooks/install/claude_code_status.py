"""Status of the installation in Claude Code: what is installed, whether it still works, when hooks last ran."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from hooks.cline.entry import FIRED_PREFIX
from hooks.health import LOG_NAME
from hooks.install.claude_code import SETTINGS_NAME
from hooks.install.commands import EVENTS, wrapped_command
from hooks.install.last_runs import LastRun, last_runs
from hooks.install.settings_edit import installed_events, mixed_commands, plugin_is_enabled, status_line_command
from hooks.install.settings_file import SettingsError, read_settings
from hooks.places import LOG_FOLDER, SPOOL_FILE


class FolderStatus(NamedTuple):
    """One Claude Code folder; field names are those of the JSON form."""

    path: Path
    hooks: tuple[str, ...] = ()  # the events at which ours run
    plugin: bool = False
    status_line: bool = False
    wrapped_status_line: str | None = None  # the one that ours runs first
    mixed: tuple[str, ...] = ()  # commands of the user's own that run ours among other things
    problems: tuple[str, ...] = ()


class HookStatus(NamedTuple):
    """Everything that `taximeter status` reports."""

    folders: tuple[FolderStatus, ...]
    fired: dict[str, LastRun]  # by event; without Cline's, which have a status of their own
    spool_bytes: int
    last_error: str | None


def hook_status(folders: Iterable[Path], home: Path) -> HookStatus:
    """Inspect the settings of these folders and what hooks recorded in the state folder; changes nothing."""
    return HookStatus(
        folders=tuple(_folder(folder, home) for folder in folders),
        fired={name: run for name, run in last_runs(str(home)).items() if not name.startswith(FIRED_PREFIX)},
        spool_bytes=_size(home / SPOOL_FILE),
        last_error=_last_line(home / LOG_FOLDER / LOG_NAME),
    )


def _folder(folder: Path, home: Path) -> FolderStatus:
    try:
        settings = read_settings(folder / SETTINGS_NAME).settings
    except SettingsError as error:
        return FolderStatus(folder, problems=(str(error),))
    installed = installed_events(settings)
    line = status_line_command(settings)
    plugin = plugin_is_enabled(settings)
    commands = [*installed.values(), *([line] if line else [])]
    problems = [problem for command in commands for problem in [*_missing(command), *_elsewhere(command, home)]]
    if settings.get("disableAllHooks"):
        problems.append("disableAllHooks is set: the client runs no hooks")
    if plugin and installed:
        problems.append("the plugin is enabled too: every event is reported twice (run: taximeter install claude-code)")
    known = [event for event in EVENTS if event in installed]
    others = sorted(set(installed) - set(known))
    if others:
        problems.append(f"no hook is needed at {', '.join(others)} any more (run: taximeter install claude-code)")
    return FolderStatus(
        folder,
        (*known, *others),
        plugin,
        line is not None,
        wrapped_command(line),
        tuple(mixed_commands(settings)),
        tuple(dict.fromkeys(problems)),
    )


def _missing(command: str) -> list[str]:
    """Which of interpreter and launcher no longer exist."""
    words = shlex.split(command)
    script = next((index for index, word in enumerate(words) if os.path.basename(word).startswith("taximeter")), 0)
    paths = [word for word in words[: script + 1] if os.path.isabs(word)]
    return [
        f"{path} is gone: nothing is recorded (run: taximeter install claude-code)"
        for path in paths
        if not os.path.exists(path)
    ]


def _elsewhere(command: str, home: Path) -> list[str]:
    """Whether the hook writes to a state folder other than `home`, which nothing reads."""
    words = shlex.split(command)
    named = words[words.index("--home") + 1] if "--home" in words[:-1] else None
    if named is None or os.path.realpath(named) == os.path.realpath(home):
        return []
    return [f"the state folder of the hooks is {named}, not {home} (run: taximeter install claude-code)"]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _last_line(path: Path) -> str | None:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    return lines[-1] if lines else None
