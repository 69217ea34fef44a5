"""Converts token counts of Cline and Roo from each provider's convention to ours, where `input` excludes cache.

The classic store keeps what the provider's handler yielded, and handlers disagree on whether cached tokens are part of
`tokensIn` (CLINE section 3, "tokensIn vs cache"); the SDK store and current Roo always include them (sections 2, 4).
"""

from typing import NamedTuple

from store.money import nano_from_float
from store.records import CallFlag
from tracker.sources.bounds import LARGEST_COUNT, LARGEST_USD

UNKNOWN = "unknown"

# Handlers whose `tokensIn` holds the cached tokens too.
_CACHE_INSIDE = frozenset(
    "openai litellm oca requesty openai-codex xai qwen zai hicap doubao fireworks lmstudio".split()
)
# Handlers that put the tokens which missed the cache under `cacheWrites`: ordinary input, nothing was written.
_MISSES_AS_WRITES = frozenset({"openai", "xai", "qwen", "hicap", "doubao", "fireworks", "deepseek"})
# Handlers that add the output count of the stream's start to the final one, on Claude models.
_COUNTS_START_TWICE = frozenset({"anthropic", "minimax", "vertex", "aihubmix"})
_GEMINI_HANDLERS = frozenset({"gemini", "vertex"})
# The extension counts the tokens itself: the host's language-model interface reports none.
_CLIENT_COUNTED = frozenset({"vscode-lm"})
# Providers whose zero is a statement: they bill each response themselves, or a plan or the user's own machine pays.
_ZERO_MEANS_FREE = frozenset(
    "openrouter cline vercel-ai-gateway claude-code openai-codex qwen-code vscode-lm ollama lmstudio".split()
)
_NOT_IN_DOLLARS = frozenset({"asksage"})
_PLAN_PROVIDERS = frozenset({"claude-code", "cline-pass", "openai-codex", "qwen-code", "vscode-lm"})


class Recorded(NamedTuple):
    """Counts as the agent wrote them, and its cost in nano-dollars if it gave one."""

    tokens_in: int
    tokens_out: int
    cache_writes: int
    cache_reads: int
    cost: int | None

    @property
    def total(self) -> int:
        """All counts together: zero means that nothing is known."""
        return self.tokens_in + self.tokens_out + self.cache_writes + self.cache_reads


class Tokens(NamedTuple):
    """Counts in our convention; `flags` are CallFlag bits."""

    input: int
    cache_read: int
    write_5m: int
    output: int
    flags: int


def count(value: float | None) -> int:
    """A token count of a record: absent and negative are 0 (OpenRouter's can fall below); ValueError if absurd."""
    if value is None or value != value or value < 0:
        return 0
    if value > LARGEST_COUNT:
        raise ValueError(f"not a token count: {value}")
    return int(value)


def nano_cost(amount: float | None) -> int | None:
    """Nano-dollars of a recorded cost; None if it is missing, negative or absurd."""
    if amount is None or not 0 <= amount <= LARGEST_USD:
        return None
    return nano_from_float(amount)


def classic_tokens(recorded: Recorded, provider: str, model: str) -> Tokens:
    """Counts of a classic Cline request (CLINE section 3)."""
    is_claude = "claude" in model or provider in ("anthropic", "minimax")
    flags = 0
    if provider in _COUNTS_START_TWICE and is_claude and recorded.tokens_out:
        flags |= CallFlag.ESTIMATED
    if provider in _GEMINI_HANDLERS and "gemini" in model:
        flags |= CallFlag.OUTPUT_IS_FLOOR  # thinking is billed, but left out of tokensOut
    if provider in _CLIENT_COUNTED:
        flags |= CallFlag.ESTIMATED
    fresh, read, written = recorded.tokens_in, recorded.cache_reads, recorded.cache_writes
    if provider == "deepseek":
        # Hits and misses make up the prompt; tokensIn is what is left of it, which is nothing.
        return Tokens(fresh + written, read, 0, recorded.tokens_out, flags)
    if provider in _CACHE_INSIDE:
        if provider in _MISSES_AS_WRITES:
            written = 0
        fresh, doubted = _without_cache(fresh, read, written)
        flags |= doubted
    return _tokens(fresh, read, written, recorded.tokens_out, flags)


def inclusive_tokens(recorded: Recorded) -> Tokens:
    """Counts of a record whose input includes cache reads and writes: SDK metrics, Roo since October 2025."""
    fresh, doubted = _without_cache(recorded.tokens_in, recorded.cache_reads, recorded.cache_writes)
    return _tokens(fresh, recorded.cache_reads, recorded.cache_writes, recorded.tokens_out, doubted)


def reported_cost(recorded: Recorded, provider: str) -> int | None:
    """What the agent says the request cost; None if it could not know: a missing price is written as 0."""
    if provider in _NOT_IN_DOLLARS:
        return None
    if recorded.cost == 0 and recorded.total and provider not in _ZERO_MEANS_FREE:
        return None
    return recorded.cost


def is_plan_paid(provider: str, reported: int | None) -> bool:
    """Whether a subscription pays for a request of this provider."""
    return provider in _PLAN_PROVIDERS and not reported


def _without_cache(total: int, read: int, written: int) -> tuple[int, int]:
    """The uncached part of a total, with flags; a total smaller than its cached parts does not include them."""
    if total < read + written:
        return total, int(CallFlag.ESTIMATED)
    return total - read - written, 0


def _tokens(fresh: int, read: int, written: int, output: int, flags: int) -> Tokens:
    if written:
        flags |= CallFlag.TTL_UNKNOWN
    return Tokens(fresh, read, written, output, int(flags))
