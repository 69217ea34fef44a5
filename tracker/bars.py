"""Bars made of characters, for command line and dashboard."""

from collections.abc import Sequence

_LEFT_EIGHTHS = " ▏▎▍▌▋▊▉█"


def bar(value: float, top: float, width: int, glyph: str = "█") -> str:
    """A bar for `value`; `top` fills `width` cells. Any positive value shows at least a sliver.

    A patterned glyph has no eighths and fills whole cells.
    """
    if top <= 0 or value <= 0 or width <= 0:
        return ""
    if glyph != "█":
        return glyph * max(1, min(width, round(value / top * width)))
    eighths = max(1, min(width * 8, round(value / top * width * 8)))
    full, rest = divmod(eighths, 8)
    return "█" * full + (_LEFT_EIGHTHS[rest] if rest else "")


def lengths(amounts: Sequence[int], width: int) -> list[int]:
    """Divide `width` cells in proportion to the amounts; positive ones get at least one, at the largest's expense."""
    total = sum(amounts)
    if total <= 0 or width <= 0:
        return [0] * len(amounts)
    exact = [amount * width / total for amount in amounts]
    made = [max(int(share), 1 if amount > 0 else 0) for share, amount in zip(exact, amounts, strict=True)]
    while sum(made) > width:
        made[max(range(len(made)), key=lambda index: (made[index], made[index] - exact[index]))] -= 1
    while sum(made) < width:
        made[max(range(len(made)), key=lambda index: exact[index] - made[index])] += 1
    return made
