"""A brief for the next session, made from ledger and transcript without a model (MODEL section 7.2: saves R_o).

It has what a new session needs to continue: the goal in the user's words, what was done, the last passed and failed
checks, open to-dos, the present state. It stays within 1,500 tokens by an upper bound that holds for any tokenizer;
parts are shortened in turn.
"""

import re
import sqlite3
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from store.plain_text import plain_lines
from store.reads.live_session import transcripts_of
from store.reads.tasks import task_of_turn, task_row_of
from store.records import ToolFlag, TurnKind
from store.task_rows import SessionRecords, ToolRow
from store.tasks import load_session
from tracker.clock import local
from tracker.handover.session_text import SessionText, read_session_text
from tracker.model.tasks.turns import Ending, TurnInfo, arrange, check_passed, ending_of
from tracker.sources.cline.turns import RESUME_TEXT
from tracker.sources.commands import command_flags, without_options
from tracker.words import counted

MAX_TOKENS = 1_500
_MAX_COMMITS = 8
_MESSAGE = re.compile(r"-[a-zA-Z]*m\s+(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)')")
_HEREDOC = re.compile(r"^\$\(cat\s+<<-?\s*['\"\\]*\w+['\"]?\s*")
_SUBJECT = re.compile(r"^\[[^\[\]\n]*\b[0-9a-f]{7,40}\] (.+)$", re.MULTILINE)
_STYLES = re.compile(r"\x1b\[[0-9;]*m")  # colour codes of test runners
_OPEN_TODOS = {"in_progress": "~", "pending": " "}
_ENDINGS = {
    Ending.NORMAL: "The last turn ended normally.",
    Ending.INTERRUPTED: "The user interrupted the last turn.",
    Ending.ERROR: "The last turn ended with an error of the service.",
    Ending.RUNNING: "The last turn was still running.",
}
_TOKENS = {"goal": 420, "done": 330, "checks": 240, "todos": 160, "stand": 270}


class Brief(NamedTuple):
    """The text, and an upper bound of its tokens."""

    text: str
    tokens: int


def token_bound(text: str) -> int:
    """An upper bound of a text's tokens: one per three ASCII characters, two for any other character."""
    ascii_chars = sum(char.isascii() for char in text)
    return -(-ascii_chars // 3) + 2 * (len(text) - ascii_chars)


def clipped(text: str, tokens: int) -> str:
    """The text cut to `tokens` tokens: its beginning and its end."""
    text = text.strip()
    if token_bound(text) <= tokens:
        return text
    fitting = bisect_right(range(len(text)), tokens, key=lambda chars: token_bound(_cut(text, chars))) - 1
    return _cut(text, max(0, fitting))


def _cut(text: str, chars: int) -> str:
    head = chars * 2 // 3
    return f"{text[:head].rstrip()} … {text[len(text) - (chars - head) :].lstrip()}"


def handover(db: sqlite3.Connection, session_id: int) -> Brief:
    """The brief of a session; derived tables must be up to date (tracker.rebuild)."""
    records = load_session(db, session_id)
    turns = [turn for turn in arrange(records) if turn.is_own]
    task_of = {turn.index: task_of_turn(db, session_id, turn.row.prompt_uuid) for turn in turns}
    latest = task_of[turns[-1].index] if turns else None
    members = [turn for turn in turns if task_of[turn.index] == latest]
    checks = _checks(members)
    commits = _commits(members)
    paths = [Path(path) for path in transcripts_of(db, records.session.native_id)]
    texts = read_session_text(paths, {tool.id for tool in (*checks, *commits)})
    earlier = [task_row_of(db, one) for one in dict.fromkeys(task_of.values()) if one is not None and one != latest]
    parts = [
        _head(records, turns),
        _part("Goal, in the user's words", _goal(members, texts), "goal"),
        _part(
            "Done",
            [
                *_commit_lines(commits, texts),
                *_changes(members, commits, records),
                *[f"- before this: {row.title}" for row in earlier if row],
            ],
            "done",
        ),
        _part("Checks", _check_lines(checks, texts), "checks"),
        _part("Open to-dos", _todos(texts), "todos"),
        _part("Where things stand", _stand(turns, members, texts), "stand"),
    ]
    text = clipped(plain_lines("\n\n".join(part for part in parts if part)), MAX_TOKENS - 1) + "\n"
    return Brief(text, token_bound(text))


def _head(records: SessionRecords, turns: Sequence[TurnInfo]) -> str:
    session = records.session
    calls = sum(len(turn.calls) for turn in turns)
    when = ""
    if turns:
        began, ended = (local(at) for at in (turns[0].row.at, turns[-1].ended_at))
        when = f", {began:%Y-%m-%d %H:%M} to {ended:{'%H:%M' if began.date() == ended.date() else '%Y-%m-%d %H:%M'}}"
    # One line each: a blank line in a folder's name would start another part of the brief.
    place = f" in {_one_line(session.project)}" if session.project else ""
    branch = f", branch {_one_line(session.branch)}" if session.branch else ""
    return (
        f"# Handover from an earlier session{place}\n\n"
        f"Put together from the records of {session.agent} session {session.native_id} by rule, without a model"
        f" ({counted(len(turns), 'turn')}, {counted(calls, 'call')}{when}{branch}). Check before relying on it."
    )


def _part(title: str, lines: Sequence[str], budget: str) -> str:
    """A part within its token budget: whole lines from the top; the first is cut if it alone is too long."""
    kept: list[str] = []
    left = _TOKENS[budget]
    for line in lines:
        shown = clipped(line, left) if not kept else line
        left -= token_bound(shown) + 1
        if left < 0:
            kept.append("- …")
            break
        kept.append(shown)
    return "\n".join((f"## {title}", *kept)) if kept else ""


def _goal(members: Sequence[TurnInfo], texts: SessionText) -> list[str]:
    """The task's first prompt, then the latest ones."""
    prompts = [
        texts.prompts.get(turn.row.prompt_uuid) or turn.row.text
        for turn in members
        if turn.row.kind == TurnKind.PROMPT
        or (turn.row.kind == TurnKind.COMMAND and turn.row.text != RESUME_TEXT)  # which the client wrote
    ]
    prompts = [prompt for prompt in prompts if prompt]
    if not prompts:
        return []
    first = _quoted(clipped(prompts[0], _TOKENS["goal"] * 3 // 5))
    return [first, *[f"Later: {_one_line(clipped(prompt, 60))}" for prompt in prompts[1:][-3:]]]


def _commits(members: Sequence[TurnInfo]) -> list[ToolRow]:
    """Commits that were made, oldest first."""
    tools = (tool for turn in members for tool in turn.tools if tool.flags & ToolFlag.COMMIT)
    return [tool for tool in tools if tool.commit_sha or tool.is_error == 0]


def _commit_lines(commits: Sequence[ToolRow], texts: SessionText) -> list[str]:
    """The latest commits with their subjects."""
    lines = []
    for tool, after in zip_longest(commits, commits[1:]):
        subject = _subject(tool, texts)
        if subject and after is not None and subject == _subject(after, texts):
            continue  # amended
        lines.append(f"- commit {tool.commit_sha or '(sha not recorded)'} {clipped(subject, 30)}".rstrip())
    left_out = len(lines) - _MAX_COMMITS
    return [f"- {counted(left_out, 'earlier commit')}", *lines[left_out:]] if left_out > 0 else lines


def _subject(tool: ToolRow, texts: SessionText) -> str:
    """First line of a commit's message, from the command or from git's output."""
    said = _MESSAGE.search(texts.commands.get(tool.id) or tool.target or "")
    if said is not None:
        message = _HEREDOC.sub("", said.group(1) or said.group(2) or "").strip()
        return message.splitlines()[0] if message else ""
    told = _SUBJECT.search(texts.outputs.get(tool.id, ""))
    return told.group(1) if told is not None else ""


def _changes(members: Sequence[TurnInfo], commits: Sequence[ToolRow], records: SessionRecords) -> list[str]:
    tools = [tool for turn in members for tool in turn.tools]
    last_commit = max((tool.at for tool in commits), default=None)
    edits = [tool for tool in tools if tool.flags & ToolFlag.EDIT and tool.target and not tool.is_error]
    counts = Counter(tool.target for tool in edits)
    loose = {tool.target for tool in edits if last_commit is not None and tool.at > last_commit}
    lines = []
    for name, times in counts.most_common():
        after = ", not committed since" if name in loose else ""
        lines.append(f"- changed {_relative(name or '', records)} ({counted(times, 'edit')}{after})")
    if edits and last_commit is None:
        lines.append("- no commit of it is on record")
    agents = sum(bool(tool.flags & ToolFlag.AGENT) for tool in tools)
    if agents:
        lines.append(f"- {counted(agents, 'subagent')} worked on it")
    return lines


def _checks(members: Sequence[TurnInfo]) -> list[ToolRow]:
    """The last passed check, and the last failed one that has not passed since; in order of time."""
    passed: ToolRow | None = None
    failed: ToolRow | None = None
    for tool in (tool for turn in members for tool in turn.tools):
        has_passed = check_passed(tool)
        if has_passed is False:
            failed = tool
        elif has_passed:
            passed = tool
            if failed is not None and _covers(tool.target or "", failed.target or ""):
                failed = None
    return sorted((tool for tool in (passed, failed) if tool is not None), key=lambda tool: tool.at)


def _covers(command: str, other: str) -> bool:
    """Whether a command runs all checks of another and is not narrower; more words mean a narrower check."""
    return _programs(other) <= _programs(command) and len(command.split()) <= len(other.split())


def _programs(command: str) -> set[str]:
    """The checks that a command line runs: pytest, go test, make lint."""
    words = command.split()
    found: set[str] = set()
    for place, word in enumerate(words):
        following = words[place + 1 : place + 9]
        options = len(following) - len(without_options(following))
        ends = range(options + 1 if word == "make" else 0, len(following) + 1)
        end = next((end for end in ends if _is_check([word, *following[:end]])), None)
        if end is not None and not _is_check(following[:end]):  # otherwise the program comes later in the line
            found.add(" ".join([word, *following[:end]]))
    return found


def _is_check(words: list[str]) -> bool:
    return bool(command_flags(" ".join(words)) & ToolFlag.CHECK)


def _check_lines(checks: Sequence[ToolRow], texts: SessionText) -> list[str]:
    lines = []
    for tool in checks:
        command = clipped(_one_line(texts.commands.get(tool.id) or tool.target or "?"), 60)
        has_passed = check_passed(tool)
        lines.append(f"- {'passed' if has_passed else 'FAILED'} at {local(tool.at):%H:%M}: `{command}`")
        if not has_passed:
            tail = "\n".join(_STYLES.sub("", texts.outputs.get(tool.id, "")).strip().splitlines()[-8:])
            if tail:
                lines.append(_quoted(clipped(tail, 120)))
    return lines


def _todos(texts: SessionText) -> list[str]:
    return [
        f"- [{mark}] {clipped(_one_line(text), 40)}"
        for wanted, mark in _OPEN_TODOS.items()
        for status, text in texts.todos.values()
        if status == wanted and text
    ]


def _stand(turns: Sequence[TurnInfo], members: Sequence[TurnInfo], texts: SessionText) -> list[str]:
    if not turns:
        return []
    lines = [_ENDINGS[ending_of(turns[-1])]]
    if texts.answer:
        when = "" if texts.is_answered else ", before the latest prompt"
        lines.append(f"The agent's last words{when}:\n{_quoted(clipped(texts.answer, _TOKENS['stand'] - 70))}")
    context = members[-1].last_main_call if members else None
    if context is not None:
        lines.append(f"Its context was {context.context:,} tokens; this brief takes their place.")
    return lines


def _relative(name: str, records: SessionRecords) -> str:
    project = records.session.project
    inside = project and name.startswith((f"{project}/", f"{project}\\"))
    return name[len(project or "") + 1 :] if inside else name


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _one_line(text: str) -> str:
    return " ".join(text.split())
