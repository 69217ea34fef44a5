"""Estimates tokens of tool results, of which records have only the length, from the growth of the context."""

from collections.abc import Sequence


def result_tokens(grown: int, chars: Sequence[int | None]) -> list[int]:
    """Tokens of each of the results that came in together, when the context grew by `grown` tokens besides the answer.

    Divided by length (`chars`: characters of JSON), or equally if no length is known; rounded down. No result gets more
    tokens than it has characters: the rest of the growth came from elsewhere.
    """
    whole = sum(count or 0 for count in chars)
    weights = [count or 0 for count in chars] if whole else [int(count is None) for count in chars]
    total = sum(weights)
    if grown <= 0 or not total:
        return [0] * len(chars)
    shares = [grown * weight // total for weight in weights]
    return [share if count is None else min(share, count) for share, count in zip(shares, chars, strict=True)]
