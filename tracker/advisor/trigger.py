"""Context size at which the client compacts automatically (MODEL section 5): learned from history, else as shipped."""

import re
from collections.abc import Mapping

from tracker.model.defaults import DEFAULTS
from tracker.model.forecast.auto_compaction import Client, Trigger, TriggerSource, shipped_trigger, unknown_window
from tracker.pricing.facts import facts_for

_LARGE_WINDOW_TOKENS = 1_000_000  # some accounts have it on models whose usual window is smaller
# Models with an optional large window; Claude Code uses the usual one unless asked for more.
_LARGE_ON_REQUEST = frozenset({"claude-opus-4-6", "claude-sonnet-4-6"})
_USUAL_ON_CLAUDE = frozenset({Client.CLINE_CLASSIC, Client.ROO})  # these use the usual window for every Claude model
_ASKED_FOR_LARGE = re.compile(r":1m(?:$|:)")  # suffix of the model id that classic Cline writes then


def client_of(agent: str, session: str) -> Client:
    """The client behind a session; Cline's generations have different forms of session id."""
    client = Client(agent)
    return Client.CLINE_CLASSIC if client == Client.CLINE and session.isdigit() else client


def window_of(client: Client, model: str, largest_context: int = 0) -> int:
    """Context window in tokens that the client assumes for a model, or its default for unknown models.

    A session that grew beyond it has a larger window.
    """
    window = _known_window(client, model) or unknown_window(client)
    sizes = (window, DEFAULTS.context_window_tokens, _LARGE_WINDOW_TOKENS, largest_context)
    return next(size for size in sizes if size >= largest_context)


def lesson_key(client: Client, model: str, largest_context: int) -> str:
    """Key under which an observed compaction size is learned: the window, or the model if its window is unknown.

    Cline's generations have separate keys, though their habits are measured together.
    """
    is_known = _known_window(client, model) is not None
    subject = str(window_of(client, model, largest_context)) if is_known else model
    return f"{client} {subject}" if client == Client.CLINE_CLASSIC else subject


def trigger_of(
    client: Client, model: str, version: str | None, learned: Mapping[str, int], largest_context: int
) -> Trigger:
    """Context size at which the client compacts automatically; `learned` is keyed by `lesson_key`.

    A size that the session has outgrown without a compaction is not used.
    """
    window = window_of(client, model, largest_context)
    taught = learned.get(lesson_key(client, model, largest_context), 0)
    is_known = _known_window(client, model) is not None
    candidates = (
        Trigger(taught, TriggerSource.LEARNED),
        Trigger(shipped_trigger(client, window, version), TriggerSource.SHIPPED if is_known else TriggerSource.ASSUMED),
        Trigger(window, TriggerSource.ASSUMED),
    )
    return next(trigger for trigger in candidates if trigger.tokens >= largest_context)


def _known_window(client: Client, model: str) -> int | None:
    facts = facts_for(model)
    if facts is None:
        return None
    if _ASKED_FOR_LARGE.search(model):
        return _LARGE_WINDOW_TOKENS
    if client in _USUAL_ON_CLAUDE or (client == Client.CLAUDE_CODE and facts.model in _LARGE_ON_REQUEST):
        return DEFAULTS.context_window_tokens
    return facts.context_window
