"""Where the client compacts by itself (MODEL section 5): learned from past sizes, else a margin below the window."""

from collections.abc import Mapping

from tracker.model.defaults import DEFAULTS
from tracker.pricing.facts import facts_for

_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_tokens
_OLD_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_old_client_tokens
_OLD_VERSIONS = ("0.", "1.")  # clients that compacted at 155k of 200k


def window_of(model: str) -> int:
    """Context window of a model in tokens; the usual one where it is not known."""
    facts = facts_for(model)
    return DEFAULTS.context_window_tokens if facts is None else facts.context_window


def trigger_tokens(model: str, version: str | None, learned: Mapping[str, int]) -> int:
    """Context size at which the client compacts by itself; `learned` by window, as text."""
    window = window_of(model)
    known = learned.get(str(window))
    if known is not None:
        return known
    is_old = version is not None and version.startswith(_OLD_VERSIONS)
    return window - (_OLD_MARGIN_TOKENS if is_old else _MARGIN_TOKENS)
