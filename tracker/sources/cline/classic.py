"""Reads the rows of a classic task (`ui_messages.json`) into a Batch (CLINE sections 3 and 4).

Keys and positions come from the rows' times: the file is rewritten whole, rows vanish, and byte offsets mean nothing.
"""

import re
from collections.abc import Callable

import msgspec

from store.records import Batch, Call, Chain, Event, EventKind, Session, ToolUse
from tracker.sources.base import DECODE_ERRORS, Options
from tracker.sources.cline import tools
from tracker.sources.cline.calls import ServedBy, billing_of
from tracker.sources.cline.deleted import Seen, account_deletions
from tracker.sources.cline.dialect import Dialect
from tracker.sources.cline.errors import error_detail
from tracker.sources.cline.requests import Request, RequestLog, recorded_of
from tracker.sources.cline.rows import (
    ApiRequest,
    UiRow,
    decode_progress,
    decode_request,
    decode_retry,
    decode_row,
)
from tracker.sources.cline.sums import SumRow, sum_records
from tracker.sources.cline.tokens import UNKNOWN, Recorded, count, nano_cost
from tracker.sources.cline.turns import TurnLog, title_of
from tracker.sources.times import sane_ms

_CWD_HEAD = " Directory ("
_CWD = re.compile(r"^# Current (?:Working|Workspace) Directory \((.+)\) Files", re.MULTILINE)
_DRIVE = re.compile(r"[A-Za-z]:/")
_USEFUL_HALVES = frozenset(("use_subagents", "subagent"))  # these rows often stay marked as partial
_RESUME_ASKS = frozenset(("resume_task", "resume_completed_task"))
_RETRY_SLACK_MS = 30_000  # from the time that Cline announced for a retry to its request


def _native(folder: str) -> str:
    """A folder in the system's own notation: the model is shown slashes on Windows, too."""
    return folder.replace("/", "\\") if _DRIVE.match(folder) else folder


class TaskReader:
    """Turns the rows of one task into records."""

    def __init__(self, task: str, dialect: Dialect, options: Options) -> None:
        self._task = task
        self._dialect = dialect
        self._options = options
        self._turns = TurnLog(dialect.agent, task, options)
        self._requests = RequestLog(task, dialect, options)
        self._tools: dict[str, ToolUse] = {}
        self._events: list[Event] = []
        self._compactions: list[tuple[UiRow, str, Request | None]] = []
        self._sums: list[SumRow] = []
        self._deletions: dict[int, SumRow] = {}
        self._served_by = ServedBy(UNKNOWN, UNKNOWN)
        self._bad_rows = 0
        self._first_at: int | None = None
        self._last_at: int | None = None
        self._cwd: str | None = None
        self._title: str | None = None
        self._mode: str | None = None
        self._left_at: int | None = None  # a resume question stands open
        self._retry_at = 0  # Cline waits until then before it tries a request again
        self._completed = False
        self._condense_asked: UiRow | None = None
        self._command: str | None = None
        self._kept_until: float = 0.0  # end of the range of messages left out of requests
        self._is_cut_expected = False
        self._largest_subagent_prompt: int | None = None
        self._agents_call: str | None = None
        self._handlers: dict[str, Callable[[UiRow], None]] = {
            "text": self._answer,
            "completion_result": self._answer,
            "tool": self._tool,
            "command": self._command_line,
            "command_output": self._output,
            "task_progress": self._progress,
            "use_subagents": self._agents_started,
            "subagent": self._subagent,
            "subagent_usage": self._subagents,
            "api_req_finished": self._finished,
            "deleted_api_reqs": self._deletion,
            "api_req_deleted": self._deletion,
            "error_retry": self._retried,
            "api_req_retry_delayed": self._retry_delayed,
            "api_req_failed": self._failed,
            "condense": self._condense,
            "condense_context": self._reshaped,
            "sliding_window_truncation": self._reshaped,
        }

    def feed(self, raw: msgspec.Raw) -> None:
        """Read one row; a damaged one is counted and skipped."""
        try:
            row = decode_row(raw)
            if sane_ms(row.ts) is not None:
                self._row(row)
                return
        except (*DECODE_ERRORS, ValueError):
            pass
        self._bad_rows += 1

    def _row(self, row: UiRow) -> None:
        at, what = row.at, row.what
        self._first_at = at if self._first_at is None else min(at, self._first_at)
        self._last_at = at if self._last_at is None else max(at, self._last_at)
        self._note_mode(row)
        self._note_truncation(row)
        current = self._requests.current
        if current is not None:
            current.saw(row)
        if what in ("task", "text") and self._turns.current is None and row.type == "say":
            self._prompt(row)
        elif what == "api_req_started":
            self._request(row)
        elif what == "user_feedback":
            self._feedback(row)
        elif row.partial and what not in _USEFUL_HALVES:
            return
        elif what in _RESUME_ASKS and row.type == "ask":
            self._leave(at)
        else:
            handle = self._handlers.get(what)
            if handle is not None:
                handle(row)

    def _leave(self, at: int) -> None:
        """Note a question whether to resume; where a stream was cut, Cline asks it and answers by itself."""
        self._left_at = at
        if at <= self._retry_at:
            self._requests.cut()
        current = self._requests.current
        if current is not None:
            current.leave()

    def _answer(self, row: UiRow) -> None:
        if row.type != "say":
            return
        self._turns.answered(row.text or "")
        if row.what == "completion_result":
            self._completed = True
            self._event(row.at, EventKind.COMPLETION)

    def _retried(self, row: UiRow) -> None:
        retry = decode_retry(row.text or "{}")
        if not retry.failed:
            self._retry_at = row.at + 1000 * count(retry.delay_seconds)
            self._events.append(self._requests.failed(row.at, error_detail(retry.error_message)))

    def _retry_delayed(self, row: UiRow) -> None:
        self._events.append(self._requests.failed(row.at, error_detail(row.text)))

    def _failed(self, row: UiRow) -> None:
        self._event(row.at, EventKind.API_ERROR, error_detail(row.text))

    # -- turns ------------------------------------------------------------------------------------------------------

    def _prompt(self, row: UiRow) -> None:
        self._turns.begin(str(row.at), row.at, row.text or "")
        self._title = title_of(row.text, self._options)

    def _feedback(self, row: UiRow) -> None:
        self._condense_asked = None
        self._retry_at = 0
        if self._left_at is not None:
            self._left_at = None
            self._event(row.at, EventKind.RESUME)
        if self._completed:
            self._completed = False
            self._event(row.at, EventKind.FEEDBACK)
        self._turns.begin(str(row.at), row.at, row.text or "")

    def _note_mode(self, row: UiRow) -> None:
        mode = row.model_info.mode if row.model_info is not None else None
        if mode and mode != self._mode:
            self._mode = mode
            self._event(row.at, EventKind.MODE, mode)

    # -- requests ---------------------------------------------------------------------------------------------------

    def _request(self, row: UiRow) -> None:
        info = decode_request(row.text or "{}")
        if self._condense_asked is not None:
            self._compacted(self._condense_asked, "manual")
            self._condense_asked = None
        current = self._requests.current
        is_retry = current is not None and current.is_cut and row.at <= self._retry_at + _RETRY_SLACK_MS
        if self._left_at is not None and not is_retry:
            self._event(row.at, EventKind.RESUME)
            self._turns.resume(str(row.at), row.at)
        self._left_at, self._retry_at = None, 0
        if info.request:
            if self._cwd is None and _CWD_HEAD in info.request:
                found = _CWD.search(info.request)
                self._cwd = _native(found.group(1)) if found else None
            if self._command is not None and "execute_command" in info.request[:200]:
                self._tools[self._command] = tools.with_exit_code(self._tools[self._command], info.request)
        self._command = None
        request = self._requests.start(row, info, self._turns.current)
        self._served_by = request.served_by

    def _finished(self, row: UiRow) -> None:
        self._requests.finish(decode_request(row.text or "{}"))

    def _subagent(self, row: UiRow) -> None:
        self._largest_subagent_prompt = count(decode_progress(row.text or "{}").max_context_tokens)

    def _subagents(self, row: UiRow) -> None:
        info = decode_request(row.text or "{}")
        served_by, largest = self._dialect.served_by(row, info), self._largest_subagent_prompt
        turn, recorded = self._turns.current, recorded_of(info)
        self._largest_subagent_prompt = None
        if recorded.total:
            spawn = self._agents_call
            self._sums.append(SumRow(row.at, "subagents", "subagent", turn, served_by, info, recorded, largest, spawn))

    def _deletion(self, row: UiRow) -> None:
        info = decode_request(row.text or "{}")
        self._event(row.at, EventKind.REWIND, "checkpoint")
        served_by, turn, recorded = self._dialect.served_by(row, info), self._turns.current, recorded_of(info)
        if served_by.model == UNKNOWN:
            served_by = self._served_by
        self._deletions[row.at] = SumRow(row.at, "deleted", "side", turn, served_by, info, recorded, 0)

    # -- the context ------------------------------------------------------------------------------------------------

    def _condense(self, row: UiRow) -> None:
        """The user is asked about a summary; the next row tells whether it was accepted."""
        self._condense_asked = row

    def _compacted(self, row: UiRow, detail: str) -> None:
        self._compactions.append((row, detail, self._requests.current))
        self._is_cut_expected = True

    def _note_truncation(self, row: UiRow) -> None:
        """Note the messages that later requests leave out: the second half of condensing, or a plain truncation.

        Cline cuts after writing the row of the request that no longer fits, so a later row shows it.
        """
        left_out = row.conversation_history_deleted_range
        if not left_out or left_out[-1] < left_out[0] or left_out[-1] == self._kept_until:
            return
        is_cut = left_out[-1] > self._kept_until and not self._is_cut_expected and self._condense_asked is None
        self._kept_until = left_out[-1]
        self._is_cut_expected = False
        if is_cut:
            current = self._requests.current
            at = row.at if current is None or row.what == "api_req_started" else current.at
            self._event(at, EventKind.MICROCOMPACT, "truncated")

    def _reshaped(self, row: UiRow) -> None:
        """Roo says what condensing cost and how large the context was; nothing of the request's tokens."""
        sizes = row.context_condense or row.context_truncation
        if sizes is None:
            return
        kind = EventKind.COMPACT if row.context_condense is not None else EventKind.MICROCOMPACT
        before, after = count(sizes.prev_context_tokens), count(sizes.new_context_tokens)
        self._event(row.at, kind, None, before or None, after or None)
        if row.context_condense is not None and nano_cost(sizes.cost):
            recorded = Recorded(0, 0, 0, 0, nano_cost(sizes.cost))
            turn, info = self._turns.current, ApiRequest()
            self._sums.append(SumRow(row.at, "condense", "compaction", turn, self._served_by, info, recorded))

    # -- tools ------------------------------------------------------------------------------------------------------

    def _tool(self, row: UiRow) -> None:
        used = tools.classic_tool(self._bare_tool(row), row.text or "")
        if used is None:
            self._bad_rows += 1
        elif used.name == "summarizeTask":
            self._compacted(row, "auto")
        else:
            self._tools[used.id] = used

    def _command_line(self, row: UiRow) -> None:
        bare = self._bare_tool(row)
        self._command = bare.id
        self._tools[bare.id] = tools.classic_command(bare, row.text or "")

    def _output(self, row: UiRow) -> None:
        if self._command is not None:
            self._tools[self._command] = tools.with_output(self._tools[self._command], row.text or "")

    def _progress(self, row: UiRow) -> None:
        todos = tools.checklist(self._bare_tool(row), row.text or "")
        if todos is not None:
            self._tools[todos.id] = todos

    def _agents_started(self, row: UiRow) -> None:
        bare = self._bare_tool(row)
        self._agents_call = bare.id
        self._tools[bare.id] = tools.agents_started(bare)

    def _bare_tool(self, row: UiRow) -> ToolUse:
        current = self._requests.current
        message = self._requests.key(current.at) if current is not None else None
        return ToolUse(self._dialect.agent, self._task, str(row.at), "", self._turns.current, row.at, row.at, message)

    # -- the end ----------------------------------------------------------------------------------------------------

    def finish(self, seen: Seen) -> Batch:
        """The batch of all rows fed; updates `seen` with the rows that are in the file now."""
        batch = Batch(turns=self._turns.turns, tools=list(self._tools.values()), bad_lines=self._bad_rows)
        batch.calls = self._requests.calls()
        batch.chains.append(Chain(self._dialect.agent, self._task, "", "main", self._first_at))
        for row in self._sums + self._deleted(seen):
            key = self._requests.key(row.at)
            chain, call = sum_records(row, key, self._task, self._dialect, self._options)
            batch.chains.append(chain)
            batch.calls.append(call)
        self._events += self._requests.events()
        for asked, detail, request in self._compactions:
            self._event(asked.at, EventKind.COMPACT, detail, self._prompt_of(request))
        batch.events = self._events
        if self._first_at is not None:
            batch.sessions.append(self._session(batch.calls))
        return batch

    def _deleted(self, seen: Seen) -> list[SumRow]:
        standing = {request.at: request.recorded for request in self._requests.requests if request.recorded.total}
        standing |= {row.at: row.recorded for row in self._sums}
        deletions = {at: row.recorded for at, row in self._deletions.items()}
        rest = account_deletions(seen, standing, deletions, sums_hold_sums=self._dialect.sums_hold_sums)
        return [self._deletions[at]._replace(recorded=recorded) for at, recorded in rest.items()]

    def _prompt_of(self, request: Request | None) -> int | None:
        """Condensing is an answer to a request like any other, so the context before is that request's prompt."""
        if request is None or not request.recorded.total:
            return None
        tokens = self._dialect.tokens(request.recorded, request.served_by, request.info)
        return tokens.input + tokens.cache_read + tokens.write_5m

    def _session(self, calls: list[Call]) -> Session:
        return Session(
            self._dialect.agent,
            self._task,
            1 if self._cwd is None else 2,  # the history's word on where it ran stands unless the rows have one
            self._first_at,
            self._last_at,
            cwd=self._cwd,
            version=self._dialect.version_at(self._last_at or 0),
            entrypoint=self._dialect.entrypoint(),
            title=self._title,
            title_rank=1 if self._title else 0,
            billing=billing_of(calls),
            own_start_at=self._first_at,
        )

    def _event(
        self, at: int, kind: str, detail: str | None = None, before: int | None = None, after: int | None = None
    ) -> None:
        self._events.append(Event(self._dialect.agent, self._task, "", at, at, kind, detail, before, after))
