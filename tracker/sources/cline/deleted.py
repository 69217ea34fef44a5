"""Usage that a restored checkpoint deleted from a task, less what had already been ingested.

Cline removes the rows after a checkpoint and leaves one row with the sum of what they used, without saying which they
were (CLINE section 3). Rows that were seen stay in the ledger, so only the rest of that sum is new: on the first
reading of a task all of it, while watching nothing. The read state remembers which rows were seen.
"""

from collections.abc import Sequence

import msgspec

from tracker.sources.cline.tokens import Recorded

_Counts = tuple[int, int, int, int, int]
_NOTHING: _Counts = (0, 0, 0, 0, 0)


class Seen(msgspec.Struct, array_like=True):
    """All usage rows of a task ever ingested, and which of them a deletion has accounted for."""

    counts: dict[int, _Counts] = {}
    claimed: set[int] = set()


def account_deletions(
    seen: Seen, standing: dict[int, Recorded], deletions: dict[int, Recorded], *, sums_hold_sums: bool
) -> dict[int, Recorded]:
    """Update `seen` with the rows now in the file; return what is left to count of each deletion, by row time.

    `sums_hold_sums`: a deletion's sum includes earlier deletion rows that it removed (Cline does so, Roo does not).
    """
    known_deletions = seen.counts.keys() & deletions.keys()
    present = standing.keys() | deletions.keys()
    rest: dict[int, Recorded] = {}
    for at in sorted(deletions):
        if at in known_deletions:
            continue
        gone = [row for row in seen.counts if row not in present and row not in seen.claimed]
        known = [sum(counts) for counts in zip(_NOTHING, *(seen.counts[row] for row in gone), strict=True)]
        seen.claimed.update(gone)
        left = _less(deletions[at], known)
        if left.total or left.cost:
            rest[at] = left
    for at, recorded in standing.items():
        seen.counts[at] = _counts(recorded)
    for at, recorded in deletions.items():
        seen.counts[at] = _counts(recorded) if sums_hold_sums else _NOTHING
    return rest


def _counts(recorded: Recorded) -> _Counts:
    return (*recorded[:4], recorded.cost or 0)


def _less(total: Recorded, known: Sequence[int]) -> Recorded:
    return Recorded(
        max(0, total.tokens_in - known[0]),
        max(0, total.tokens_out - known[1]),
        max(0, total.cache_writes - known[2]),
        max(0, total.cache_reads - known[3]),
        None if total.cost is None else max(0, total.cost - known[4]),
    )
