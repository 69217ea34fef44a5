"""Where the client compacts by itself (MODEL section 5): learned from past sizes, else a margin below the window."""

from collections.abc import Mapping

from tracker.model.defaults import DEFAULTS
from tracker.pricing.facts import facts_for

_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_tokens
_OLD_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_old_client_tokens
_OLD_VERSIONS = ("0.", "1.")  # clients that compacted at 155k of 200k
_LARGE_WINDOW_TOKENS = 1_000_000  # what some accounts have on models whose usual window is smaller


def window_of(model: str, largest_context: int = 0) -> int:
    """Context window of a model in tokens; the usual one if it is not known, the large one once that was passed."""
    facts = facts_for(model)
    window = DEFAULTS.context_window_tokens if facts is None else facts.context_window
    return window if largest_context <= window else max(_LARGE_WINDOW_TOKENS, largest_context)


def trigger_tokens(model: str, version: str | None, learned: Mapping[str, int], largest_context: int = 0) -> int:
    """Context size at which the client compacts by itself; `learned` by window, as text.

    A session that grew beyond one of these without a compaction has shown that it is another.
    """
    window = window_of(model, largest_context)
    is_old = version is not None and version.startswith(_OLD_VERSIONS)
    usual = window - (_OLD_MARGIN_TOKENS if is_old else _MARGIN_TOKENS)
    candidates = (learned.get(str(window), 0), usual, window)
    return next(tokens for tokens in candidates if tokens >= largest_context)
