"""Reads meaning out of prompts and commands by rule: what starts a turn, which words it holds, what a command does."""

import re
import struct
import zlib
from typing import NamedTuple

import msgspec

from store.records import ToolFlag, TurnKind
from tracker.sources.check_programs import CHECK_PROGRAMS, CHECKERS, VERBS

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
_WORD = re.compile(r"[^\W\d_][\w]{2,}")
_ASCII_WORD = re.compile(rb"[a-z][a-z0-9_]{2,}")  # the same for lower-case ASCII, where bytes are quicker
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")

# Commands of the client itself: they never reach the model.
_LOCAL_COMMANDS = frozenset(
    "add-dir agents autocompact bug btw clear compact config context copy cost doctor effort exit export fast feedback"
    " help hooks ide keybindings login logout mcp memory model output-style permissions plugin plugins privacy-settings"
    " quit release-notes reload-plugins remote-control rename reset resume rewind sandbox stats status statusline tasks"
    " terminal-setup theme todos upgrade usage vim voice".split()
)

_STOP_WORDS = frozenset(
    b"the and for that this with you can not are was but have has had from what when"
    b" where which who how why will would"
    b" could should please let lets now just also still then than them they there here"
    b" into out our your its it's one two"
    b" all any some more most does did done doing make made use used using get got need want see look like about after"
    b" before again only very too yes okay sure thanks thank i'm don't doesn't didn't isn't".split()
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


def opening(text: str, limit: int) -> str:
    """The first `limit` characters on one line, without control or direction characters."""
    if limit <= 0:
        return ""
    line = " ".join(text[: limit * 2].split())
    if not (line.isascii() and line.isprintable()):
        line = " ".join(_CONTROL.sub(" ", text[: limit * 2]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def word_hashes(text: str) -> set[int]:
    """Hashes (32 bits) of a text's distinct content words: enough to compare, too little to read."""
    text = text.lower()
    words = _ASCII_WORD.findall(text.encode()) if text.isascii() else map(str.encode, _WORD.findall(text))
    return set(map(zlib.crc32, set(words) - _STOP_WORDS))


def packed(words: set[int]) -> bytes:
    """Hashes of words as the ledger keeps them: sorted, 4 bytes each."""
    return struct.pack(f">{len(words)}I", *sorted(words))


def word_set(words: bytes) -> set[int]:
    """The hashes that were `packed`."""
    return set(struct.unpack(f">{len(words) // 4}I", words))


_GIT_VERBS = (
    ("commit", int(ToolFlag.COMMIT), re.compile(r"\bgit\b[^|;&\n]*\scommit(?![\w.-])")),
    ("revert", int(ToolFlag.REVERT), re.compile(r"\bgit\b[^|;&\n]*\srevert\b")),
    ("push", int(ToolFlag.PUSH), re.compile(r"\bgit\b(?:(?!\sstash\s)[^|;&\n])*\spush\b")),
)
_PULL_REQUEST = re.compile(r"\b(?:gh\s+pr|glab\s+mr)\s+(?:create|merge)\b")
_WITH_A_VALUE = frozenset("-C --cwd --dir --prefix -F --filter -w --workspace --project workspace".split())
_RUN_VERBS = ("test", "build", "lint", "check", "typecheck")
_TELLS_ITS_VERSION = frozenset({"--version", "-v", "--help", "-h"})


def without_options(words: list[str]) -> list[str]:
    """What follows the options of a program: `--filter web test` is `test`, and so is `workspace web test`."""
    place = 0
    while place < len(words) and (words[place].startswith(("-", "+")) or words[place] in _WITH_A_VALUE):
        place += 2 if words[place] in _WITH_A_VALUE else 1
    return words[place:]


def _checks(words: list[str]) -> bool:
    """Whether a command line runs tests, a build, a linter or a type checker."""
    for place, word in enumerate(words):
        if word in CHECKERS:
            return True
        verbs = VERBS.get(word)
        if verbs is None:
            continue
        rest = without_options(words[place + 1 : place + 9])
        following = rest[0] if rest else ""
        if following in ("run", "run-script"):
            rest = without_options(rest[1:])
            following = rest[0] if rest else ""
            verbs = _RUN_VERBS
        is_bare = not following[:1].isalpha()  # at its end: a pipe, the next command
        if following.startswith(verbs) or (word == "make" and is_bare and _TELLS_ITS_VERSION.isdisjoint(words)):
            return True
    return False


# Plain integers: enum arithmetic is too slow for a line of code that runs for every command ever recorded.
_RUN, _PULL, _CHECKED = int(ToolFlag.RUN), int(ToolFlag.PULL_REQUEST), int(ToolFlag.CHECK)


def command_flags(command: str) -> int:
    """ToolFlag bits of a shell command line."""
    flags = _RUN
    command = command[:4000]
    if "git" in command:
        for word, flag, pattern in _GIT_VERBS:
            if word in command and pattern.search(command):
                flags |= flag
    if ("gh " in command or "glab" in command) and _PULL_REQUEST.search(command):
        flags |= _PULL
    words = command.replace("(", " ").split()
    if "bin/" in command:
        words = [word.rpartition("bin/")[2] for word in words]
    if not CHECK_PROGRAMS.isdisjoint(words) and _checks(words):
        flags |= _CHECKED
    return flags


_COMMIT_LINE = re.compile(r"\[[^\[\]\n]*?([0-9a-f]{7,40})\]")


def commit_in(output: str) -> str | None:
    """The short sha that `git commit` prints in brackets, None if there is none."""
    found = _COMMIT_LINE.search(output[:2000])
    return found.group(1)[:12] if found else None
