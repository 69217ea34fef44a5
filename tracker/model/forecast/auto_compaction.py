"""Where each client shortens the context by itself as it is shipped (MODEL section 5): by size, in tokens.

Read off the published clients: Cline's command line 3.0.65 (`@cline/core` 0.0.86) and 2.18.0 (extension 3.82.0), and
Roo Code 3.52. A user's settings may say otherwise, and no record tells them.
"""

import re
from enum import StrEnum
from typing import NamedTuple

from store.records import Agent
from tracker.model.defaults import DEFAULTS

_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_tokens
_OLD_MARGIN_TOKENS = DEFAULTS.context_window_tokens - DEFAULTS.auto_compact_trigger_old_client_tokens
_MARGIN_SINCE = (2, 1, 21)  # Claude Code's version from which it compacts at 167k of 200k

_CLASSIC_MARGINS = {64_000: 27_000, 128_000: 30_000}
_CLASSIC_MARGIN_TOKENS = 40_000
_ROO_ANSWER_TOKENS = 8_192  # kept free for the answer on Claude models without thinking, and on those unknown to Roo


class Client(StrEnum):
    """A program whose own compaction is known; Cline's two generations have rules of their own."""

    CLAUDE_CODE = Agent.CLAUDE_CODE
    CLINE = Agent.CLINE
    CLINE_CLASSIC = "cline-classic"
    ROO = Agent.ROO


class TriggerSource(StrEnum):
    """What a trigger rests on."""

    LEARNED = "learned"  # the user's own compactions
    SHIPPED = "shipped"  # the client as it is shipped, and the model's window
    ASSUMED = "assumed"  # neither: the window is unknown, or the session has outgrown the client's size


class Trigger(NamedTuple):
    """Context size at which the client compacts by itself, in tokens."""

    tokens: int
    source: TriggerSource


def unknown_window(client: Client) -> int:
    """The context window in tokens that a client gives a model of which it knows none."""
    return DEFAULTS.context_window_tokens if client == Client.CLAUDE_CODE else 128_000


def shipped_trigger(client: Client, window: int, version: str | None = None) -> int:
    """Prompt size in tokens at which a client shortens the context of a model with this window.

    Classic Cline cuts off the oldest messages there, unless its user has turned condensing on; the others summarise.
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
    """Whether Claude Code compacted at 155k of 200k; one of unknown version did not."""
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", version or "")
    return numbers is not None and tuple(map(int, numbers.groups())) < _MARGIN_SINCE
