"""A brief for the next session, made from ledger and transcript without a model (MODEL section 7.2: what R_o saves).

It holds what a newcomer needs to go on: the goal in the user's words, what was done, what last passed and failed, open
to-dos, where things stand. It never exceeds 1,500 tokens, counted as no tokenizer would exceed; parts give way in turn.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from store.live_session import transcript_of
from store.records import ToolFlag, TurnKind
from store.task_reads import task_of_turn, task_row_of
from store.task_rows import SessionRecords, ToolRow
from store.tasks import load_session
from tracker.model.turns import Ending, TurnInfo, arrange, ending_of
from tracker.transcript_words import Words, read_words

MOST_TOKENS = 1_500
_MESSAGE = re.compile(r"-[a-zA-Z]*m\s+(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)')")
_OPEN_TODOS = ("in_progress", "pending")
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


def most_tokens(text: str) -> int:
    """An upper bound of a text's tokens: three ASCII characters make one at the least, any other makes two at most."""
    ascii_chars = sum(char.isascii() for char in text)
    return -(-ascii_chars // 3) + 2 * (len(text) - ascii_chars)


def clipped(text: str, tokens: int) -> str:
    """The text within so many tokens: its beginning and, where it is cut, its end."""
    text = text.strip()
    if most_tokens(text) <= tokens:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if most_tokens(_cut(text, middle)) <= tokens:
            low = middle
        else:
            high = middle - 1
    return _cut(text, low)


def _cut(text: str, chars: int) -> str:
    head = chars * 2 // 3
    return f"{text[:head].rstrip()} … {text[len(text) - (chars - head) :].lstrip()}"


def handover(db: sqlite3.Connection, session_id: int) -> Brief:
    """The brief of a session; derived tables must be up to date (tracker.rebuild)."""
    records = load_session(db, session_id)
    turns = [turn for turn in arrange(records).turns if turn.is_own]
    task_of = {turn.index: task_of_turn(db, session_id, turn.row.prompt_uuid) for turn in turns}
    latest = task_of[turns[-1].index] if turns else None
    members = [turn for turn in turns if task_of[turn.index] == latest]
    checks = _checks(members)
    path = transcript_of(db, records.session.agent, records.session.native_id)
    words = read_words(Path(path), {tool.id for tool in checks}) if path is not None else Words()
    earlier = [task_row_of(db, one) for one in dict.fromkeys(task_of.values()) if one is not None and one != latest]
    parts = [
        _head(records, turns),
        _part("Goal, in the user's words", _goal(members, words), "goal"),
        _part("Done", [*_done(members, records), *[f"- before this: {row.title}" for row in earlier if row]], "done"),
        _part("Checks", _check_lines(checks, words), "checks"),
        _part("Open to-dos", _todos(words), "todos"),
        _part("Where things stand", _stand(turns, members, words), "stand"),
    ]
    text = clipped("\n\n".join(part for part in parts if part), MOST_TOKENS - 1) + "\n"
    return Brief(text, most_tokens(text))


def _head(records: SessionRecords, turns: Sequence[TurnInfo]) -> str:
    session = records.session
    calls = sum(len(turn.calls) for turn in turns)
    when = ""
    if turns:
        began, ended = (_local(at) for at in (turns[0].row.at, turns[-1].ended_at))
        when = f", {began:%Y-%m-%d %H:%M} to {ended:{'%H:%M' if began.date() == ended.date() else '%Y-%m-%d %H:%M'}}"
    place = f" in {session.project}" if session.project else ""
    branch = f", branch {session.branch}" if session.branch else ""
    return (
        f"# Handover from an earlier session{place}\n\n"
        f"Put together from the records of {session.agent} session {session.native_id} by rule, without a model"
        f" ({len(turns)} turns, {calls} calls{when}{branch}). Check before relying on it."
    )


def _part(title: str, lines: Sequence[str], budget: str) -> str:
    """A part within its share: whole lines from the top, the first one cut if it alone is too long."""
    kept: list[str] = []
    left = _TOKENS[budget]
    for line in lines:
        shown = clipped(line, left) if not kept else line
        left -= most_tokens(shown) + 1
        if left < 0:
            kept.append("- …")
            break
        kept.append(shown)
    return "\n".join((f"## {title}", *kept)) if kept else ""


def _goal(members: Sequence[TurnInfo], words: Words) -> list[str]:
    """The prompt that began the task, then the latest ones."""
    prompts = [
        words.prompts.get(turn.row.prompt_uuid) or turn.row.text
        for turn in members
        if turn.row.kind in (TurnKind.PROMPT, TurnKind.COMMAND)
    ]
    prompts = [prompt for prompt in prompts if prompt]
    if not prompts:
        return []
    first = _quoted(clipped(prompts[0], _TOKENS["goal"] * 3 // 5))
    return [first, *[f"Later: {_one_line(clipped(prompt, 60))}" for prompt in prompts[1:][-3:]]]


def _done(members: Sequence[TurnInfo], records: SessionRecords) -> list[str]:
    tools = [tool for turn in members for tool in turn.tools]
    lines = []
    for tool in tools:
        if tool.flags & ToolFlag.COMMIT and (tool.commit_sha or tool.is_error == 0):
            said = _MESSAGE.search(tool.target or "")
            message = (said.group(1) or said.group(2) or "") if said else ""
            lines.append(f"- commit {tool.commit_sha or '(sha not recorded)'} {clipped(message, 40)}".rstrip())
    last_commit = max((tool.at for tool in tools if tool.flags & ToolFlag.COMMIT and tool.is_error == 0), default=None)
    edits = [tool for tool in tools if tool.flags & ToolFlag.EDIT and tool.target and not tool.is_error]
    counts = Counter(tool.target for tool in edits)
    loose = {tool.target for tool in edits if last_commit is None or tool.at > last_commit}
    for name, times in counts.most_common():
        after = ", not committed since" if last_commit is not None and name in loose else ""
        lines.append(f"- changed {_relative(name or '', records)} ({times} edit{'s' if times > 1 else ''}{after})")
    if edits and last_commit is None:
        lines.append("- nothing of it is committed")
    agents = sum(bool(tool.flags & ToolFlag.AGENT) for tool in tools)
    if agents:
        lines.append(f"- {agents} subagent{'s' if agents > 1 else ''} worked on it")
    return lines


def _checks(members: Sequence[TurnInfo]) -> list[ToolRow]:
    """The last check that passed, and the last one that failed and was not seen to pass since."""
    passed: ToolRow | None = None
    failed: ToolRow | None = None
    for tool in (tool for turn in members for tool in turn.tools):
        if not tool.flags & ToolFlag.CHECK or tool.is_error is None:
            continue
        if tool.is_error:
            failed = tool
        else:
            passed = tool
            if failed is not None and failed.target == tool.target:
                failed = None
    return [tool for tool in (passed, failed) if tool is not None]


def _check_lines(checks: Sequence[ToolRow], words: Words) -> list[str]:
    lines = []
    for tool in checks:
        command = clipped(_one_line(words.commands.get(tool.id) or tool.target or "?"), 60)
        lines.append(f"- {'FAILED' if tool.is_error else 'passed'} at {_local(tool.at):%H:%M}: `{command}`")
        if tool.is_error:
            tail = "\n".join(words.outputs.get(tool.id, "").strip().splitlines()[-8:])
            if tail:
                lines.append(_quoted(clipped(tail, 120)))
    return lines


def _todos(words: Words) -> list[str]:
    lines = []
    for wanted in _OPEN_TODOS:
        mark = "~" if wanted == "in_progress" else " "
        found = [text for status, text in words.todos.values() if status == wanted and text]
        lines += [f"- [{mark}] {clipped(_one_line(text), 40)}" for text in found]
    return lines


def _stand(turns: Sequence[TurnInfo], members: Sequence[TurnInfo], words: Words) -> list[str]:
    if not turns:
        return []
    lines = [_ENDINGS[ending_of(turns[-1])]]
    if words.answer:
        lines.append(f"The agent's last words:\n{_quoted(clipped(words.answer, _TOKENS['stand'] - 60))}")
    context = members[-1].last_main_call if members else None
    if context is not None:
        lines.append(f"Its context was {context.context:,} tokens; this brief takes their place.")
    return lines


def _relative(name: str, records: SessionRecords) -> str:
    project = records.session.project
    return name[len(project) + 1 :] if project and name.startswith(f"{project}/") else name


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _local(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC).astimezone()
