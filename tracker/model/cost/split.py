"""Exact split of a call's bill (MODEL section 3) in nano-dollars: the five parts always sum to the stored cost.

Rounding rule: generation is the output component as billed; `other` is the stored cost without the four prompt
components and the output (web searches, and whatever a reported or mixed-tier cost holds beyond list components);
rent and waste are rounded half to even; the rest of the prompt's bill, with every rounding remainder, falls to
`fresh` if new content was sent, else to `waste` if tokens were missed, else to `rent`.
"""

from typing import NamedTuple

from store.money import component_nano
from tracker.model.cost.chain_call import ChainCall
from tracker.model.cost.rates import PICO_PER_NANO, Rates


class Split(NamedTuple):
    """Nano-dollars of one call."""

    rent: int  # re-reading the context
    waste: int  # paid again because of a cache miss
    fresh: int  # new content entering the context
    generation: int
    other: int


class RentSplit(NamedTuple):
    """A call's rent in nano-dollars, by origin of the re-read tokens."""

    baseline: int  # the first prompt of a fresh session
    carry_over: int  # context from before the task, above the baseline
    own: int


def _rounded_ratio(numerator: int, denominator: int) -> int:
    """A ratio rounded half to even; the denominator is positive."""
    quotient, remainder = divmod(numerator, denominator)
    if 2 * remainder > denominator or (2 * remainder == denominator and quotient & 1):
        return quotient + 1
    return quotient


def _waste_nano(call: ChainCall, rates: Rates, missed: int) -> int:
    """m_w*(p_w - p_r) + m_i*(p_i - p_r), the blended write rate kept as a fraction."""
    written = call.written
    missed_writes = min(missed, written)
    missed_input = missed - missed_writes
    pico = missed_input * (rates.input - rates.read) - missed_writes * rates.read
    if not written:
        return _rounded_ratio(pico, PICO_PER_NANO)
    written_pico = call.write_5m * rates.write_5m + call.write_1h * rates.write_1h
    return _rounded_ratio(pico * written + missed_writes * written_pico, written * PICO_PER_NANO)


def split_call(call: ChainCall, missed: int) -> Split | None:
    """Split the call's cost; `missed` is M of its judgement in tokens. None for an unpriced call.

    A call with a cost but no rates (the provider reported only money) is all `other`.
    ValueError if more tokens were missed than the call paid for.
    """
    if missed > call.written + call.input:
        raise ValueError(f"call {call.call_id}: missed {missed} tokens, but paid for fewer")
    if call.cost is None:
        return None
    rates = call.rates
    if rates is None:
        return Split(0, 0, 0, 0, call.cost)
    prompt = rates.prompt_nano(call.input, call.cache_read, call.write_5m, call.write_1h)
    generation = component_nano(call.output, rates.output)
    other = call.cost - prompt - generation
    rent = component_nano(call.cache_read + missed, rates.read)
    waste = prompt - rent
    if missed < call.written + call.input:
        waste = _waste_nano(call, rates, missed) if missed else 0
    return Split(rent, waste, prompt - rent - waste, generation, other)


def split_rent(rent_nano: int, reread_tokens: int, baseline_tokens: int, context_at_task_begin: int) -> RentSplit:
    """Split the rent on `reread_tokens` (cr + M) by origin; the parts sum to `rent_nano` exactly.

    A prompt is, in order: baseline, other context from before the task, the task's own content. The caller lowers
    `context_at_task_begin` after a reset shortened the inherited part.
    """
    if reread_tokens <= 0:
        return RentSplit(0, 0, rent_nano)
    baseline_end = max(0, min(reread_tokens, baseline_tokens))
    carried_end = max(baseline_end, min(reread_tokens, context_at_task_begin))
    up_to_baseline = _rounded_ratio(rent_nano * baseline_end, reread_tokens)
    up_to_carried = _rounded_ratio(rent_nano * carried_end, reread_tokens)
    return RentSplit(up_to_baseline, up_to_carried - up_to_baseline, rent_nano - up_to_carried)
