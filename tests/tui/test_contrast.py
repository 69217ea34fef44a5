"""Words can be read: contrast by WCAG 2.2, in all colours and in the 256 that some terminals have."""

from itertools import combinations

import pytest
from rich.color import Color, ColorSystem
from rich.color_triplet import ColorTriplet
from textual.theme import Theme

from tui.themes import THEMES

WORDS = ("ink", "dim", "heading", "taxi", "good", "warn", "bad", "waste", "baseline", "series-2", "level")
ENOUGH = 4.5  # WCAG 2.2, 1.4.3: text of ordinary size


def shown(colour: str, system: ColorSystem) -> ColorTriplet:
    return Color.parse(colour).downgrade(system).get_truecolor()


def luminance(colour: ColorTriplet) -> float:
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("system", [ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT])
@pytest.mark.parametrize("theme", THEMES, ids=[theme.name for theme in THEMES])
@pytest.mark.parametrize("role", WORDS)
def test_words_can_be_read_on_every_ground(role: str, theme: Theme, system: ColorSystem) -> None:
    grounds = {name: theme.variables[name] for name in ("tab", "cursor")}
    grounds |= {"background": theme.background or "", "surface": theme.surface or "", "panel": theme.panel or ""}
    words = shown(theme.variables[role], system)
    too_low = {
        name: round(found, 1)
        for name, ground in grounds.items()
        if (found := contrast(words, shown(ground, system))) < ENOUGH
    }
    assert too_low == {}


@pytest.mark.parametrize("system", [ColorSystem.TRUECOLOR, ColorSystem.EIGHT_BIT])
@pytest.mark.parametrize("theme", THEMES, ids=[theme.name for theme in THEMES])
def test_the_blues_of_a_split_differ_in_lightness(theme: Theme, system: ColorSystem) -> None:
    blues = [shown(theme.variables[role], system) for role in ("baseline", "carry_over", "own")]
    assert min(contrast(one, other) for one, other in combinations(blues, 2)) > 1.4
