"""The small files next to the transcripts: facts of a session, its compactions, and Cline's own totals.

Cline's totals are kept to compare with, never added: a session's leaves out its subagents (CLINE section 2), a task's
holds the errors of `tokensOut` and of cached tokens (section 3).
"""

import re
from hashlib import blake2b

import msgspec

from store.records import NAME_CHARS, Agent, Batch, ClientTotal, Event, EventKind, Session
from tracker.sources.base import Options
from tracker.sources.cline.rows import HistoryItem, Number, decode_elements, decode_history_item, decoded
from tracker.sources.cline.sdk_rows import Block, Message, decode_messages, decode_transcript, prompt_in
from tracker.sources.cline.tokens import count, nano_cost
from tracker.sources.cline.turns import title_of
from tracker.sources.times import iso_ms, sane_ms

_IS_A_NAME = re.compile(r"[\w-]{1,100}")  # of a folder beside the fork's own
_TOTAL_SOURCE = "history"
_TRIGGERS = {"manual_compaction": "manual", "auto_compaction": "auto", "overflow_recovery_compaction": "auto"}


class _Git(msgspec.Struct):
    branch: str | None = None


class _Fork(msgspec.Struct, rename="camel"):
    forked_from_session_id: str | None = None


class _HistoryOrigin(msgspec.Struct):
    mode: str | None = None
    version: str | None = None


class _ImportedFrom(msgspec.Struct, rename="camel"):
    imported_at: str | None = None


class _Metadata(msgspec.Struct, rename="camel"):
    title: str | None = None
    git: _Git | None = None
    fork: _Fork | None = None
    restored_from_session_id: str | None = None  # `/undo` goes on in a session of its own
    session_history_origin: _HistoryOrigin | None = None
    imported_from: _ImportedFrom | None = None
    total_cost: Number | None = None


class _Manifest(msgspec.Struct):
    session_id: str
    source: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    status: str | None = None
    interactive: bool | None = None
    cwd: str | None = None
    workspace_root: str | None = None
    prompt: str | None = None
    metadata: _Metadata | None = None


_decode_manifest = msgspec.json.Decoder(_Manifest).decode


def read_manifest(content: bytes, options: Options) -> Batch | None:
    """`<session>.json`: where and how a session ran, and how it ended. None if the text is torn."""
    manifest = decoded(_decode_manifest, content)
    if manifest is None:
        return None
    metadata = manifest.metadata or _Metadata()
    started, ended = iso_ms(manifest.started_at), iso_ms(manifest.ended_at)
    title = title_of(_typed(metadata.title or manifest.prompt), options)
    batch = Batch()
    batch.sessions.append(
        Session(
            Agent.CLINE,
            manifest.session_id,
            2,
            started,
            ended,
            cwd=manifest.workspace_root or manifest.cwd,
            branch=_branch(metadata.git),
            version=metadata.session_history_origin.version if metadata.session_history_origin else None,
            entrypoint=manifest.source,
            title=title,
            title_rank=2 if title else 0,
            parent=_origin(metadata),
        )
    )
    if metadata.restored_from_session_id and started is not None:
        batch.events.append(
            Event(Agent.CLINE, manifest.session_id, "", started, started, EventKind.REWIND, "checkpoint")
        )
    kind = None
    if manifest.status == "cancelled":
        kind = EventKind.INTERRUPT
    elif manifest.status == "completed" and manifest.interactive is False:
        # A run without a user ends when the agent has nothing left to do; with one, when the user leaves.
        kind = EventKind.COMPLETION
    if kind is not None and ended is not None:
        batch.events.append(Event(Agent.CLINE, manifest.session_id, "", ended, ended, kind))
    _add_total(batch, Agent.CLINE, manifest.session_id, ended or started, metadata.total_cost)
    return batch


def began_with(content: bytes) -> tuple[int, str] | None:
    """Until when a session was another agent's, and the session whose messages it began with; None if torn.

    Epoch ms, 0 for a session that was not imported; "" for one that is no fork or checkpoint. Cline's manifest first
    says that a session is an import, and its time only once the messages are written: until then it counts as torn.
    """
    manifest = decoded(_decode_manifest, content)
    if manifest is None:
        return None
    metadata = manifest.metadata or _Metadata()
    history = metadata.session_history_origin
    until: int | None = 0
    if metadata.imported_from is not None:
        until = iso_ms(metadata.imported_from.imported_at)
    elif history is not None and history.mode == "import":
        until = None
    named = _origin(metadata) or ""
    return None if until is None else (until, named if _IS_A_NAME.fullmatch(named) else "")


def _origin(metadata: _Metadata) -> str | None:
    """The session whose messages this one began with; a restored session may have its fork's metadata, too."""
    return metadata.restored_from_session_id or (metadata.fork.forked_from_session_id if metadata.fork else None)


def _branch(git: _Git | None) -> str | None:
    """The branch; None in a worktree without one, where Cline keeps the first word of "(no branch)"."""
    name = git.branch if git is not None else None
    return None if name is None or name.startswith("(") else name[:NAME_CHARS]


def read_compaction(content: bytes, session: str, known: bytes) -> tuple[Batch, bytes] | None:
    """`<session>.compaction.json`: when the context was compacted. None if the text is torn.

    The file holds copies of the kept messages, which are never counted, and may be rewritten without a new compaction:
    `known` is what the last call returned with the batch. The context before it is that of the last request among the
    copies, with its answer; Cline's own estimate was half of what the server counted.
    """
    state = decoded(decode_transcript, content)
    if state is None:
        return None
    messages, _ = decode_messages(state.messages)
    summary = next((one for one in messages if one.metadata is not None and one.metadata.kind is not None), None)
    if summary is None or summary.metadata is None:
        return Batch(), known
    metadata = summary.metadata
    at = sane_ms(metadata.generated_at) or iso_ms(state.updated_at)
    identity = blake2b(bytes(summary.content) + str(metadata.generated_at).encode(), digest_size=8).digest()
    batch = Batch()
    if identity != known and at is not None:
        detail = _TRIGGERS.get(metadata.reason or "")
        before = _context_at(messages, at)
        batch.events.append(Event(Agent.CLINE, session, "", at, at, EventKind.COMPACT, detail, before))
    return batch, identity


def _context_at(messages: list[Message], at: int) -> int | None:
    told = [
        message.metrics
        for message in messages
        if message.metrics is not None and message.ts is not None and message.ts <= at
    ]
    if not told:
        return None
    try:
        return (count(told[-1].input_tokens) + count(told[-1].output_tokens)) or None
    except ValueError:
        return None


def read_history(content: bytes, options: Options) -> Batch | None:
    """`state/taskHistory.json`: titles, folders and Cline's own totals of all classic tasks. None if torn."""
    elements = decoded(decode_elements, content)
    if elements is None:
        return None
    batch = Batch()
    for element in elements:
        item = decoded(decode_history_item, element)
        if item is None:
            batch.bad_lines += 1
        else:
            _add_item(batch, Agent.CLINE, item, options)
    return batch


def read_history_item(content: bytes, options: Options) -> Batch | None:
    """Roo's `history_item.json`: the same for one task. None if torn."""
    item = decoded(decode_history_item, content)
    if item is None:
        return None
    batch = Batch()
    _add_item(batch, Agent.ROO, item, options)
    return batch


def model_in_history(content: bytes, task: str) -> str | None:
    """The model of a task's last request, as `taskHistory.json` names it."""
    items = (decoded(decode_history_item, element) for element in decoded(decode_elements, content) or [])
    return next((item.model_id for item in items if item is not None and item.id == task), None)


def _add_item(batch: Batch, agent: str, item: HistoryItem, options: Options) -> None:
    at = sane_ms(item.ts)
    title = title_of(item.task, options)
    batch.sessions.append(
        Session(
            agent,
            item.id,
            1,
            None,
            at,
            cwd=item.cwd_on_task_initialization or item.workspace,
            title=title,
            title_rank=1 if title else 0,
            parent=item.parent_task_id,
        )
    )
    _add_total(batch, agent, item.id, at, item.total_cost)


def _add_total(batch: Batch, agent: str, session: str, at: int | None, amount: float | None) -> None:
    cost = nano_cost(amount)
    if cost:
        # One row a session: the newest total stands for all earlier ones.
        batch.totals.append(ClientTotal(agent, session, _TOTAL_SOURCE, 0, at, None, cost))


def _typed(text: str | None) -> str | None:
    """A prompt without the wrapper that names the mode."""
    if not text:
        return None
    prompt = prompt_in(Message(role="user"), [Block(type="text", text=text)])
    return prompt.text if prompt is not None else None
