"""What the client writes of a session's cost on leaving: recorded calls and more."""

from typing import Any

from .plain import COST, MODEL, SESSION, TOKENS

COUNTED_FROM = 1_795_100_000_000  # some hours before every line
CENT = 10_000_000


def counter(calls: int, hidden: int, session: str = SESSION) -> dict[str, Any]:
    """The client's total of plain calls, and of unrecorded output that cost `hidden` nano-dollars at 20,000 a token."""
    usd = (calls * COST + hidden) / 10**9
    used = {
        "inputTokens": calls * TOKENS.input,
        "cacheReadInputTokens": calls * TOKENS.cache_read,
        "cacheCreationInputTokens": calls * TOKENS.write_5m,
        "outputTokens": calls * TOKENS.output + hidden // 20_000,
        "costUSD": usd,
    }
    return {
        "type": "cost-state",
        "sessionId": session,
        "totalCostUSD": usd,
        "startTime": COUNTED_FROM,
        "modelUsage": {MODEL: used},
    }
