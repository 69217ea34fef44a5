"""Where the client compacts by itself (MODEL section 5): learned from past sizes, else a margin below the window."""

import re
from collections.abc import Mapping

from tracker.model.defaults import DEFAULTS
from tracker.pricing.facts import facts_for

_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_tokens
_OLD_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_old_client_tokens
_MARGIN_SINCE = (2, 1, 21)  # the client's version from which it compacts at 167k of 200k
_LARGE_WINDOW_TOKENS = 1_000_000  # what some accounts have on models whose usual window is smaller
# Models that could take the large window, and that the client gives the usual one unless it is asked for more.
_LARGE_ON_REQUEST = frozenset({"claude-opus-4-6", "claude-sonnet-4-6"})


def window_of(model: str, largest_context: int = 0) -> int:
    """Context window in tokens that the client gives a model, the usual one if that is not known.

    A session that grew beyond it has the large one.
    """
    facts = facts_for(model)
    window = DEFAULTS.context_window_tokens
    if facts is not None and facts.model not in _LARGE_ON_REQUEST:
        window = facts.context_window
    return window if largest_context <= window else max(_LARGE_WINDOW_TOKENS, largest_context)


def trigger_tokens(model: str, version: str | None, learned: Mapping[str, int], largest_context: int) -> int:
    """Context size at which the client compacts by itself; `learned` by window, as text.

    A session that grew beyond one of these without a compaction has shown that it is another.
    """
    window = window_of(model, largest_context)
    usual = window - (_OLD_MARGIN_TOKENS if _is_old(version) else _MARGIN_TOKENS)
    candidates = (learned.get(str(window), 0), usual, window)
    return next(tokens for tokens in candidates if tokens >= largest_context)


def _is_old(version: str | None) -> bool:
    """Whether the client compacted at 155k of 200k; one of unknown version did not."""
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", version or "")
    return numbers is not None and tuple(map(int, numbers.groups())) < _MARGIN_SINCE
