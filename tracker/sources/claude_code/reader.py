"""Reads one transcript file, line by line, into a Batch. The carry holds all that a later line may need to know."""

import msgspec

from store.money import nano_from_float
from store.records import (
    Batch,
    Call,
    Chain,
    ClientTotal,
    CopyRank,
    Event,
    EventKind,
    ModelTotal,
    Session,
    ToolFlag,
    ToolUse,
    Turn,
    TurnKind,
)
from tracker.sources.base import Options
from tracker.sources.claude_code import tools
from tracker.sources.claude_code.fold import CallFold, Folded, Place
from tracker.sources.claude_code.lines import (
    Block,
    CostState,
    Line,
    Message,
    decode_content,
    decode_cost_state,
    decode_line,
    decode_lines,
    decode_progress,
    epoch_ms,
    forgiving,
    joined_text,
    salvage,
)
from tracker.sources.claude_code.text import Prompt, classify, opening, packed, word_hashes, word_set

AGENT = "claude-code"
_COPY_SLACK_MS = 1000
_BRACE = ord("{")
_WORDS_FROM_CHARS = 1200
_COMMIT = int(ToolFlag.COMMIT)
_AWAITED = _COMMIT | int(ToolFlag.AGENT)
# Kinds of rows without anything for the ledger, by their beginnings.
_SKIPPED_KINDS = (
    "file-history",
    "api-request",
    "last-prompt",
    "atis-latch",
    "attribution",
    "content-replacement",
    "tools-used",
    "permission-mode",
    "agent-name",
)
_SKIPPED_ROWS = tuple(b'{"type":"' + kind.encode() for kind in _SKIPPED_KINDS)


class Carry(msgspec.Struct, array_like=True):
    """What is known so far of a file; survives between reads."""

    session: str = ""
    first_seen_at: int | None = None  # time of the file's first dated row: older lines further on are copies
    own_start_at: int | None = None
    cwd: str | None = None
    branch: str | None = None
    version: str | None = None
    entrypoint: str | None = None
    turn: str | None = None
    last_at: int | None = None  # of the latest line, whatever its order in time
    earliest_at: int | None = None
    latest_at: int | None = None
    asked_at: dict[str, int] = {}  # chain -> time of its latest prompt or tool result
    retries: int = 0
    output_words: bytes = b""  # of the agent's latest text
    has_output: bool = False
    recent: list[str] = []  # line ids since the latest answer: a prompt that hangs elsewhere is a rewind
    inline_chains: dict[str, str] = {}  # line id -> chain, for sidechains without an agent id
    chains: dict[str, int] = {}  # chain -> first time
    awaited: dict[str, str] = {}  # tool uses whose result tells more than its size
    tracked: bool = False  # the file has had an answer with a line id
    parent: str | None = None  # session of the latest copied line: what this one was forked from
    parent_at: int | None = None


class FileReader:
    """Turns the lines of one file into batches."""

    def __init__(self, path_agent: str | None, file_session: str | None, options: Options, carry: Carry) -> None:
        self.carry = carry
        self._options = options
        self._path_agent = path_agent
        if file_session and not carry.session:
            carry.session = file_session
        self._start_piece()

    def _start_piece(self) -> None:
        self._fold = CallFold(self._options)
        self._batch = Batch()
        self._last_text: list[Block] | None = None
        self._output_words = word_set(self.carry.output_words)
        self._recent = list(self.carry.recent)
        self._awaited = dict(self.carry.awaited)
        self._tools: dict[tuple[str, str], ToolUse] = {}
        self._hearsay: dict[str, Session] = {}
        self._title: str | None = None
        self._title_rank = 0
        self._billing: str | None = None
        self._chain_prompts: dict[str, str] = {}
        self._chain_spawns: dict[str, str] = {}
        self._chain_types: dict[str, str] = {}

    def feed(self, block: bytearray, length: int, position: int) -> None:
        """Take in the whole lines that fill `length` bytes of `block`; the last may lack its newline.

        The first starts at byte `position` of the file. Nothing may keep a view of the block: it is used again.
        """
        ends: list[int] = []
        start, even = 0, True
        while start < length:
            even = even and block[start] == _BRACE
            start = block.find(b"\n", start, length) + 1 or length
            ends.append(start)
        try:
            lines = decode_lines(memoryview(block)[:length])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            lines = []
        start = 0
        # As many records as lines, and each line begins one: they match. A blank line beside a line of two would not.
        if even and len(lines) == len(ends):
            for line, end in zip(lines, ends, strict=True):
                self._take(line, block, start, end, position + start)
                start = end
            return
        for end in ends:
            self._take_odd(bytes(block[start:end]), position + start)
            start = end

    def _take_odd(self, raw: bytes, position: int) -> None:
        """Take in a line of a block in which not every line is one record."""
        if raw.startswith(_SKIPPED_ROWS):
            return  # not worth mending
        try:
            line = decode_line(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if not raw.strip():
                return
            self._take_salvaged(raw, position)
            return
        self._take(line, raw, 0, len(raw), position)

    def _take_salvaged(self, raw: bytes, position: int) -> None:
        """Take in what can be saved of a damaged line; it counts as one bad line at most."""
        before = self._batch.bad_lines
        found, is_damaged = salvage(raw)
        for line, start, end in found:
            self._take(line, raw, start, end, position + start)
        self._batch.bad_lines = before + (is_damaged or self._batch.bad_lines > before)

    def _take(self, line: Line, block: bytes | bytearray, start: int, end: int, position: int) -> None:
        """Take in a record that stands in `block` between `start` and `end`."""
        kind = line.type
        if kind == "assistant":
            self._assistant(line, position)
        elif kind == "user":
            self._user(line, position)
        elif kind == "progress" and block.find(b'"agent_progress"', start, end) >= 0:
            self._progress(line, position)
        elif kind == "cost-state":
            self._cost_state(bytes(block[start:end]), position)
        elif kind is not None and kind.startswith(_SKIPPED_KINDS):
            return
        else:
            self._bookkeeping(line, position)
        if self.carry.first_seen_at is None and line.timestamp:
            self.carry.first_seen_at = epoch_ms(line.timestamp)

    def _bookkeeping(self, line: Line, position: int) -> None:
        kind = line.type
        if kind == "system":
            self._system(line, position)
        elif kind == "custom-title" and line.customTitle:
            self._set_title(line.customTitle, 3)
        elif kind == "ai-title" and line.aiTitle:
            self._set_title(line.aiTitle, 2)
        elif kind == "summary" and line.summary:
            self._set_title(line.summary, 1)
        elif kind == "pr-link":
            self._event(line.sessionId or self.carry.session, "", position, line, EventKind.PULL_REQUEST, line.prUrl)
        elif line.uuid:
            self._recent.append(line.uuid)

    # -- where a line belongs ---------------------------------------------------------------------------------------

    def _time(self, line: Line) -> int:
        carry = self.carry
        at = epoch_ms(line.timestamp)
        if at is None:
            at = carry.last_at or carry.first_seen_at or 0
        carry.last_at = at
        if carry.earliest_at is None or at < carry.earliest_at:
            carry.earliest_at = at
        if carry.latest_at is None or at > carry.latest_at:
            carry.latest_at = at
        return at

    def _chain(self, line: Line) -> str:
        if self._path_agent is not None:
            return self._path_agent
        if not line.isSidechain:
            return ""
        if line.agentId:
            return line.agentId
        carry = self.carry
        chain = carry.inline_chains.pop(line.parentUuid, None) if line.parentUuid else None
        if chain is None:
            chain = f"inline-{line.uuid or 'unknown'}"
        if line.uuid:
            carry.inline_chains[line.uuid] = chain
            # Parallel tool results hang on the same parent: keep it known a little longer.
            if line.parentUuid:
                carry.inline_chains[line.parentUuid] = chain
            while len(carry.inline_chains) > 64:
                carry.inline_chains.pop(next(iter(carry.inline_chains)))
        return chain

    def _place(self, line: Line, position: int, at: int) -> Place:
        carry = self.carry
        session = line.sessionId or carry.session
        if not carry.session:
            carry.session = session
        rank = CopyRank.OWN
        if line.requestSessionId and line.requestSessionId != session:
            rank, origin = CopyRank.FORK, line.requestSessionId
        elif line.forkedFrom is not None and line.forkedFrom.sessionId and line.forkedFrom.sessionId != session:
            rank, origin = CopyRank.BRANCH, line.forkedFrom.sessionId
        elif session != carry.session:
            rank, origin = CopyRank.FOREIGN, session
        else:
            origin = session
            if carry.first_seen_at is not None and at < carry.first_seen_at - _COPY_SLACK_MS:
                rank = CopyRank.FORK
        if rank and origin != carry.session:
            if rank != CopyRank.FOREIGN and (carry.parent_at is None or at >= carry.parent_at):
                carry.parent, carry.parent_at = origin, at
            self._hear_of(origin, line, at)
        elif rank == CopyRank.OWN and (carry.own_start_at is None or at < carry.own_start_at):
            carry.own_start_at = at
        chain = self._chain(line)
        if chain and (chain not in carry.chains or at < carry.chains[chain]):
            carry.chains[chain] = at
        if chain and line.attributionAgent:
            self._chain_types[chain] = line.attributionAgent
        turn = carry.turn if not chain else None
        return Place(origin, chain, carry.session, rank, turn, position, carry.asked_at.get(chain), carry.retries)

    def _hear_of(self, session: str, line: Line, at: int) -> None:
        known = self._hearsay.get(session)
        first = at if known is None or known.first_at is None else min(at, known.first_at)
        last = at if known is None or known.last_at is None else max(at, known.last_at)
        self._hearsay[session] = Session(AGENT, session, 0, first, last, line.cwd, line.gitBranch, line.version)

    def _facts(self, line: Line, position: int) -> None:
        carry = self.carry
        if line.cwd and carry.cwd is None:
            carry.cwd = line.cwd
        if line.gitBranch and line.gitBranch != carry.branch:
            if carry.branch is not None and self._path_agent is None:
                self._event(carry.session, "", position, line, EventKind.BRANCH, line.gitBranch)
            carry.branch = line.gitBranch
        if line.version:
            carry.version = line.version
        if line.entrypoint:
            carry.entrypoint = line.entrypoint

    # -- assistant --------------------------------------------------------------------------------------------------

    def _assistant(self, line: Line, position: int) -> None:
        message = line.message
        if message is None:
            self._batch.bad_lines += 1
            return
        at = self._time(line)
        call = self._fold.known(message.id)
        if call is not None and not line.isSidechain and self._adds_no_fact(line, call, at):
            place = call.place
        else:
            place = self._place(line, position, at)
            self._facts(line, position)
            if call is not None and call.place.origin() != place.origin():
                call = self._fold.elsewhere(call, line, message, place, at)
        if line.uuid and not place.chain:
            self._recent = [line.uuid]
            self.carry.tracked = True
        if line.isApiErrorMessage or message.model == "<synthetic>":
            self._synthetic(line, message, place)
            return
        if not message.model or (message.usage is None and not message.id):
            return
        if line.promptCacheRequested == "1h":
            self._billing = "plan"
        if call is not None:
            self._fold.add_to(call, line, message, at)
        else:
            self._fold.add(line, message, place, at)
        if place.chain == "" or self._path_agent is not None:
            self.carry.retries = 0
        self._content(message, place, position, at)
        message.content = None

    def _adds_no_fact(self, line: Line, call: Folded, at: int) -> bool:
        """Whether a further line of a call says nothing new about where and when its session ran."""
        carry = self.carry
        start = carry.own_start_at
        return (
            line.version == carry.version
            and line.gitBranch == carry.branch
            and line.entrypoint == carry.entrypoint
            and call.place.copy_rank == CopyRank.OWN
            and line.requestSessionId is None
            and line.forkedFrom is None
            and line.sessionId == call.line.sessionId
            and start is not None
            and at >= start
        )

    def _content(self, message: Message, place: Place, position: int, at: int) -> None:
        if not isinstance(message.content, list):
            return
        for block in message.content:
            if block.type == "tool_use" and block.id:
                use = tools.asked(block, AGENT, place, position, at, message.id)
                if use.flags & _AWAITED:
                    self._awaited[use.id] = tools.COMMIT if use.flags & _COMMIT else tools.AGENT_ID
                self._join_tool(use)
            elif block.type == "text" and not place.chain:
                block.text = block.text.copy()
                self._last_text = message.content

    def _join_tool(self, use: ToolUse) -> None:
        key = (use.session, use.id)
        known = self._tools.get(key)
        self._tools[key] = use if known is None else tools.joined(known, use)

    def _synthetic(self, line: Line, message: Message, place: Place) -> None:
        if line.isApiErrorMessage or line.error:
            text = joined_text(message.content)
            limited = "limit reached" in text or "usage limit" in text or "hit your limit" in text
            kind = EventKind.LIMIT if limited else EventKind.API_ERROR
            self._event(place.seen_session, place.chain, place.position, line, kind, _short(line.error))

    # -- user -------------------------------------------------------------------------------------------------------

    def _user(self, line: Line, position: int) -> None:
        message = line.message
        if message is None:
            self._batch.bad_lines += 1
            return
        at = self._time(line)
        place = self._place(line, position, at)
        self._facts(line, position)
        content = message.content
        if isinstance(content, list) and content and (content[0].type == "tool_result" or _has_result(content)):
            self.carry.asked_at[place.chain] = at
            for block in content:
                if block.type == "tool_result" and block.tool_use_id:
                    awaits = self._awaited.pop(block.tool_use_id, None) if self._awaited else None
                    self._join_tool(tools.answered(block, awaits, line, AGENT, place, position, at))
            if line.uuid and not place.chain:
                self._recent.append(line.uuid)
            return
        if place.chain:
            self.carry.asked_at[place.chain] = at
            if line.promptId and place.chain not in self._chain_prompts:
                self._chain_prompts[place.chain] = line.promptId
            return
        self._typed(line, joined_text(content), place, at)

    def _typed(self, line: Line, text: str, place: Place, at: int) -> None:
        if line.isCompactSummary:
            self._event(place.seen_session, "", place.position, line, EventKind.SUMMARY, None)
        elif line.isMeta or line.isVisibleInTranscriptOnly or line.uuid is None:
            # Text that the client adds: part of the turn at hand, and of the wait before its next call.
            self.carry.asked_at[""] = at
        else:
            prompt = classify(text)
            if prompt.mark is not None:
                self._mark(line, prompt.mark, place)
            elif prompt.kind is not None:
                self._begin_turn(line, prompt, place, at)
        if line.uuid:
            self._recent.append(line.uuid)

    def _mark(self, line: Line, mark: str, place: Place) -> None:
        name, _, value = mark.partition(":")
        kind = {"clear": EventKind.CLEAR, "exit": EventKind.EXIT, "quit": EventKind.EXIT}.get(value)
        if name == "interrupt":
            kind = EventKind.INTERRUPT
        self._event(place.seen_session, "", place.position, line, kind or EventKind.COMMAND, value or None)

    def _begin_turn(self, line: Line, prompt: Prompt, place: Place, at: int) -> None:
        carry = self.carry
        assert line.uuid is not None
        if carry.tracked and line.parentUuid and line.parentUuid not in self._recent and not place.copy_rank:
            self._event(place.seen_session, "", place.position, line, EventKind.REWIND, None)
        words = word_hashes(prompt.text[:_WORDS_FROM_CHARS]) if prompt.kind != TurnKind.NOTIFICATION else set()
        self._remember_output()
        echo = 1000 * len(words & self._output_words) // len(words) if carry.has_output and words else None
        carry.turn = line.uuid
        carry.asked_at[""] = at
        carry.retries = 0
        self._batch.turns.append(
            Turn(
                AGENT,
                place.seen_session,
                line.uuid,
                place.position,
                at,
                prompt.kind or TurnKind.PROMPT,
                line.promptId,
                opening(prompt.text, self._options.prompt_chars),
                len(prompt.text),
                packed(words),
                echo,
                line.gitBranch or carry.branch,
                prompt.tool_use_id,
                prompt.agent_id,
            )
        )

    def _remember_output(self) -> None:
        if self._last_text is None:
            return
        text = joined_text(self._last_text)
        if text:
            self._output_words = word_hashes(text[-_WORDS_FROM_CHARS:])
            self.carry.has_output = True
        self._last_text = None

    # -- other rows -------------------------------------------------------------------------------------------------

    def _system(self, line: Line, position: int) -> None:
        at = self._time(line)
        place = self._place(line, position, at)
        if line.uuid and not place.chain:
            self._recent.append(line.uuid)
        session, chain = place.seen_session, place.chain
        if line.subtype == "compact_boundary":
            sizes = line.compactMetadata
            self._event(
                session,
                chain,
                position,
                line,
                EventKind.COMPACT,
                sizes.trigger if sizes else None,
                sizes.preTokens if sizes else None,
                sizes.postTokens if sizes else None,
            )
            self.carry.asked_at[chain] = at
        elif line.subtype == "microcompact_boundary":
            self._event(session, chain, position, line, EventKind.MICROCOMPACT, None)
        elif line.subtype == "api_error":
            self.carry.retries += 1
            self._event(session, chain, position, line, EventKind.API_ERROR, _short(line.error))
        elif line.subtype in ("model_fallback", "model_refusal_fallback"):
            detail = f"{line.originalModel}>{line.fallbackModel}"
            self._event(session, chain, position, line, EventKind.FALLBACK, detail)
        elif line.subtype == "local_command":
            try:
                prompt = classify(joined_text(forgiving(decode_content, line.content)))
            except msgspec.DecodeError:
                return
            if prompt.mark is not None:
                self._mark(line, prompt.mark, place)

    def _progress(self, line: Line, position: int) -> None:
        """A subagent's line inside a progress record: in some versions it stands nowhere else (section 8, point 7)."""
        try:
            data = forgiving(decode_progress, line.data)
        except msgspec.DecodeError:
            self._batch.bad_lines += 1
            return
        inner = data.message
        if inner is None or inner.message is None:
            return
        chain = data.agentId or "agent"
        at = epoch_ms(inner.timestamp) or self._time(line)
        if inner.type == "user":
            self.carry.asked_at[chain] = at
            return
        message = inner.message
        if message.usage is None or message.model in (None, "<synthetic>"):
            return
        carry = self.carry
        if chain not in carry.chains or at < carry.chains[chain]:
            carry.chains[chain] = at
        place = Place(
            line.sessionId or carry.session,
            chain,
            carry.session,
            CopyRank.EMBEDDED,
            None,
            position,
            carry.asked_at.get(chain),
            0,
        )
        inner_line = Line(requestId=inner.requestId, uuid=inner.uuid, version=line.version)
        self._fold.add(inner_line, message, place, at)

    def _cost_state(self, raw: bytes, position: int) -> None:
        try:
            row = forgiving(decode_cost_state, raw)
        except msgspec.DecodeError:
            self._batch.bad_lines += 1
            return
        self._batch.totals.append(
            ClientTotal(
                AGENT,
                row.sessionId,
                "cost-state",
                position,
                self.carry.last_at,
                row.startTime,
                nano_from_float(row.totalCostUSD),
                tuple(_model_totals(row)),
                bool(row.hasUnknownModelCost),
            )
        )

    def _set_title(self, title: str, rank: int) -> None:
        if rank >= self._title_rank:
            self._title, self._title_rank = opening(title, 200), rank

    def _event(
        self,
        session: str,
        chain: str,
        position: int,
        line: Line,
        kind: str,
        detail: str | None,
        before: int | None = None,
        after: int | None = None,
    ) -> None:
        self._batch.events.append(
            Event(AGENT, session, chain, position, epoch_ms(line.timestamp), kind, detail, before, after)
        )

    # -- end of a piece ---------------------------------------------------------------------------------------------

    def take(self) -> Batch:
        """Everything since the last call of this, and start anew."""
        carry, batch = self.carry, self._batch
        self._remember_output()
        carry.output_words = packed(self._output_words)
        carry.recent = self._recent[-200:]
        carry.awaited = dict(list(self._awaited.items())[-200:])
        batch.calls = self._fold.calls(AGENT)
        batch.tools = list(self._tools.values())
        batch.prices = self._fold.prices()
        batch.chains = self._chains(batch.calls)
        if carry.session:
            batch.sessions.append(
                Session(
                    AGENT,
                    carry.session,
                    1 if self._path_agent else 2,
                    carry.earliest_at,
                    carry.latest_at,
                    carry.cwd,
                    carry.branch,
                    carry.version,
                    carry.entrypoint,
                    self._title,
                    self._title_rank,
                    self._billing if not self._path_agent else None,
                    carry.parent if not self._path_agent else None,
                    carry.own_start_at,
                )
            )
        batch.sessions.extend(self._hearsay.values())
        self._start_piece()
        return batch

    def _chains(self, calls: list[Call]) -> list[Chain]:
        met: dict[tuple[str, str], None] = {(call.session, call.chain): None for call in calls}
        for key in self._chain_prompts:
            met[(self.carry.session, key)] = None
        made = []
        for session, key in met:
            kind = "main" if not key else "compaction" if key.startswith("acompact") else "subagent"
            made.append(
                Chain(
                    AGENT,
                    session,
                    key,
                    kind,
                    self.carry.chains.get(key),
                    self._chain_spawns.get(key),
                    self._chain_prompts.get(key),
                    self._chain_types.get(key),
                )
            )
        return made


def _has_result(content: list[Block]) -> bool:
    return any(block.type == "tool_result" for block in content)


def _short(error: msgspec.Raw) -> str | None:
    """Status code or type of an error object; its message may quote a prompt and stays out."""
    raw = bytes(error)
    if not raw:
        return None
    try:
        value = forgiving(msgspec.json.decode, raw)
    except msgspec.DecodeError:
        return None
    if isinstance(value, str):
        return value[:60]
    if isinstance(value, dict):
        found = value.get("status") or value.get("type")
        return None if found is None else str(found)[:60]
    return None


def _model_totals(row: CostState) -> list[ModelTotal]:
    made = []
    for model, usage in row.modelUsage.items():
        writes = usage.cacheCreationInputTokens or 0
        one_hour = min(usage.cacheCreationEphemeral1hInputTokens or 0, writes)
        made.append(
            ModelTotal(
                model,
                usage.inputTokens or 0,
                usage.cacheReadInputTokens or 0,
                writes - one_hour,
                one_hour,
                usage.outputTokens or 0,
                usage.webSearchRequests or 0,
                nano_from_float(usage.costUSD or 0.0),
            )
        )
    return made
