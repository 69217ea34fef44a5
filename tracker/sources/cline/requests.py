"""The requests of a classic task: rows that Cline fills in while the answer streams (CLINE section 3).

A row is written without counts, gets those of the stream's start, then the final ones. Rows without counts are no
calls yet. While the answer is under way its output is a floor; a request that was cut keeps the counts of its start.
"""

from store.records import Call, CallFlag, Event, EventKind
from tracker.sources.base import Options
from tracker.sources.cline.calls import Place, ServedBy, make_call
from tracker.sources.cline.dialect import Dialect
from tracker.sources.cline.errors import error_detail
from tracker.sources.cline.rows import ApiRequest, UiRow
from tracker.sources.cline.tokens import Recorded, count, nano_cost, reported_cost

_CANCELLED = "user_cancelled"
# Rows that say nothing about whether the model has answered.
_NO_ANSWER = frozenset(
    "api_req_started api_req_finished api_req_failed api_req_retried api_req_retry_delayed api_req_rate_limit_wait"
    " api_req_deleted deleted_api_reqs error_retry subagent_usage hook_status hook_output_stream checkpoint_created"
    " checkpoint_saved conditional_rules_applied mcp_notification info user_feedback user_feedback_diff resume_task"
    " resume_completed_task".split()
)
# Results of tools arrive after the answer has ended.
_AFTER_ANSWER = frozenset(("command_output", "subagent", "condense_context", "mcp_server_response"))
# Tools that Cline runs itself and answers with the next request.
_TOOLS = frozenset(
    "tool command use_mcp_server mcp_server_request_started browser_action browser_action_launch use_subagents".split()
)
# A result or a question goes to the user, whatever tools the answer used besides.
_HANDED_OVER = frozenset(("completion_result", "followup", "plan_mode_respond"))
# Whatever the answer was, it is over.
_NEXT = frozenset(("user_feedback", "user_feedback_diff", "deleted_api_reqs", "api_req_deleted"))


def recorded_of(info: ApiRequest) -> Recorded:
    """Counts and cost of a usage-bearing row; ValueError if they are absurd."""
    return Recorded(
        count(info.tokens_in),
        count(info.tokens_out),
        count(info.cache_writes),
        count(info.cache_reads),
        nano_cost(info.cost),
    )


class Request:
    """One `api_req_started` row, and what the rows up to the next one add to it."""

    def __init__(self, row: UiRow, info: ApiRequest, served_by: ServedBy, turn: str | None, retries: int) -> None:
        self.at = row.at
        self.info = info
        self.recorded = recorded_of(info)
        self.served_by = served_by
        self.turn = turn
        self.retries = retries
        self.errors = 0  # rows that report its failures
        self.last_at = row.at
        self.is_answered = False
        self._stop: str | None = None
        self.is_cut = False  # the stream broke, and Cline made another request
        self.is_left = False  # the task was left before another request
        self.is_left_open = False  # and that cut it: nothing was handed to the user, and no failure explains it
        self.is_closed = False  # the task was left, or went on

    def saw(self, row: UiRow) -> None:
        """Note a row that follows the request."""
        if row.what in _TOOLS:
            self._stop = self._stop or "tool_use"
        elif row.what in _HANDED_OVER:
            self._stop = "end_turn"
        elif row.what in _NEXT:
            self.is_closed = True
        if row.partial or row.what in _NO_ANSWER:
            return
        self.is_answered = True
        if row.what not in _AFTER_ANSWER:
            self.last_at = max(self.last_at, row.at)

    def leave(self) -> None:
        """Note that the task was left, so the request gets no further answer."""
        has_reason = self._stop == "end_turn" or self.info.cancel_reason is not None or self.errors
        self.is_left_open |= not has_reason and not self.is_closed
        self.is_left = self.is_closed = True

    @property
    def was_cut(self) -> bool:
        """Whether the stream ended early: Cline says so, or leaves a row with counts and no answer (Ctrl-C)."""
        return (
            self.is_cut
            or self.info.cancel_reason is not None
            or (self.is_left and not self.is_answered and self.recorded.total > 0)
        )

    @property
    def stop(self) -> str | None:
        """Why the answer ended; None while it is under way, and where it was cut."""
        if self._stop is None and self.is_closed and not self.was_cut:
            return "end_turn"
        return self._stop

    @property
    def is_call(self) -> bool:
        """Whether the row is a call: it has counts, or ended well without them (the provider gave none)."""
        if self.recorded.total:
            return True
        return self.info.cost is not None and self.info.cancel_reason is None and not self.errors


class RequestLog:
    """The requests of one task in order."""

    def __init__(self, session: str, dialect: Dialect, options: Options) -> None:
        self.requests: list[Request] = []
        self._session = session
        self._dialect = dialect
        self._options = options
        self._failed_before = 0

    @property
    def current(self) -> Request | None:
        """The latest request."""
        return self.requests[-1] if self.requests else None

    def start(self, row: UiRow, info: ApiRequest, turn: str | None) -> Request:
        """Add an `api_req_started` row; ValueError if its counts are absurd."""
        request = Request(row, info, self._dialect.served_by(row, info), turn, self._failed_before)
        if self.requests:
            self.requests[-1].is_closed = True
        self._failed_before = 0
        self.requests.append(request)
        return request

    def finish(self, info: ApiRequest) -> None:
        """Add an `api_req_finished` row, which held the counts before 2025."""
        request = self.current
        if request is not None and not request.recorded.total:
            request.info = info
            request.recorded = recorded_of(info)

    def failed(self, at: int, detail: str) -> Event:
        """Count a failure that Cline tells of at `at`, and return its event; the request is tried again."""
        request = self.current
        if request is None:
            return Event(self._dialect.agent, self._session, "", at, at, EventKind.API_ERROR, detail)
        request.errors += 1
        if request.info.cancel_reason is not None and request.recorded.total:
            # Cut in mid-stream: the row stays as it is, the retry gets a new one.
            self._failed_before += 1
        else:
            request.retries += 1
        # One row tells of the failure first, then a second one, and the first may lose its reason: they share a place.
        return Event(
            self._dialect.agent, self._session, "", request.at + request.errors, at, EventKind.API_ERROR, detail
        )

    def cut(self) -> None:
        """Note that the latest failure broke the stream, so its retry is another request."""
        request = self.current
        if request is not None and not request.is_cut:
            request.is_cut = True
            if not self._failed_before:
                request.retries -= 1
                self._failed_before = 1

    def key(self, at: int) -> str:
        """Key of the call that a row represents; the same in every copy of the task."""
        return f"{self._dialect.agent}:{self._session}:{at}"

    def calls(self) -> list[Call]:
        """Every request that used tokens."""
        return [self._call(request) for request in self.requests if request.is_call]

    def _call(self, request: Request) -> Call:
        served_by = request.served_by
        flags = 0
        tokens = self._dialect.tokens(request.recorded, served_by, request.info)
        if request.was_cut or request.stop is None:
            flags |= CallFlag.OUTPUT_IS_FLOOR
            tokens = tokens._replace(flags=tokens.flags & ~CallFlag.ESTIMATED)
            if request.was_cut and not request.is_cut and request.info.cancel_reason in (None, _CANCELLED):
                flags |= CallFlag.ABORTED
        elif not request.recorded.total:
            flags |= CallFlag.OUTPUT_IS_FLOOR
        place = Place(
            agent=self._dialect.agent,
            session=self._session,
            chain="",
            turn=request.turn,
            at=request.at,
            version=self._dialect.version_at(request.at),
            requested_at=request.at,
            last_at=request.last_at,
        )
        return make_call(
            self.key(request.at),
            place,
            served_by,
            tokens,
            reported_cost(request.recorded, served_by.provider),
            self._options,
            retries=request.retries,
            flags=int(flags),
            stop=request.stop,
        )

    def events(self) -> list[Event]:
        """Requests that the user stopped, and those that failed without a row of their own about it."""
        made = []
        for request in self.requests:
            reason = request.info.cancel_reason
            if reason == _CANCELLED or request.is_left_open:
                made.append(self._event(request, EventKind.INTERRUPT, None))
            elif reason is not None and self._tells_failure(request):
                detail = error_detail(request.info.streaming_failed_message)
                made.append(self._event(request, EventKind.API_ERROR, detail))
        return made

    @staticmethod
    def _tells_failure(request: Request) -> bool:
        """Whether the failure stands in this row only; `failed` is the other half of this decision."""
        says_what = request.recorded.total > 0 and request.info.streaming_failed_message is not None
        return not request.errors and (request.is_closed or says_what)

    def _event(self, request: Request, kind: str, detail: str | None) -> Event:
        # One after the request's own position: what ended it stands behind it.
        return Event(self._dialect.agent, self._session, "", request.at + 1, request.last_at, kind, detail)
