"""The price of a call that was several requests: each is judged by the long-prompt bound by itself (CLAUDE_CODE 3)."""

from collections.abc import Callable, Sequence

from store.money import cost
from store.records import Price

Amounts = tuple[int, int, int, int, int]  # input, cache read, 5-minute writes, 1-hour writes, output


def prompt_of(amounts: Amounts) -> int:
    """Tokens of a request's prompt."""
    return amounts[0] + amounts[1] + amounts[2] + amounts[3]


def price_parts(
    price_of: Callable[[int], Price | None], whole: Amounts, parts: Sequence[Amounts], searches: int
) -> tuple[Price, int] | None:
    """Price row and cost in nano-dollars of a call of `whole`, made of `parts`; None if its model has no price.

    `price_of` gives the row for a prompt of so many tokens. The call's row is that of the shortest prompt; what longer
    ones pay above it is in the cost alone.
    """
    rows = [(price_of(prompt_of(part)), part) for part in sorted(parts, key=prompt_of)]
    shortest, longest = rows[0][0], rows[-1][0]
    if shortest is None:
        return None
    if shortest == longest:
        return shortest, cost(shortest, *whole, searches)
    return shortest, searches * shortest.web_search + sum(cost(row, *part, 0) for row, part in rows if row is not None)
