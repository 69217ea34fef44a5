"""Floats in the JSON of reports: ratios rounded, modelled dollars as decimal strings; None stays None."""

from store.money import NANO_PER_USD, usd


def rounded(value: float | None, digits: int = 4) -> float | None:
    """A ratio or mean without insignificant digits."""
    return None if value is None else round(value, digits)


def dollars(amount: float | None) -> str | None:
    """A modelled amount, formatted like `store.money.usd`."""
    return None if amount is None else usd(round(amount * NANO_PER_USD))
