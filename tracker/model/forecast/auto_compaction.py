"""Context size in tokens at which each client compacts automatically, as shipped (MODEL section 5).

Taken from the published clients: Cline's command line 3.0.65 (`@cline/core` 0.0.86) and 2.18.0 (extension 3.82.0), and
Roo Code 3.52. A user may have changed the client's settings, which no record shows.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from store.records import Agent
from tracker.model.defaults import DEFAULTS

_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_tokens
_OLD_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_old_client_tokens
_MARGIN_SINCE = (2, 1, 21)  # first version of Claude Code that compacts at 167k of 200k

_CLASSIC_MARGINS = {64_000: 27_000, 128_000: 30_000}
_CLASSIC_MARGIN_TOKENS = 40_000
_ROO_ANSWER_TOKENS = 8_192  # reserved for the answer on Claude models without thinking, and on models unknown to Roo


class Client(StrEnum):
    """A client whose automatic compaction is known; Cline's two generations have different rules."""

    CLAUDE_CODE = Agent.CLAUDE_CODE
    CLINE = Agent.CLINE
    CLINE_CLASSIC = "cline-classic"
    ROO = Agent.ROO


class TriggerSource(StrEnum):
    """What a trigger is based on."""

    LEARNED = "learned"  # the user's own compactions
    SHIPPED = "shipped"  # the client's shipped rule, and the model's window
    ASSUMED = "assumed"  # the window is unknown, or the session has outgrown the client's trigger


class Trigger(NamedTuple):
    """Context size at which the client compacts automatically, in tokens."""

    tokens: int
    source: TriggerSource


def unknown_window(client: Client) -> int:
    """The context window in tokens that a client assumes for unknown models."""
    return DEFAULTS.context_window_tokens if client == Client.CLAUDE_CODE else 128_000


def shipped_trigger(client: Client, window: int, version: str | None = None) -> int:
    """Prompt size in tokens at which a client compacts, for a model with this window.

    Classic Cline then drops the oldest messages, unless its user has turned condensing on; the others summarise.
    """
    if client == Client.CLINE:
        return window * 9 // 10
    if client == Client.CLINE_CLASSIC:
        margin = _CLASSIC_MARGINS.get(window, min(_CLASSIC_MARGIN_TOKENS, window // 5))
        return window - margin
    if client == Client.ROO:
        return window * 9 // 10 - _ROO_ANSWER_TOKENS
    return window - (_OLD_MARGIN_TOKENS if _is_old(version) else _MARGIN_TOKENS)


def _is_old(version: str | None) -> bool:
    """Whether this version of Claude Code compacts at 155k of 200k; False if the version is unknown."""
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", version or "")
    return numbers is not None and tuple(map(int, numbers.groups())) < _MARGIN_SINCE
