"""Reads a transcript of the SDK store (`*.messages.json`) into a Batch (CLINE section 2).

One assistant message with metrics is one successful request. Failed attempts, the request that writes a compaction
summary and streams that the user stopped before their first token are not recorded.
"""

from contextlib import suppress

from store.records import Agent, Batch, Chain, CopyRank, Event, EventKind, Session, ToolUse
from tracker.sources.base import DECODE_ERRORS, Options
from tracker.sources.cline import tools
from tracker.sources.cline.calls import Place, ServedBy, billing_of, metered_call
from tracker.sources.cline.carry import StartedBy
from tracker.sources.cline.errors import error_detail
from tracker.sources.cline.rows import decoded
from tracker.sources.cline.sdk_rows import (
    Block,
    Message,
    Metrics,
    ModelInfo,
    Transcript,
    asks_tool,
    blocks_of,
    decode_messages,
    decode_spawn,
    decode_transcript,
    is_error_notice,
    is_legacy_mark,
    prompt_in,
    started_at,
    text_of,
)
from tracker.sources.cline.tokens import UNKNOWN
from tracker.sources.cline.turns import TurnLog, title_of
from tracker.sources.times import sane_ms

_COPY_SLACK_MS = 1000
_SPAWNS = frozenset(("spawn_agent", "team_run_task"))


class TranscriptReader:
    """Converts the messages of one transcript into records; `chain` is "" for the session's own."""

    def __init__(self, session: str, chain: str, options: Options, origin: StartedBy | None = None) -> None:
        self._session = session
        self._chain = chain
        self._options = options
        self._turns = TurnLog(Agent.CLINE, session, options)
        self._origin = origin
        self._start = started_at(session)
        self._batch = Batch()
        self._tools: dict[str, ToolUse] = {}
        self._tool_ids: dict[str, str] = {}  # id in the file -> ours
        self._model = UNKNOWN
        self._mode: str | None = None
        self._title: str | None = None
        self._at = self._start or 0
        self._asked_at: int | None = None  # of a message that waits for its answer
        self._first_at: int | None = None
        self._last_at: int | None = None
        self._is_copy = False
        self._is_continued = False  # a classic task went on as this session
        self._version: str | None = None

    def read(self, transcript: Transcript, imported_until: int = 0) -> Batch:
        """Everything in the transcript that is Cline's own.

        Up to `imported_until` (epoch ms) it was taken over from another agent's records, counts included: that agent's
        requests, and in its way of counting.
        """
        self._version = transcript.origin.version if transcript.origin else None
        messages, self._batch.bad_lines = decode_messages(transcript.messages)
        while messages and messages[-1].role == "user" and sane_ms(messages[-1].ts) is None:
            messages.pop()  # a prompt gets its time when its request is made
        copied = max((index + 1 for index, message in enumerate(messages) if is_legacy_mark(message)), default=0)
        self._is_continued = copied > 0 or self._session.isdigit()
        if imported_until:
            own = (index for index, message in enumerate(messages) if (sane_ms(message.ts) or 0) > imported_until)
            copied = next(own, len(messages))
        for index, message in enumerate(messages[copied:], start=copied):
            try:
                self._message(message, index)
            except (*DECODE_ERRORS, ValueError):
                self._batch.bad_lines += 1
        return self._finish(transcript)

    def _message(self, message: Message, index: int) -> None:
        at = self._at = sane_ms(message.ts) or self._at
        self._is_copy = self._start is not None and at < self._start - _COPY_SLACK_MS
        if not self._is_copy:
            self._first_at = at if self._first_at is None else min(at, self._first_at)
            self._last_at = at if self._last_at is None else max(at, self._last_at)
        try:
            blocks = blocks_of(message)
        except DECODE_ERRORS:  # words and tools in a form that we do not know: the request was billed all the same
            blocks = []
            self._batch.bad_lines += 1
        if message.role == "user":
            self._user(message, blocks, at)
            self._asked_at = at
        elif message.role == "assistant":
            self._assistant(message, blocks, at, index)
            self._asked_at = None

    # -- user -------------------------------------------------------------------------------------------------------

    def _user(self, message: Message, blocks: list[Block], at: int) -> None:
        if self._is_copy:
            return
        for block in blocks:
            if block.type == "tool_result" and block.tool_use_id in self._tool_ids:
                key = self._tool_ids[block.tool_use_id]
                self._tools[key] = tools.with_result(self._tools[key], block.content, block.is_error)
        if self._chain:
            return
        prompt = prompt_in(message, blocks)
        if prompt is None:
            return
        if self._asked_at is not None and self._turns.current is not None:  # Cline marks no stop by the user
            self._event(self._asked_at, EventKind.INTERRUPT, None)
        if prompt.mode is not None and prompt.mode != self._mode:
            self._mode = prompt.mode
            self._event(at, EventKind.MODE, prompt.mode)
        key = message.id or str(at)
        if prompt.is_resume:
            self._turns.resume(key, at)
        elif prompt.is_command:
            self._turns.command(key, at, prompt.text)
        else:
            self._turns.begin(key, at, prompt.text)
        if self._title is None and not prompt.is_resume:
            self._title = title_of(prompt.text, self._options)

    # -- assistant --------------------------------------------------------------------------------------------------

    def _assistant(self, message: Message, blocks: list[Block], at: int, index: int) -> None:
        info = message.model_info or ModelInfo()
        self._model = info.id or self._model
        if is_error_notice(message):
            if not self._is_copy:
                self._event(at, EventKind.API_ERROR, error_detail(text_of(blocks)))
            return
        provider = info.provider or UNKNOWN
        if message.metrics is not None and not (self._is_continued and provider == UNKNOWN):
            key = message.id or f"{Agent.CLINE}:{self._session}:{self._chain}:{index}:{at}"
            self._call(message.metrics, key, at, provider, blocks)
        if self._is_copy:
            return
        self._turns.answered(text_of(blocks))
        for block in blocks:
            if block.type == "tool_use" and block.id and block.name:
                key = tools.unique_id(block.id, message.id or str(at))
                bare = ToolUse(Agent.CLINE, self._session, key, self._chain, self._turn, at, at, message.id)
                self._tools[key] = tools.sdk_tool(bare, block.name, block.input)
                self._tool_ids[block.id] = key

    def _call(self, metrics: Metrics, key: str, at: int, provider: str, blocks: list[Block]) -> None:
        place = Place(
            agent=Agent.CLINE,
            session=self._session,
            chain=self._chain,
            turn=None if self._is_copy else self._turn,
            at=at,
            version=self._version,
            requested_at=self._asked_at,
            copy_rank=CopyRank.FORK if self._is_copy else CopyRank.OWN,
        )
        served_by = ServedBy(self._model, provider)
        stop = "tool_use" if asks_tool(blocks) else None
        self._batch.calls.append(metered_call(key, place, served_by, metrics, self._options, stop=stop))

    # -- the end ----------------------------------------------------------------------------------------------------

    @property
    def _turn(self) -> str | None:
        if self._chain:
            return self._origin.turn if self._origin is not None else None
        return self._turns.current

    def _event(self, at: int, kind: str, detail: str | None) -> None:
        self._batch.events.append(Event(Agent.CLINE, self._session, self._chain, at, at, kind, detail))

    def _finish(self, transcript: Transcript) -> Batch:
        batch = self._batch
        batch.turns = self._turns.turns
        batch.tools = list(self._tools.values())
        if self._first_at is None:
            return batch
        origin = self._origin
        batch.chains.append(
            Chain(
                Agent.CLINE,
                self._session,
                self._chain,
                "subagent" if self._chain else "main",
                self._first_at,
                origin.tool_use if origin else None,
                origin.turn if origin else None,
            )
        )
        batch.sessions.append(
            Session(
                Agent.CLINE,
                self._session,
                1 if self._chain else 2,
                self._first_at,
                self._last_at,
                version=self._version,
                entrypoint=transcript.origin.source if transcript.origin else None,
                title=self._title,
                title_rank=1 if self._title else 0,
                billing=billing_of(batch.calls),
                own_start_at=None if self._chain else self._first_at,
            )
        )
        return batch


def started_by(lead: bytes, agent: bytes) -> StartedBy | None:
    """Find what started a subagent (`agent`) in its session's own transcript (`lead`); None if either text is torn.

    The turn is the last one that began before the agent's first message; the tool call is the last one before it that
    gave the agent's first message as task.
    """
    lead_transcript, agent_transcript = decoded(decode_transcript, lead), decoded(decode_transcript, agent)
    if lead_transcript is None or agent_transcript is None:
        return None
    lead_messages, _ = decode_messages(lead_transcript.messages)
    agent_messages, _ = decode_messages(agent_transcript.messages)
    first = next((message for message in agent_messages if message.ts is not None), None)
    if first is None or first.ts is None:
        return StartedBy(None, None)
    task = turn = tool_use = None
    with suppress(*DECODE_ERRORS):
        task = text_of(blocks_of(first))
    for message in lead_messages:
        if message.ts is not None and message.ts > first.ts:
            break
        with suppress(*DECODE_ERRORS):  # a message in a form that we do not know tells nothing
            blocks = blocks_of(message)
            if message.role == "user" and prompt_in(message, blocks) is not None:
                turn = message.id or str(int(message.ts or 0))
            for block in blocks:
                if block.type == "tool_use" and block.name in _SPAWNS and decode_spawn(block.input).task == task:
                    tool_use = tools.unique_id(block.id or "", message.id or "")
    return StartedBy(turn, tool_use)
