"""Reads one transcript file, line by line, into batches."""

from store.records import NAME_CHARS, Batch, CopyRank, EventKind, ToolUse
from tracker.sources.base import DECODE_ERRORS, Options
from tracker.sources.claude_code import tools
from tracker.sources.claude_code.carry import Carry
from tracker.sources.claude_code.client_totals import client_total
from tracker.sources.claude_code.conversation import Conversation
from tracker.sources.claude_code.events import event, event_at, synthetic_event, system_event
from tracker.sources.claude_code.fold import CallFold, Place
from tracker.sources.claude_code.lines import (
    Block,
    Line,
    Message,
    ProgressLine,
    decode_line,
    decode_lines,
    decode_progress,
    decoded,
    epoch_ms,
    joined_text,
)
from tracker.sources.claude_code.nameless import name_of
from tracker.sources.claude_code.whereabouts import Whereabouts
from tracker.sources.text import opening

_BRACE = ord("{")
_MAX_AWAITED = 200
_TITLE_CHARS = 200
# Kinds of rows without anything for the ledger, by their beginnings.
_SKIPPED_KINDS = tuple(
    "file-history api-request last-prompt atis-latch attribution content-replacement tools-used permission-mode"
    " agent-name".split()
)
_SKIPPED_ROWS = tuple(b'{"type":"' + kind.encode() for kind in _SKIPPED_KINDS)
# Progress records that hold a subagent's lines; a skill may run as one.
_AGENT, _SKILL = b'"agent_progress"', b'"skill_progress"'
_RESUMED = b'"SessionStart:resume"'  # the hooks that ran


class FileReader:
    """Converts the lines of one file into batches: `feed` lines, then `take` the batch."""

    def __init__(
        self, stem: str, path_agent: str | None, file_session: str | None, options: Options, carry: Carry
    ) -> None:
        self.carry = carry
        self._stem = stem
        self._options = options
        self._path_agent = path_agent
        if file_session and not carry.session:
            carry.session = file_session
        self._start_piece()

    def _start_piece(self) -> None:
        self._batch = Batch()
        self._fold = CallFold(self._options)
        self._where = Whereabouts(self.carry, self._path_agent, self._stem)
        self._conversation = Conversation(self.carry, self._options, self._batch)
        self._tools: dict[tuple[str, str], ToolUse] = {}
        self._title: str | None = None
        self._title_rank = 0
        self._billing: str | None = None

    def take(self) -> Batch:
        """The batch since the last `take`; starts a new one."""
        batch = self._batch
        self._conversation.save()
        self.carry.awaited = dict(list(self.carry.awaited.items())[-_MAX_AWAITED:])
        batch.calls = self._fold.calls()
        batch.tools = list(self._tools.values())
        batch.chains = self._where.chains_of(batch.calls)
        batch.sessions = self._where.sessions(self._title, self._title_rank, self._billing)
        self._start_piece()
        return batch

    def feed(self, block: bytearray, length: int, position: int) -> None:
        """Read the whole lines in the first `length` bytes of `block`; the last may lack its newline.

        The first starts at byte `position` of the file. Nothing may keep a view of the block: it is reused.
        """
        ends: list[int] = []
        start, even = 0, True
        while start < length:
            even = even and block[start] == _BRACE
            start = block.find(b"\n", start, length) + 1 or length
            ends.append(start)
        try:
            lines = decode_lines(memoryview(block)[:length])
        except DECODE_ERRORS:
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
        """Read a line of a block in which not every line is one record."""
        if raw.startswith(_SKIPPED_ROWS):
            return  # not worth mending
        try:
            line = decode_line(raw)
        except DECODE_ERRORS:
            if raw.strip():
                self._take_salvaged(raw, position)
            return
        self._take(line, raw, 0, len(raw), position)

    def _take_salvaged(self, raw: bytes, position: int) -> None:
        """Read what can be salvaged of a damaged line; it counts as one bad line at most."""
        from tracker.sources.claude_code.salvage import salvage  # imports json, and damage is rare

        before = self._batch.bad_lines
        found, is_damaged = salvage(raw)
        for line, start, end in found:
            self._take(line, raw, start, end, position + start)
        self._batch.bad_lines = before + (is_damaged or self._batch.bad_lines > before)

    def _take(self, line: Line, block: bytes | bytearray, start: int, end: int, position: int) -> None:
        """Read the record in `block` between `start` and `end`."""
        kind, branch = line.type, line.gitBranch
        if branch is not None and len(branch) > NAME_CHARS:
            line.gitBranch = branch[:NAME_CHARS]
        if kind == "assistant":
            self._assistant(line, position)
        elif kind == "user":
            self._user(line, position)
        elif kind == "progress":
            self._conversation.note_line(line)
            if block.find(_AGENT, start, end) >= 0 or block.find(_SKILL, start, end) >= 0:
                self._progress(line, position)
            elif block.find(_RESUMED, start, end) >= 0:
                self._mark(line, position, EventKind.RESUME)
        elif kind == "cost-state":
            self._cost_state(bytes(block[start:end]), position)
        elif kind is not None and kind.startswith(_SKIPPED_KINDS):
            return
        else:
            if kind == "attachment" and block.find(_RESUMED, start, end) >= 0:
                self._mark(line, position, EventKind.RESUME)
            self._bookkeeping(line, position)
        if self.carry.first_seen_at is None and line.timestamp:
            self.carry.first_seen_at = epoch_ms(line.timestamp)

    # -- the two sides of the conversation ----------------------------------------------------------------------------

    def _assistant(self, line: Line, position: int) -> None:
        message = line.message
        if message is None:
            self._batch.bad_lines += 1
            return
        where = self._where
        at = where.time(line)
        if not line.requestId:
            chain = self._path_agent or line.agentId or ""
            message.id = name_of(message, line, chain, self.carry, line.parentUuid, line.uuid)
        call = self._fold.find(message.id)
        if (
            call is not None
            and not line.isSidechain
            and call.place.copy_rank == CopyRank.OWN
            and line.sessionId == call.line.sessionId
            and where.changes_nothing(line, at)
        ):
            place = call.place
        else:
            place = where.place(line, position, at)
            self._facts(line, place)
            if call is not None and call.place.origin() != place.origin():
                call = self._fold.sighting(call, line, message, place, at)
        if not place.chain:
            self._conversation.note_answer(line)
        if line.isApiErrorMessage or message.model == "<synthetic>":
            self._batch.events.append(synthetic_event(line, message, place))
            return
        if not _is_call(message):
            return
        if line.promptCacheRequested == "1h":
            self._billing = "plan"
        if call is not None:
            self._fold.add_to(call, line, message, at)
        else:
            self._fold.add(line, message, place, at)
        if place.chain == "" or self._path_agent is not None:
            self.carry.retries = 0
        if isinstance(message.content, list):
            self._content(message.content, line, message.id, place, position, at)
        message.content = None

    def _content(
        self, content: list[Block], line: Line, message_id: str | None, place: Place, position: int, at: int
    ) -> None:
        has_text = False
        for block in content:
            if block.type == "tool_use" and block.id:
                use = tools.tool_use(block, place, position, at, message_id)
                awaited = tools.awaited_facts(use)
                if awaited is not None:
                    self.carry.awaited[use.id] = awaited
                self._join_tool(use)
            elif block.type == "text" and not place.chain:
                block.text = block.text.copy()
                has_text |= bytes(block.text) != b'""'
        if has_text:
            self._conversation.note_answer_text(content, line, place, position)

    def _user(self, line: Line, position: int) -> None:
        message = line.message
        if message is None:
            self._batch.bad_lines += 1
            return
        at = self._where.time(line)
        place = self._where.place(line, position, at)
        self._facts(line, place)
        content = message.content
        if isinstance(content, list) and any(block.type == "tool_result" for block in content):
            self.carry.asked_at[place.chain] = at
            self._results(content, line, place, at)
            if not place.chain:
                self._conversation.note_line(line)
        elif place.chain:
            self.carry.asked_at[place.chain] = at
            self._where.note_chain_prompt(place.chain, line.promptId)
        else:
            is_opening = self.carry.turn is None
            self._conversation.add_user_line(line, joined_text(content), place, at)
            if is_opening and self.carry.turn is not None and self.carry.opening_title is not None:
                self._set_users_title(self.carry.opening_title)

    def _results(self, content: list[Block], line: Line | ProgressLine, place: Place, at: int) -> None:
        for block in content:
            if block.type == "tool_result" and block.tool_use_id:
                awaits = self.carry.awaited.pop(block.tool_use_id, None)
                self._join_tool(tools.tool_result(block, awaits, self.carry.mates, line, place, at))

    def _join_tool(self, use: ToolUse) -> None:
        key = (use.session, use.id)
        known = self._tools.get(key)
        self._tools[key] = use if known is None else tools.join_halves(known, use)

    def _facts(self, line: Line, place: Place) -> None:
        branch = self._where.facts(line)
        if branch is not None:
            self._batch.events.append(event_at(line, place, EventKind.BRANCH, branch))

    # -- other rows -------------------------------------------------------------------------------------------------

    def _bookkeeping(self, line: Line, position: int) -> None:
        kind = line.type
        if kind == "system":
            self._system(line, position)
        elif kind == "custom-title" and line.customTitle:
            self._note_users_title(opening(line.customTitle, _TITLE_CHARS))
        elif kind == "ai-title" and line.aiTitle:
            self._set_title(line.aiTitle, 2)
        elif kind == "summary":
            if line.summary and self._conversation.includes(line.leafUuid):
                self._set_title(line.summary, 1)
        elif kind == "pr-link":
            self._mark(line, position, EventKind.PULL_REQUEST, line.prUrl)
        else:
            self._conversation.note_line(line)

    def _mark(self, line: Line, position: int, kind: str, detail: str | None = None) -> None:
        self._batch.events.append(event(line, line.sessionId or self.carry.session, "", position, kind, detail))

    def _note_users_title(self, title: str) -> None:
        """Take over the user's title; one before the first prompt waits for it, as `/clear` may stand between them."""
        if self.carry.turn is None and not self.carry.tracked:
            self.carry.opening_title = title
        else:
            self._set_users_title(title)

    def _set_users_title(self, title: str) -> None:
        """Clients keep the title over `/clear` (from 2.1.121 on): that of the work before is left out."""
        if title != self.carry.old_title:
            self._set_title(title, 3)

    def _set_title(self, title: str, rank: int) -> None:
        if rank >= self._title_rank:
            self._title, self._title_rank = opening(title, _TITLE_CHARS), rank

    def _system(self, line: Line, position: int) -> None:
        at = self._where.time(line)
        place = self._where.place(line, position, at)
        if not place.chain:
            self._conversation.note_line(line)
        if line.subtype == "local_command":
            self._conversation.add_local_command(line, place)
            return
        marked = system_event(line, place)
        if marked is None:
            return
        self._batch.events.append(marked)
        if marked.kind == EventKind.COMPACT:
            self.carry.asked_at[place.chain] = at
        elif marked.kind == EventKind.API_ERROR:
            self.carry.retries += 1

    def _progress(self, line: Line, position: int) -> None:
        """Read a subagent's line inside a progress record: some versions write it nowhere else (section 8, point 7)."""
        data = decoded(decode_progress, line.data)
        if data is None:
            self._batch.bad_lines += 1
            return
        inner = data.message
        if inner is None or inner.message is None:
            return
        carry, chain, message = self.carry, data.agentId or "agent", inner.message
        at = epoch_ms(inner.timestamp) or self._where.time(line)
        session, rank = self._where.origin(line, at)
        place = Place(
            session,
            chain,
            carry.session,
            max(rank, CopyRank.EMBEDDED),
            None,
            position,
            carry.asked_at.get(chain),
            0,
        )
        if inner.type == "user":
            carry.asked_at[chain] = at
            carry.nameless.pop(chain, None)
            if isinstance(message.content, list):
                self._results(message.content, inner, place, at)
            return
        if message.usage is None or message.model == "<synthetic>" or not _is_call(message):
            return
        if not inner.requestId:
            message.id = name_of(message, line, chain, carry, chain, chain)
        self._where.note_chain(chain, at)
        if data.agentId:
            self._where.note_chain_start(chain, line.parentToolUseID)
        inner_line = Line(requestId=inner.requestId, uuid=inner.uuid, version=line.version)
        self._fold.add(inner_line, message, place, at)
        if isinstance(message.content, list):
            self._content(message.content, inner_line, message.id, place, position, at)
        message.content = None

    def _cost_state(self, raw: bytes, position: int) -> None:
        total = client_total(raw, self.carry.session, position, self.carry.last_at)
        if total is None:
            self._batch.bad_lines += 1
        else:
            self._batch.totals.append(total)


def _is_call(message: Message) -> bool:
    """Whether an answer was billed: without a model judged by its tokens, without token counts by its ids."""
    usage = message.usage
    if message.model:
        return usage is not None or bool(message.id)
    return usage is not None and any(
        (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens, usage.output_tokens)
    )
