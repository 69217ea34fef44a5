"""Folds the lines of one piece of a file into calls: one message id or request id, one call.

The line with the largest output stands for the call, whole (CLAUDE_CODE section 8, points 1 and 4); the earliest
line says where and when it was made.
"""

from functools import partial

import msgspec

from store.records import NAME_CHARS, Call, CallFlag, CopyRank, Price, canonical_id
from tracker.pricing import cost
from tracker.pricing.parts import Amounts, price_parts, prompt_of
from tracker.sources.base import Options
from tracker.sources.claude_code.lines import AGENT, CacheCreation, Iteration, Line, Message, Usage

# Plain integers: enum arithmetic is too slow for what runs once a call.
_FLOOR = int(CallFlag.OUTPUT_IS_FLOOR)
_TTL_UNKNOWN = int(CallFlag.TTL_UNKNOWN)
_ABORTED = int(CallFlag.ABORTED)
_ITERATION = int(CallFlag.ITERATION)
_EMBEDDED = int(CallFlag.EMBEDDED)
_SEVERAL_REQUESTS = int(CallFlag.SEVERAL_REQUESTS)


class Place(msgspec.Struct, gc=False):
    """The context of a line: session, chain, turn, and what came before."""

    session: str
    chain: str
    seen_session: str
    copy_rank: int
    turn: str | None
    position: int
    requested_at: int | None
    retries: int

    def origin(self) -> tuple[str, str, str, int]:
        """Where the call was made and seen; two lines of one call may differ here (a copy next to the original)."""
        return self.session, self.chain, self.seen_session, self.copy_rank


class Folded(msgspec.Struct, gc=False):
    """A call under construction."""

    line: Line
    message: Message
    output: int
    place: Place
    first_at: int
    last_at: int
    message_ids: tuple[str, ...]
    request_ids: tuple[str, ...]
    aborted: bool


class CallFold:
    """Collects the calls of one piece."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._by_message: dict[str, Folded] = {}
        self._by_request: dict[str, Folded] = {}
        self._ties: list[Folded] = []
        self._elsewhere: dict[tuple[str, tuple[str, str, str, int]], Folded] = {}

    def find(self, message_id: str | None) -> Folded | None:
        """The call with this message id, if it was seen before."""
        return self._by_message.get(message_id) if message_id else None

    def add(self, line: Line, message: Message, place: Place, at: int) -> None:
        """Add an assistant line with usage."""
        request_id = line.requestId or None  # an empty id names nothing
        key = message.id or request_id or line.uuid or f"{place.session}:{place.position}"
        call = self._by_message.get(key)
        if call is None and request_id is not None:
            call = self._by_request.get(request_id)
            if call is not None:
                call.message_ids = (*call.message_ids, key)
                self._by_message[key] = call
        if call is not None:
            self.add_to(call, line, message, at)
            return
        request_ids = (request_id,) if request_id is not None else ()
        call = self._by_message[key] = _new_call(line, message, place, at, (key,), request_ids)
        if request_id is not None:
            self._by_request.setdefault(request_id, call)

    def sighting(self, call: Folded, line: Line, message: Message, place: Place, at: int) -> Folded:
        """A separate observation of the same call in another place of the file; the ledger merges them."""
        key = (call.message_ids[0], place.origin())
        other = self._elsewhere.get(key)
        if other is None:
            other = self._elsewhere[key] = _new_call(line, message, place, at, call.message_ids, call.request_ids)
        return other

    def add_to(self, call: Folded, line: Line, message: Message, at: int) -> None:
        """Add a further line to a call."""
        if at > call.last_at:
            call.last_at = at
        elif at < call.first_at:
            call.first_at = at
        request_id = line.requestId
        if request_id and request_id not in call.request_ids:
            call.request_ids = (*call.request_ids, request_id)
            self._by_request.setdefault(request_id, call)
        if line.isAbortedMidStream:
            call.aborted = True
        output = _output(message)
        if output > call.output or (
            output == call.output and message.stop_reason is not None and call.message.stop_reason is None
        ):
            call.line, call.message, call.output = line, message, output
        elif output == call.output and not _is_same_content(line, message, call):
            # Neither is larger: the ledger has the rule for ties, so pass on both.
            self._ties.append(
                Folded(line, message, output, call.place, at, at, call.message_ids, call.request_ids, call.aborted)
            )

    def calls(self) -> list[Call]:
        """All collected calls, priced."""
        made: list[Call] = []
        for key, call in self._by_message.items():
            if key == call.message_ids[0]:
                self._emit(call, made)
        for call in (*self._elsewhere.values(), *self._ties):
            self._emit(call, made)
        return made

    def _emit(self, call: Folded, made: list[Call]) -> None:
        message_id, more_messages = _canonical(call.message_ids)
        request_id, more_requests = _canonical(call.request_ids)
        usage = call.message.usage or Usage()
        line, place = call.line, call.place
        model = (call.message.model or "unknown")[:NAME_CHARS]
        flags = _EMBEDDED if place.copy_rank == CopyRank.EMBEDDED else 0
        if call.message.stop_reason is None:
            flags |= _FLOOR
        if call.aborted:
            flags |= _ABORTED
        amounts = _amounts(usage)
        if usage.cache_creation is None and usage.cache_creation_input_tokens:
            flags |= _TTL_UNKNOWN
        searches = (usage.server_tool_use.web_search_requests or 0) if usage.server_tool_use else 0
        extra, parts = _left_out(usage.iterations, usage, model) if usage.iterations else ((), ())
        price = amount = parts_json = None
        if len(parts) > 1:
            flags |= _SEVERAL_REQUESTS
            each = sorted(map(_amounts, parts))
            parts_json = msgspec.json.encode(each).decode()
            price_of = partial(self._price, model, call.first_at, usage)
            price, amount = price_parts(price_of, amounts, each, searches) or (None, None)
        else:
            price = self._price(model, call.first_at, usage, prompt_of(amounts))
            if price is not None and call.message.usage is not None:
                amount = cost(price, *amounts, searches)
        # By position, in the order of the fields: keywords take three times as long, and this runs once a call.
        made.append(
            Call(
                AGENT,
                message_id or "",
                request_id,
                more_messages,
                place.session,
                place.chain,
                place.seen_session,
                place.copy_rank,
                place.turn,
                place.position,
                place.requested_at,
                call.first_at,
                call.last_at,
                model,
                price.provider if price else "unknown",
                *amounts,
                (usage.output_tokens_details.thinking_tokens or 0) if usage.output_tokens_details else 0,
                searches,
                usage.speed,
                usage.service_tier,
                usage.inference_geo,
                call.message.stop_reason,
                line.effort,
                line.version,
                place.retries,
                flags,
                price.id if price and amount is not None else None,
                amount,
                None,
                _reason(call.message),
                more_requests,
                parts_json,
            )
        )
        whole = made[-1]
        for number, iteration in extra:
            self._emit_iteration(whole, number, iteration, usage, made)

    def _emit_iteration(self, parent: Call, number: int, inner: Iteration, usage: Usage, made: list[Call]) -> None:
        """Emit an inner request, with its own model, that the call's usage leaves out (section 8, point 9)."""
        amounts = _amounts(inner)
        model = (inner.model or parent.model)[:NAME_CHARS]
        price = self._price(model, parent.first_at, usage, prompt_of(amounts))
        # As the call itself: any of its keys says that it is the same one.
        made.append(
            msgspec.structs.replace(
                parent,
                message_id=f"{parent.message_id}#{number}",
                request_id=f"{parent.request_id}#{number}" if parent.request_id else None,
                more_message_ids=tuple(f"{key}#{number}" for key in parent.more_message_ids),
                more_request_ids=tuple(f"{key}#{number}" for key in parent.more_request_ids),
                model=model,
                provider=price.provider if price else "unknown",
                input=amounts[0],
                cache_read=amounts[1],
                write_5m=amounts[2],
                write_1h=amounts[3],
                output=amounts[4],
                thinking=0,
                web_searches=0,
                retries=0,
                flags=(parent.flags & ~(_FLOOR | _SEVERAL_REQUESTS)) | _ITERATION,
                price_id=price.id if price else None,
                cost=cost(price, *amounts, 0) if price else None,
                miss_reason=None,
                parts=None,
            )
        )

    def _price(self, model: str, at: int, usage: Usage, prompt: int) -> Price | None:
        served = usage.speed, usage.service_tier, usage.inference_geo
        return self._options.pricer.resolve(model, None, at, prompt, served)


def _new_call(
    line: Line, message: Message, place: Place, at: int, message_ids: tuple[str, ...], request_ids: tuple[str, ...]
) -> Folded:
    """A call with its first line."""
    aborted = bool(line.isAbortedMidStream)
    return Folded(line, message, _output(message), place, at, at, message_ids, request_ids, aborted)


def _output(message: Message) -> int:
    return (message.usage.output_tokens or 0) if message.usage is not None else 0


def _amounts(used: Usage | Iteration) -> Amounts:
    writes = _split_writes(used.cache_creation_input_tokens, used.cache_creation)
    return (used.input_tokens or 0, used.cache_read_input_tokens or 0, *writes, used.output_tokens or 0)


def _split_writes(total: int | None, split: CacheCreation | None) -> tuple[int, int]:
    """5-minute and 1-hour cache writes; without a split all count as 5-minute (CLAUDE_CODE section 3)."""
    if split is None:
        return total or 0, 0
    one_hour = split.ephemeral_1h_input_tokens or 0
    if total is None:
        return split.ephemeral_5m_input_tokens or 0, one_hour
    one_hour = min(one_hour, total)
    return total - one_hour, one_hour


def _is_same_content(line: Line, message: Message, call: Folded) -> bool:
    other = call.message
    return (
        message.usage == other.usage
        and message.model == other.model
        and (message.stop_reason == other.stop_reason or message.stop_reason is None)
        and line.version == call.line.version
        and line.effort == call.line.effort
    )


def _canonical(ids: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The canonical id of a call, and its other ids."""
    if len(ids) == 1:
        return ids[0], ()
    if not ids:
        return None, ()
    chosen = canonical_id(ids)
    return chosen, tuple(sorted(key for key in ids if key != chosen))


def _counts(part: Usage | Iteration) -> tuple[int, ...]:
    return (
        part.input_tokens or 0,
        part.cache_read_input_tokens or 0,
        part.cache_creation_input_tokens or 0,
        part.output_tokens or 0,
    )


def _sums(parts: list[Iteration]) -> tuple[int, ...]:
    return _counts(parts[0]) if len(parts) == 1 else tuple(map(sum, zip(*map(_counts, parts), strict=True)))


def _left_out(inner: list[Iteration], usage: Usage, model: str) -> tuple[list[tuple[int, Iteration]], list[Iteration]]:
    """Inner requests that the top-level usage leaves out (with their number), and those that it sums.

    If no sum matches, their kinds decide (PRICES section 1.2); a fallback on the call's own `model` is the answer.
    """
    top = _counts(usage)
    if _sums(inner) == top:
        return [], inner
    messages = [part for part in inner if part.type in (None, "message")]
    if messages and _sums(messages) == top:
        return [pair for pair in enumerate(inner) if pair[1] not in messages], messages
    if _sums(inner[-1:]) == top:
        return list(enumerate(inner))[:-1], inner[-1:]
    return [
        (number, part)
        for number, part in enumerate(inner)
        if part.type in ("compaction", "advisor_message")
        or (part.type == "fallback_message" and part.model not in (None, model))
    ], []


def _reason(message: Message) -> str | None:
    reason = message.diagnostics.cache_miss_reason if message.diagnostics is not None else None
    if reason is None:
        return None
    return (reason if isinstance(reason, str) else msgspec.json.encode(reason).decode())[:200]
