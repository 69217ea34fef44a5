"""The price of a call made of several requests: the long-prompt threshold applies to each alone (CLAUDE_CODE 3)."""

from collections.abc import Callable, Sequence

from store.money import cost
from store.records import Price

Amounts = tuple[int, int, int, int, int]  # input, cache read, 5-minute writes, 1-hour writes, output


def prompt_of(amounts: Amounts) -> int:
    """Prompt tokens of a request."""
    return amounts[0] + amounts[1] + amounts[2] + amounts[3]


def price_parts(
    price_of: Callable[[int], Price | None], whole: Amounts, parts: Sequence[Amounts], searches: int
) -> tuple[Price, int] | None:
    """Price row and cost in nano-dollars of a call with the amounts `whole`, made of `parts`; None without a price.

    `price_of` returns the row for a prompt size in tokens. The call gets the row of its shortest prompt; the extra cost
    of longer ones is only in the cost.
    """
    rows = [(price_of(prompt_of(part)), part) for part in sorted(parts, key=prompt_of)]
    shortest, longest = rows[0][0], rows[-1][0]
    if shortest is None:
        return None
    if shortest == longest:
        return shortest, cost(shortest, *whole, searches)
    return shortest, searches * shortest.web_search + sum(cost(row, *part, 0) for row, part in rows if row is not None)
