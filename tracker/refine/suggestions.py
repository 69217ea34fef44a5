"""Asks a small model for starts, titles and status of tasks, on request and priced first.

Sent are the opening words of a session's prompts and, between them, counts and file names of what happened. The answers
are stored as suggestions under their own label; the user's edits override them.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any, NamedTuple

import msgspec

from store.ledger import transaction
from store.reads.tasks import turns_of_sessions
from store.records import TurnKind
from store.task_edits import add_suggestion, suggestion_counts
from store.task_rows import SessionRow, TaskTurnRow
from store.tasks import mark_stale, sessions_by_id
from tracker.clock import now, now_ms
from tracker.model.tasks.edits import REFINED, Anchor, EditBody, EditKind
from tracker.model.tasks.session_tasks import decode_facts
from tracker.model.tasks.status import TaskStatus
from tracker.pricing import PriceBook, cost
from tracker.pricing.rows import bundled_rows
from tracker.refine.asking import Ask, AskError
from tracker.sources.claude_code.lines import CacheCreation, Usage
from tracker.words import counted

_CHARS_PER_TOKEN = 3.2  # English prose has about four; file names and code have fewer
_FRAME_TOKENS = 20  # overhead of a request
_OUTPUT_TOKENS_PER_PROMPT = 25
_MIN_OUTPUT_TOKENS = 120
_TITLE_CHARS = 80
_OPENING_CHARS = 200
_FILES_NAMED = 4
_RETIRED = re.compile(r"retired (\d{4}-\d\d-\d\d)")
_STATUSES = {"completed": TaskStatus.COMPLETED, "open": TaskStatus.OPEN, "abandoned": TaskStatus.ABANDONED}

INSTRUCTIONS = """\
You get the prompts that a developer gave a coding agent in one session, each with a note on what the agent did then.
Group them into tasks. A task is one goal that could stand as a ticket of its own. Most prompts, nine in ten, go on with
the task before them: answers, approvals, corrections and follow-up questions; review findings and their fixes, however
many; tests, documentation, commits, pushes, failing builds and conflicts of the work at hand; the steps of a workflow
on one item (plan, design, implement, verify); a change of mind about how it is done; bare commands. A new task starts
only where the goal is another one: another feature or bug, another ticket, story or phase, a question on another
matter, or back to an earlier goal. In doubt, the prompt goes on.
Answer with JSON alone: {"tasks": [{"first": N, "title": "at most eight words", "status": "completed"}, …]}, one entry a
task in order, N the number of its first prompt, status one of completed, open, abandoned. The first N is 1."""


class Digest(NamedTuple):
    """What would be sent about one session."""

    session_id: int
    agent: str
    native_id: str
    anchors: list[Anchor]  # of the prompts, in order of their numbers
    text: str


class Quote(NamedTuple):
    """Cost of sending digests; modelled, as tokens are estimated from characters."""

    sessions: int
    prompts: int
    input_tokens: int
    output_tokens: int
    cost_nano: int


class Outcome(NamedTuple):
    """Result for one session: suggestions stored, or why not."""

    native_id: str
    tasks: int
    cost_nano: int
    problem: str | None = None


class _Task(msgspec.Struct):
    first: int
    title: str = ""
    status: str = ""


class _Answer(msgspec.Struct):
    tasks: list[_Task]


def cheapest_model(today: str | None = None) -> str:
    """The current model with the lowest sum of input and output list price."""
    day = today or now().astimezone(UTC).date().isoformat()
    current: dict[str, int] = {}
    for row in bundled_rows():
        retired = _RETIRED.search(row.source)
        if row.effective_from > day or (retired is not None and retired.group(1) <= day):
            current.pop(row.model, None)
        else:
            current[row.model] = row.standard.input + row.standard.output
    return min(current, key=lambda model: (current[model], model))


def digests(db: sqlite3.Connection, session_ids: Sequence[int], *, again: bool = False) -> list[Digest]:
    """Digests of the sessions with at least two prompts, of which some lack a suggestion (`again`: all of them)."""
    known, sessions = suggestion_counts(db), sessions_by_id(db, session_ids)
    found = []
    for session_id in session_ids:
        session, all_turns = sessions[session_id], turns_of_sessions(db, [session_id])
        turns = [turn for turn in all_turns if turn.kind in (TurnKind.PROMPT, TurnKind.COMMAND)]
        if len(turns) < 2 or (not again and known.get((session.agent, session.native_id)) == len(turns)):
            continue
        found.append(_digest(session, turns))
    return found


def _digest(session: SessionRow, turns: list[TaskTurnRow]) -> Digest:
    anchors, lines = [], []
    before: int | None = None
    for number, turn in enumerate(turns, start=1):
        facts = decode_facts(turn.facts)
        anchors.append(Anchor(session.agent, session.native_id, turn.prompt_uuid, facts.anchors))
        pause = 0 if before is None else max(0, turn.at - before) // 60_000
        waited = f" (after {pause} min)" if pause >= 5 else ""
        words = " ".join(facts.text.split())[:_OPENING_CHARS] or "(words not kept)"
        names = [re.split(r"[/\\]", name)[-1] for name in facts.edited[:_FILES_NAMED]]
        did = [counted(turn.calls, "call")]
        if names:
            did.append(f"edited {', '.join(names)}" + ("…" if len(facts.edited) > _FILES_NAMED else ""))
        if facts.check_passed is not None:
            did.append("checks passed" if facts.check_passed else "checks failed")
        if facts.has_commit:
            did.append("committed")
        if facts.has_pull_request:
            did.append("pull request")
        if facts.ending != "normal":
            did.append(facts.ending)
        lines.append(f"{number}.{waited} {words}\n   -> {'; '.join(did)}")
        before = turn.ended_at
    return Digest(session.id, session.agent, session.native_id, anchors, "\n".join(lines))


def quote(chosen: Sequence[Digest], model: str, book: PriceBook) -> Quote:
    """Cost of asking about these sessions; AskError if the model has no price."""
    sizes = [(_input_tokens(digest), _output_tokens(digest)) for digest in chosen]
    amount = sum(_cost(book, model, Usage(sent, output_tokens=made)) for sent, made in sizes)
    prompts = sum(len(digest.anchors) for digest in chosen)
    return Quote(len(chosen), prompts, sum(sent for sent, _ in sizes), sum(made for _, made in sizes), amount)


def _input_tokens(digest: Digest) -> int:
    return round(len(INSTRUCTIONS + digest.text) / _CHARS_PER_TOKEN) + _FRAME_TOKENS


def _output_tokens(digest: Digest) -> int:
    return _MIN_OUTPUT_TOKENS + _OUTPUT_TOKENS_PER_PROMPT * len(digest.anchors) // 2


def _cost(book: PriceBook, model: str, usage: Usage) -> int:
    """Nano-dollars of one request, at today's price."""
    fresh, read, output = usage.input_tokens or 0, usage.cache_read_input_tokens or 0, usage.output_tokens or 0
    written = usage.cache_creation or CacheCreation()
    short, long = written.ephemeral_5m_input_tokens or 0, written.ephemeral_1h_input_tokens or 0
    price = book.resolve(model, "anthropic", now_ms(), fresh + read + short + long)
    if price is None:
        raise AskError(f"{model} has no price (taximeter prices lists the models that have)")
    return cost(price, fresh, read, short, long, output, 0)


def refine(
    db: sqlite3.Connection, chosen: Sequence[Digest], model: str, book: PriceBook, ask: Ask
) -> Iterator[Outcome]:
    """Ask about each session and store the answers; AskError if further requests would fail too (key, limit, network).

    An unusable answer is paid for but changes nothing.
    """
    for digest in chosen:
        answer = ask(INSTRUCTIONS, digest.text, 4 * _output_tokens(digest))
        paid = _cost(book, model, answer.usage)
        try:
            tasks = read_answer(answer.text, len(digest.anchors))
        except ValueError as error:
            yield Outcome(digest.native_id, 0, paid, str(error))
            continue
        _keep(db, digest, tasks)
        yield Outcome(digest.native_id, len(tasks), paid)


def read_answer(text: str, prompts: int) -> list[_Task]:
    """Parse the tasks of an answer; ValueError says why it is unusable."""
    begin, end = text.find("{"), text.rfind("}")
    if begin < 0 or end < begin:
        raise ValueError("the answer holds no JSON")
    try:
        tasks = msgspec.json.decode(text[begin : end + 1].encode(), type=_Answer).tasks
    except msgspec.DecodeError as error:
        raise ValueError(f"the answer is not the JSON asked for: {error}") from error
    firsts = [task.first for task in tasks]
    if not firsts or firsts[0] != 1:
        raise ValueError("the answer does not begin with prompt 1")
    if firsts != sorted(set(firsts)) or firsts[-1] > prompts:
        raise ValueError("the answer names prompts that are not there, or not in order")
    return tasks


def _keep(db: sqlite3.Connection, digest: Digest, tasks: Sequence[_Task]) -> None:
    """Store an answer as suggestions in the form of edits."""
    by_first = {task.first: task for task in tasks}
    said: list[dict[str, Any]] = []
    for number, anchor in enumerate(digest.anchors, start=1):
        task = by_first.get(number)
        if number > 1:
            said.append(_entry(EditKind.SPLIT, EditBody((anchor,), is_on=task is not None)))
        if task is not None:
            title = " ".join(task.title.split())[:_TITLE_CHARS]
            status = _STATUSES.get(task.status)
            if title:
                said.append(_entry(EditKind.RENAME, EditBody((anchor,), title=title)))
            if status is not None:
                said.append(_entry(EditKind.STATUS, EditBody((anchor,), status=status)))
    with transaction(db):
        add_suggestion(
            db, REFINED, digest.agent, digest.native_id, len(digest.anchors), msgspec.json.encode(said).decode()
        )
        mark_stale(db, [digest.session_id])


def _entry(kind: str, body: EditBody) -> dict[str, Any]:
    return {"kind": kind, "body": msgspec.json.encode(body).decode()}
