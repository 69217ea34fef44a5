"""Tells by rule what a line in the user's name is: what starts a turn, and what only marks something."""

import re
from typing import NamedTuple

import msgspec

from store.records import TurnKind

_TAG = re.compile(r"^<([a-z][a-z0-9_-]*)[ >]")
# What clients put before the words of the user: reminders, and what an editor had open or selected.
_AROUND = re.compile(r"<(system-reminder|ide_[a-z_]+)>.*?</\1>", re.DOTALL)
_COMMAND_NAME = re.compile(r"<command-name>\s*/?([^<\s]+)\s*</command-name>")
_COMMAND_ARGS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
_TOOL_USE_ID = re.compile(r"<tool-use-id>([^<]+)</tool-use-id>")
_TASK_ID = re.compile(r"<task-id>([^<]+)</task-id>")
_MESSAGE = re.compile(
    r'<(?:teammate|agent)-message((?:[^>"]|"[^"]*")*)>(.*?)(?:</(?:teammate|agent)-message>|\Z)', re.DOTALL
)
_MESSAGE_TAGS = ("teammate-message", "agent-message")
# What newer clients put before a message of another session.
_SENT = re.compile(r"Another Claude session sent a message:\s*(?=<(?:teammate|agent)-message[ >])")
_SUMMARY = re.compile(r'\bsummary="([^"]+)"')
_SENTENCE = re.compile(r"\S[^\n]*?(?=[.!?](?:\s|$)|\n|$)")
_MARKUP = re.compile(r"^[#>\s]+|</?[a-z][^<>]*>|[*`]+")
_BASH = re.compile(r"<bash-input>(.*?)</bash-input>", re.DOTALL)

# Commands of the client itself: they never reach the model.
_LOCAL_COMMANDS = frozenset(
    "add-dir agents autocompact bug btw clear compact config context copy cost doctor effort exit export fast feedback"
    " help hooks ide keybindings login logout mcp memory model output-style permissions plugin plugins privacy-settings"
    " quit release-notes reload-plugins remote-control rename reset resume rewind sandbox stats status statusline tasks"
    " terminal-setup theme todos upgrade usage vim voice".split()
)


class Prompt(NamedTuple):
    """A user line that starts a turn (`kind` set) or that only marks something (`mark` set)."""

    kind: str | None
    text: str
    mark: str | None = None  # interrupt | command:NAME
    tool_use_id: str | None = None
    agent_id: str | None = None


def classify(text: str) -> Prompt:
    """Tell what a user line without tool results is (CLAUDE_CODE section 1.3; MODEL section 1, "turn")."""
    stripped = text.lstrip()
    sent = _SENT.match(stripped)
    stripped = stripped[sent.end() :] if sent else stripped
    if stripped.startswith("[Request interrupted"):
        return Prompt(None, "", mark="interrupt")
    tag = _TAG.match(stripped)
    if tag is None:
        return Prompt(TurnKind.PROMPT, text)
    name = tag.group(1)
    if name == "system-reminder" or name.startswith("ide_"):
        rest = _AROUND.sub("", stripped).strip()
        if rest == stripped.strip():
            return Prompt(TurnKind.PROMPT, text)
        return classify(rest) if rest else Prompt(None, "")
    if name in ("command-name", "command-message"):
        found = _COMMAND_NAME.search(stripped)
        command = found.group(1) if found else ""
        if command in _LOCAL_COMMANDS:
            return Prompt(None, "", mark=f"command:{command}")
        arguments = _COMMAND_ARGS.search(stripped)
        return Prompt(TurnKind.COMMAND, f"/{command} {arguments.group(1).strip() if arguments else ''}".strip())
    if name == "bash-input":
        command_line = _BASH.search(stripped)
        return Prompt(TurnKind.BASH, f"! {command_line.group(1).strip()}" if command_line else "!")
    if name == "task-notification" or name.endswith("-event"):
        tool_use = _TOOL_USE_ID.search(stripped)
        agent = _TASK_ID.search(stripped)
        return Prompt(
            TurnKind.NOTIFICATION,
            "",
            tool_use_id=tool_use.group(1).strip() if tool_use else None,
            agent_id=agent.group(1).strip() if agent else None,
        )
    if name in _MESSAGE_TAGS:
        return Prompt(TurnKind.NOTIFICATION, _about(stripped))
    if name.startswith(("local-command", "bash-", "user-memory", "session-")):
        return Prompt(None, "")
    return Prompt(TurnKind.PROMPT, text)


class _Note(msgspec.Struct):
    """What teams send each other as JSON: assignments have a subject, notes of idleness and the like have none."""

    subject: str = ""


_decode_note = msgspec.json.Decoder(_Note).decode


def _about(text: str) -> str:
    """What the first of these messages with words is about: the subject of an assignment, else summary or opening."""
    for attributes, body in _MESSAGE.findall(text):
        summary = _SUMMARY.search(attributes)
        if body.lstrip().startswith("{"):
            try:
                words = _decode_note(body).subject
            except msgspec.DecodeError:
                continue
        elif summary:
            words = summary.group(1)
        else:
            sentence = _SENTENCE.search(_MARKUP.sub("", body))
            words = sentence.group() if sentence else ""
        words = _MARKUP.sub("", words).strip()
        if words:
            return words
    return ""
