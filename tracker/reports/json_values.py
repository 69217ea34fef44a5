"""Floats as the JSON of every report has them: ratios rounded, modelled dollars as decimal strings; None stays None."""

from store.money import NANO_PER_USD, usd


def rounded(value: float | None, digits: int = 4) -> float | None:
    """A ratio or a mean, without figures that say nothing."""
    return None if value is None else round(value, digits)


def dollars(amount: float | None) -> str | None:
    """A modelled amount in the form of `store.money.usd`."""
    return None if amount is None else usd(round(amount * NANO_PER_USD))
