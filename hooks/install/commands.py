"""The commands that we write into an agent's settings, and how to recognise them as ours.

Absolute interpreter and script, `-I -S`: nothing of the user's projects or environment is imported. The shell's
`|| true` is there for the day when this program is removed without `uninstall`: an interpreter that finds no script
ends with 2, and 2 from a hook blocks the prompt.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeGuard

from hooks.entry import MESSAGE_EVENTS

# Not PreCompact and PostCompact, whose commands the client writes into the conversation, where the model reads them: a
# compaction ends in a SessionStart.
EVENTS = (
    "SessionStart",
    "UserPromptSubmit",
    "PostToolUse",
    "Stop",
    "StopFailure",
    "SubagentStop",
    "SessionEnd",
)
LAST_EVENT = "SessionEnd"
# A client that does not know an event's name throws the user's whole settings file away (seen in 2.0.76, 2.1.20 and
# 2.1.90) or asks at every start what to do (2.1.197, which knows all of EVENTS). These names are older than 2.0 and
# safe everywhere.
OLD_EVENTS = ("SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "SubagentStop", "SessionEnd")
KNOWING_VERSION = (2, 1, 197)
AGENT_TOOLS = "Agent|Task"
TIMEOUT_SECONDS = 5
REFRESH_SECONDS = 10
_ISOLATED = ["-I", "-S"]


@dataclass(frozen=True, slots=True)
class Program:
    """How to run this installation: absolute paths of interpreter and launcher, and its state folder."""

    python: str
    script: str
    home: str

    def words(self, *arguments: str) -> str:
        """A command line for the shell."""
        return shlex.join([self.python, *_ISOLATED, self.script, *arguments])

    def hook(self, event: str) -> dict[str, Any]:
        """The settings entry for one event; the client waits for events that may print and for the last one."""
        entry: dict[str, Any] = {
            "type": "command",
            "command": f"{self.words('hook', event, '--home', self.home)} || true",
            "timeout": TIMEOUT_SECONDS,
        }
        if event not in MESSAGE_EVENTS and event != LAST_EVENT:
            entry["async"] = True
        group: dict[str, Any] = {"hooks": [entry]}
        return {"matcher": AGENT_TOOLS, **group} if event == "PostToolUse" else group

    def status_line(self, after: str | None, *, is_refreshed: bool) -> str:
        """The status line's command; `after` is the user's own, which also runs if this program is gone."""
        arguments = ["statusline", "--home", self.home]
        if is_refreshed:
            arguments.append("--refreshed")
        if after is None:
            return f"{self.words(*arguments)} || true"
        return f"{self.words(*arguments, '--after', after)} || {shlex.join(_in_shell(after))}"


def events_for(client_version: tuple[int, ...] | None) -> list[str]:
    """The events that a client of this version is known to accept, in a fixed order."""
    return list(EVENTS if client_version is not None and client_version >= KNOWING_VERSION else OLD_EVENTS)


def our_words(command: object, verb: str) -> list[str] | None:
    """The words after `taximeter … VERB` if this is our command, of whatever installation, or the bare call; else None.

    Ours is what `Program` would write, to the letter: a line that runs anything else besides belongs to the user.
    """
    if not isinstance(command, str) or "taximeter" not in command:
        return None
    text = command.removeprefix("~/")
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    called = words[3:] if words[1:3] == _ISOLATED else words
    if len(called) < 2 or PurePath(called[0]).name not in ("taximeter", "taximeter.py") or called[1] != verb:
        return None
    after = _after(called)
    fallback = ["true"] if after is None else _in_shell(after)
    ending = f" || {shlex.join(fallback)}"
    alone = words[: -len(fallback) - 1] if text.endswith(ending) else words
    return called[2:] if text.removesuffix(ending) == shlex.join(alone) else None


def is_mixed(command: object, verb: str) -> TypeGuard[str]:
    """Whether a command that is not ours seems to run `taximeter … VERB` along with other things."""
    if not isinstance(command, str) or our_words(command, verb) is not None:
        return False
    return re.search(rf"(?<![\w-])taximeter(\.py)?['\"]?\s+{verb}\b", command) is not None


def wrapped_command(command: object) -> str | None:
    """The user's status line command that ours runs first; None if there is none."""
    return _after(our_words(command, "statusline") or [])


def _after(words: Sequence[str]) -> str | None:
    at = words.index("--after") + 1 if "--after" in words else len(words)
    return words[at] if at < len(words) else None


def _in_shell(command: str) -> list[str]:
    return ["/bin/sh", "-c", command]
