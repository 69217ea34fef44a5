"""Adds our hooks and status line to Claude Code's settings, and removes them.

Plain functions on decoded settings: everything that is not ours comes out as it went in, and the given object is
never changed. Entries of an older installation of ours are replaced, so doing it twice is doing it once.
"""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from hooks.install.commands import REFRESH_SECONDS, Program, is_mixed, our_words, wrapped_command

PLUGIN_PREFIX = "taximeter@"


class ShapeError(Exception):
    """Settings have a shape that the client does not write; the message says what is wrong."""


def with_hooks(settings: dict[str, Any], program: Program, events: Sequence[str]) -> dict[str, Any]:
    """Settings with our hooks at exactly these events; ShapeError if `hooks` is not what the client writes."""
    made = without_hooks(settings)
    hooks = made.setdefault("hooks", {})
    if not isinstance(hooks, dict):
        raise ShapeError("its `hooks` is not an object")
    for event in events:
        groups = hooks.setdefault(event, [])
        if not isinstance(groups, list):
            raise ShapeError(f"its `hooks.{event}` is not a list")
        groups.append(program.hook(event))
    return {key: made[key] for key in (*settings, "hooks")}  # where they were: a change shows what changes


def without_hooks(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without our hooks, and without groups and events that are empty then."""
    made = copy.deepcopy(settings)
    ours = installed_events(settings)
    for event in ours:
        hooks = made["hooks"]
        hooks[event] = [left for group in hooks[event] if (left := _without_ours(group)) is not None]
        if not hooks[event]:
            del hooks[event]
    if ours and not made["hooks"]:
        del made["hooks"]
    return made


def _without_ours(group: Any) -> Any:
    entries = _list(_object(group).get("hooks"))
    kept = [entry for entry in entries if not _is_ours(entry)]
    if len(kept) == len(entries):
        return group
    return {**group, "hooks": kept} if kept else None


def _is_ours(entry: Any) -> bool:
    return our_words(_object(entry).get("command"), "hook") is not None


def installed_events(settings: dict[str, Any]) -> dict[str, str]:
    """Event -> command, for each of our hooks in the settings."""
    return {event: entry["command"] for event, entry in _entries(settings) if _is_ours(entry)}


def _entries(settings: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for event, groups in _object(settings.get("hooks")).items():
        for group in _list(groups):
            for entry in _list(_object(group).get("hooks")):
                yield event, entry


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def mixed_commands(settings: dict[str, Any]) -> list[str]:
    """The user's own hook and status line commands that also run ours; these are left alone."""
    hooks = [_object(entry).get("command") for _, entry in _entries(settings)]
    lines = [_object(settings.get("statusLine")).get("command")]
    return [
        command
        for verb, commands in (("hook", hooks), ("statusline", lines))
        for command in commands
        if is_mixed(command, verb)
    ]


def with_status_line(settings: dict[str, Any], program: Program) -> dict[str, Any]:
    """Settings with our status line; an existing one runs first and keeps its options.

    One that runs ours itself stays as it is. ShapeError if there is one that is no command.
    """
    made = copy.deepcopy(settings)
    current = made.get("statusLine")
    if current is None:
        command = program.status_line(None, is_refreshed=True)
        made["statusLine"] = {"type": "command", "command": command, "refreshInterval": REFRESH_SECONDS}
        return made
    if not isinstance(current, dict) or current.get("type") != "command" or not isinstance(current.get("command"), str):
        raise ShapeError("its `statusLine` is not a command")
    theirs = current["command"]
    if is_mixed(theirs, "statusline"):
        return made
    if our_words(theirs, "statusline") is not None:
        theirs = wrapped_command(theirs)
    current["command"] = program.status_line(theirs, is_refreshed="refreshInterval" in current)
    return made


def without_status_line(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with the status line from before ours, or with none."""
    made = copy.deepcopy(settings)
    current = made.get("statusLine")
    if isinstance(current, dict) and our_words(current.get("command"), "statusline") is not None:
        theirs = wrapped_command(current["command"])
        if theirs is None:
            del made["statusLine"]
        else:
            current["command"] = theirs
    return made


def without_ours(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without anything of ours."""
    return without_status_line(without_hooks(settings))


def status_line_command(settings: dict[str, Any]) -> str | None:
    """Our status line's command; None if it is not installed."""
    command = _object(settings.get("statusLine")).get("command")
    return str(command) if our_words(command, "statusline") is not None else None


def plugin_is_enabled(settings: dict[str, Any]) -> bool:
    """Whether the plugin already provides the hooks."""
    plugins = _object(settings.get("enabledPlugins"))
    return any(name.startswith(PLUGIN_PREFIX) and state is True for name, state in plugins.items())
