"""Themes: the only place with colour values. Everything else names a role (`$fresh`) and lets the theme fill it in.

The series follow Okabe and Ito's palette, which colour-blind readers can tell apart; the third theme uses it for the
signs of good and bad as well. No role stands alone: each comes with a glyph or a word.
"""

from textual.theme import Theme

_DARK = {
    # frame
    "ink": "#dce3e8",
    "dim": "#8894a0",
    "faint": "#46525d",
    "edge": "#2c3843",
    "heading": "#b7c3cd",
    "tab": "#252b31",
    "cursor": "#1c2c48",
    "taxi": "#f5c542",
    # signs
    "good": "#3fbf8f",
    "warn": "#f0a83c",
    "bad": "#ff6f4d",
    # where the money went
    "baseline": "#56b4e9",
    "carry": "#3f7fd0",
    "own": "#9fd3f5",
    "fresh": "#1fb58a",
    "generation": "#e69f00",
    "waste": "#e8602c",
    "hidden": "#8b949e",
    # series, levels and bands
    "series-1": "#e6a817",
    "series-2": "#56b4e9",
    "series-3": "#1fb58a",
    "series-4": "#cc79a7",
    "series-5": "#8b949e",
    "level": "#c2a14a",
    "band": "#6f7f4f",
    "heat-1": "#8a7a35",
    "heat-2": "#a58a2c",
    "heat-3": "#c9a636",
    "heat-4": "#f5c542",
}

_LIGHT = {
    "ink": "#23292e",
    "dim": "#565f68",
    "faint": "#b9bdb6",
    "edge": "#cfcdc3",
    "heading": "#434c54",
    "tab": "#e9e3cd",
    "cursor": "#dbe7f0",
    "taxi": "#8f6400",
    "good": "#00704f",
    "warn": "#9a6100",
    "bad": "#b83a08",
    "baseline": "#2b83bd",
    "carry": "#1d559c",
    "own": "#69aedb",
    "fresh": "#008561",
    "generation": "#bd7f00",
    "waste": "#c24a12",
    "hidden": "#7b828a",
    "series-1": "#b98200",
    "series-2": "#2b83bd",
    "series-3": "#008561",
    "series-4": "#a8517f",
    "series-5": "#7b828a",
    "level": "#8a6d1c",
    "band": "#a9b47d",
    "heat-1": "#d8c078",
    "heat-2": "#c9a640",
    "heat-3": "#b28a1c",
    "heat-4": "#8f6400",
}

# Blue for good, yellow for take care, vermilion for bad: three hues that every kind of colour vision separates.
_SAFE = _DARK | {
    "ink": "#f2f2f2",
    "dim": "#a3a3a3",
    "faint": "#5c5c5c",
    "edge": "#444444",
    "heading": "#d9d9d9",
    "tab": "#333333",
    "cursor": "#0b2c5c",
    "taxi": "#f0e442",
    "good": "#56b4e9",
    "warn": "#f0e442",
    "bad": "#e8743b",
    "carry": "#2f8fd6",
    "own": "#b6e0fa",
    "fresh": "#009e73",
    "waste": "#d55e00",
    "hidden": "#999999",
    "series-1": "#e69f00",
    "series-3": "#009e73",
    "series-5": "#999999",
    "level": "#f0e442",
    "band": "#7a7a7a",
    "heat-1": "#4f7896",
    "heat-2": "#4d8db8",
    "heat-3": "#55a5d6",
    "heat-4": "#f0e442",
}


def _theme(name: str, roles: dict[str, str], *, dark: bool, background: str, surface: str, panel: str) -> Theme:
    return Theme(
        name=name,
        primary=roles["taxi"],
        secondary=roles["baseline"],
        accent=roles["taxi"],
        warning=roles["warn"],
        error=roles["bad"],
        success=roles["good"],
        foreground=roles["ink"],
        background=background,
        surface=surface,
        panel=panel,
        dark=dark,
        variables=roles
        | {
            "scrollbar": roles["edge"],
            "scrollbar-background": background,
            "scrollbar-corner-color": background,
            "scrollbar-hover": roles["faint"],
            "scrollbar-active": roles["taxi"],
            "block-cursor-background": roles["cursor"],
            "block-cursor-foreground": roles["ink"],
            "block-cursor-text-style": "bold",
            "input-cursor-background": roles["taxi"],
            "border": roles["taxi"],
        },
    )


THEMES = (
    _theme("dark", _DARK, dark=True, background="#0f1317", surface="#151b21", panel="#1a2129"),
    _theme("light", _LIGHT, dark=False, background="#fbfaf5", surface="#f4f2ea", panel="#efece1"),
    _theme("colour-blind", _SAFE, dark=True, background="#101010", surface="#191919", panel="#202020"),
)
THEME_NAMES = tuple(theme.name for theme in THEMES)

# Roles for themes that are not ours (a terminal's own colours).
FALLBACK_ROLES = dict(_DARK)
