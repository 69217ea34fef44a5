"""Token-weighted cache ratios and what caching saved (MODEL section 4); sums first, ratios last."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from tracker.model.chain_call import ChainCall
from tracker.model.misses import Judgement
from tracker.model.split import Split, uncached_nano


@dataclass(frozen=True, slots=True)
class CacheTotals:
    """Sums over calls, additive over chains, days and tasks; tokens, and nano-dollars of the priced calls."""

    read: int = 0
    prompt: int = 0
    survived: int = 0  # min(cr, E)
    expected: int = 0
    written: int = 0
    epoch_peaks: int = 0  # sum over epochs of the largest prompt
    uncached_nano: int = 0
    billed_nano: int = 0
    waste_nano: int = 0

    def plus(self, more: Self) -> "CacheTotals":
        """The totals of both."""
        return CacheTotals(
            self.read + more.read,
            self.prompt + more.prompt,
            self.survived + more.survived,
            self.expected + more.expected,
            self.written + more.written,
            self.epoch_peaks + more.epoch_peaks,
            self.uncached_nano + more.uncached_nano,
            self.billed_nano + more.billed_nano,
            self.waste_nano + more.waste_nano,
        )

    @property
    def hit(self) -> float | None:
        """Share of prompt tokens read from the cache; rises with length by construction, never a target."""
        return self.read / self.prompt if self.prompt else None

    @property
    def survival(self) -> float | None:
        """Share of what should have been readable that was read: the health number."""
        return self.survived / self.expected if self.expected else None

    @property
    def rewrite(self) -> float | None:
        """Tokens written per token of the largest prompt of an epoch; 1.0 is ideal."""
        return self.written / self.epoch_peaks if self.epoch_peaks else None

    @property
    def savings_nano(self) -> int:
        """What the priced calls would have cost without caching, less their bill; can be negative."""
        return self.uncached_nano - self.billed_nano


def chain_totals(
    calls: Iterable[ChainCall], judgements: Sequence[Judgement], splits: Iterable[tuple[int, Split | None]]
) -> CacheTotals:
    """Totals of one chain; `judgements` are judge_chain's, `splits` pairs of call id and split. Copies do not count."""
    split_of = dict(splits)
    call_of = {call.call_id: call for call in calls if not call.copied}
    read = prompt = survived = expected = written = uncached = billed = waste = 0
    peaks: dict[int, int] = {}
    for judgement in judgements:
        call = call_of[judgement.call_id]
        context = call.context
        read += call.cache_read
        prompt += context
        survived += min(call.cache_read, judgement.expected_read)
        expected += judgement.expected_read
        written += call.written
        peaks[judgement.epoch] = max(peaks.get(judgement.epoch, 0), context)
        split = split_of.get(judgement.call_id)
        if split is not None:
            waste += split.waste
            without_cache = uncached_nano(call, split)
            if without_cache is not None:
                uncached += without_cache
                billed += split.total
    return CacheTotals(read, prompt, survived, expected, written, sum(peaks.values()), uncached, billed, waste)


def epoch_rewrites(calls: Iterable[ChainCall], judgements: Sequence[Judgement]) -> dict[int, float]:
    """Rewrite ratio of each epoch of a chain; an epoch without a prompt is left out."""
    call_of = {call.call_id: call for call in calls if not call.copied}
    written: dict[int, int] = {}
    peaks: dict[int, int] = {}
    for judgement in judgements:
        call = call_of[judgement.call_id]
        written[judgement.epoch] = written.get(judgement.epoch, 0) + call.written
        peaks[judgement.epoch] = max(peaks.get(judgement.epoch, 0), call.context)
    return {epoch: written[epoch] / peak for epoch, peak in peaks.items() if peak}
