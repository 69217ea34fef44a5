"""The client's own cost of a session: `cost-state` rows (CLAUDE_CODE sections 1.8 and 2)."""

from store.money import nano_from_float
from store.records import NAME_CHARS, ClientTotal, ModelTotal
from tracker.sources.claude_code.lines import AGENT, ModelUsage, decode_cost_state, decoded


def client_total(raw: bytes, session: str, position: int, at: int | None) -> ClientTotal | None:
    """The total of a `cost-state` row in the file of `session` at byte `position`, written about `at`.

    None if the row is damaged, or nothing says which session it is of.
    """
    row = decoded(decode_cost_state, raw)
    if row is None or not (row.sessionId or session):
        return None
    return ClientTotal(
        AGENT,
        row.sessionId or session,
        "cost-state",
        position,
        at,
        row.startTime,
        nano_from_float(row.totalCostUSD),
        tuple(_model_total(model, usage) for model, usage in (row.modelUsage or {}).items() if usage is not None),
        bool(row.hasUnknownModelCost),
    )


def _model_total(model: str, usage: ModelUsage) -> ModelTotal:
    writes = usage.cacheCreationInputTokens or 0
    one_hour = min(usage.cacheCreationEphemeral1hInputTokens or 0, writes)
    return ModelTotal(
        model[:NAME_CHARS],
        usage.inputTokens or 0,
        usage.cacheReadInputTokens or 0,
        writes - one_hour,
        one_hour,
        usage.outputTokens or 0,
        usage.webSearchRequests or 0,
        nano_from_float(usage.costUSD or 0.0),
    )
