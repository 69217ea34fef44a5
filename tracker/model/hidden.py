"""Spend that no record shows (MODEL section 3): a line of its own, never part of a measured total."""

from store.money import component_nano
from tracker.model.defaults import DEFAULTS, Defaults
from tracker.model.rates import Rates


def hidden_nano(client_total_nano: int, recorded_nano: int) -> int:
    """What the client's own total holds beyond the recorded calls since the same start; negative after a crash."""
    return client_total_nano - recorded_nano


def compaction_request_nano(tokens_before: int, rates: Rates, *, is_cold: bool, defaults: Defaults = DEFAULTS) -> int:
    """Modelled cost of an unrecorded compaction request: the whole context once more, and the summary's output."""
    prompt_rate = rates.input if is_cold else rates.read
    return component_nano(tokens_before, prompt_rate) + component_nano(defaults.summary_output_tokens, rates.output)


def unlogged_prefix_nano(expected_read: int, cache_read: int, rates: Rates, ttl_ms: int | None) -> int:
    """Modelled cost of a request between turns that left the prefix longer than recorded calls explain; 0 if none did.

    To be asked only for the first call of a turn that had something to expect.
    """
    if not 0 < expected_read < cache_read:
        return 0
    return component_nano(expected_read, rates.read) + component_nano(
        cache_read - expected_read, rates.write_rate(ttl_ms)
    )
