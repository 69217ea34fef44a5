"""Cache misses of one chain (MODEL section 4): what each call should have read, and what it paid for again.

Only calls of the same chain are compared. Chain starts and rebuilds after a reset are never misses; they have kinds of
their own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tracker.model.cache.cache_life import is_expired, written_ttl
from tracker.model.cache.miss_causes import UNEXPLAINED, Circumstances, name_cause
from tracker.model.cost.chain_call import ChainCall, Reset
from tracker.model.defaults import DEFAULTS, TTL_5M_MS

FloorKey = tuple[str, str | None]  # model, client version


class MissKind:
    """Kinds of cache result; a call that read what it should has none."""

    COLD_START = "cold_start"
    PLANNED_REBUILD = "planned_rebuild"
    PARTIAL = "partial"
    MAJOR = "major"


class Judgement(NamedTuple):
    """The cache judgement of one counted call."""

    call_id: int
    epoch: int  # counted from 0 within the chain
    kind: str | None = None  # MissKind
    expected_read: int = 0  # E, tokens
    ttl_ms: int | None = None  # lifetime of the entry that should have been read
    age_ms: int | None = None  # from the end of the previous call to the start of this one
    expired: bool = False  # the entry had expired when this call began
    missed: int = 0  # M, tokens; 0 if within the noise
    cause: str | None = None  # miss_causes.Cause, of partial and major misses
    source: str | None = None  # miss_causes.Source
    up_to: bool = False  # the prompt is shorter than E, so M is an upper bound


_REBUILD_RESETS = frozenset({Reset.COMPACT, Reset.CLEAR, Reset.REWIND})


def _expectations(calls: Sequence[ChainCall]) -> Iterator[tuple[ChainCall, ChainCall | None, Judgement]]:
    """Each call of a chain in file order, with the call before it and its expected read.

    Calls that do not grow the prompt expect nothing and are skipped as predecessors.
    """
    previous: ChainCall | None = None
    ttl_ms: int | None = None
    epoch = 0
    for call in sorted(calls, key=lambda call: call.position):
        if not call.grows_the_chain:
            yield call, None, Judgement(call.call_id, epoch, ttl_ms=ttl_ms)
            continue
        rebuild = MissKind.PLANNED_REBUILD if call.reset_before in _REBUILD_RESETS else None
        if previous is None:
            yield call, None, Judgement(call.call_id, epoch, rebuild or MissKind.COLD_START, ttl_ms=ttl_ms)
        else:
            epoch += call.reset_before is not None
            age_ms = max(0, call.started_at - previous.last_at)
            expired = is_expired(age_ms, ttl_ms)
            expected = 0 if rebuild else previous.cache_read + previous.written
            yield call, previous, Judgement(call.call_id, epoch, rebuild, expected, ttl_ms, age_ms, expired)
        ttl_ms = written_ttl(call.write_5m, call.write_1h) or ttl_ms
        if call.written and ttl_ms is None:
            ttl_ms = TTL_5M_MS  # first write with both lifetimes: the shorter one expires first
        previous = call


def missed_tokens(expected_read: int, call: ChainCall) -> int:
    """M of MODEL section 4: tokens of the expected prefix that the call paid for again; 0 if within the noise."""
    missed = min(expected_read - call.cache_read, call.written + call.input)
    if missed < max(DEFAULTS.noise_tokens, DEFAULTS.noise_share_of_expected * expected_read):
        return 0
    return missed


def judge_chain(calls: Sequence[ChainCall], floors: Mapping[FloorKey, int] | None = None) -> list[Judgement]:
    """One judgement per counted call, in file order; `floors`: tokens that even cold calls read."""
    known_floors = floors or {}
    verdicts: list[Judgement] = []
    kept_reads: set[int] = set()
    for call, previous, judgement in _expectations(calls):
        if call.copied:
            continue
        expected = judgement.expected_read
        missed = missed_tokens(expected, call)
        if missed and previous is not None:
            cause, source = name_cause(
                Circumstances(
                    call=call,
                    previous=previous,
                    expected_read=expected,
                    ttl_ms=judgement.ttl_ms,
                    age_ms=judgement.age_ms,
                    expired=judgement.expired,
                    static_floor=known_floors.get((call.model, call.version)),
                    kept_reads=kept_reads,
                ),
            )
            if cause in UNEXPLAINED and call.cache_read >= previous.cache_read:
                kept_reads.add(call.cache_read)  # a teammate's first calls read the prompt shared by its team
            is_major = missed >= DEFAULTS.major_share_of_expected * expected
            judgement = judgement._replace(
                kind=MissKind.MAJOR if is_major else MissKind.PARTIAL,
                missed=missed,
                cause=cause,
                source=source,
                up_to=call.context < expected,
            )
        verdicts.append(judgement)
    return verdicts
