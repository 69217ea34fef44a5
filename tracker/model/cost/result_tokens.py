"""Tokens of tool results, of which records have the length only: they share what the context grew by."""

from collections.abc import Sequence


def result_tokens(grown: int, chars: Sequence[int | None]) -> list[int]:
    """Tokens of each of the results that came in at once, of `grown` tokens beside the answer that asked for them.

    They share by length (characters of JSON), or alike where no length is known, each rounded down. No text has more
    tokens than characters: what the context grew by beyond that came from elsewhere.
    """
    whole = sum(count or 0 for count in chars)
    weights = [count or 0 for count in chars] if whole else [int(count is None) for count in chars]
    total = sum(weights)
    if grown <= 0 or not total:
        return [0] * len(chars)
    shares = [grown * weight // total for weight in weights]
    return [share if count is None else min(share, count) for share, count in zip(shares, chars, strict=True)]
