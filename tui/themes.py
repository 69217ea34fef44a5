"""Themes: the only place with colour values. Everything else names a role (`$fresh`) that the theme fills in.

The series follow Okabe and Ito's palette, which colour-blind readers can tell apart; the third theme uses it for the
signs of good and bad as well. No role stands alone: each comes with a glyph or a word.
"""

from textual.theme import Theme

# Role -> its colour in the dark, the light and the colour-blind theme. In the last one blue is for good, yellow for
# take care, vermilion for bad: three hues that every kind of colour vision separates.
_ROLES = {
    # frame
    "ink": ("#dce3e8", "#23292e", "#f2f2f2"),
    "dim": ("#8894a0", "#565f68", "#a3a3a3"),
    "faint": ("#46525d", "#b9bdb6", "#5c5c5c"),
    "edge": ("#2c3843", "#cfcdc3", "#444444"),
    "heading": ("#b7c3cd", "#434c54", "#d9d9d9"),
    "tab": ("#252b31", "#e9e3cd", "#333333"),
    "cursor": ("#1c2c48", "#dbe7f0", "#0b2c5c"),
    "taxi": ("#f5c542", "#704f00", "#f0e442"),
    # signs
    "good": ("#3fbf8f", "#00704f", "#56b4e9"),
    "warn": ("#f0a83c", "#714700", "#f0e442"),
    "bad": ("#ff6f4d", "#b82f08", "#ea7e49"),
    # where the money went, by the columns of a task's split
    "baseline": ("#56b4e9", "#226998", "#56b4e9"),
    "carry_over": ("#3f7fd0", "#0a2f73", "#2f8fd6"),
    "own": ("#9fd3f5", "#69aedb", "#b6e0fa"),
    "fresh": ("#1fb58a", "#008561", "#009e73"),
    "generation": ("#e69f00", "#bd7f00", "#f2b324"),
    "waste": ("#eb7548", "#ab2f10", "#f47a33"),
    "other": ("#8b949e", "#7b828a", "#999999"),
    # series, levels and bands
    "series-1": ("#e6a817", "#b98200", "#e69f00"),
    "series-2": ("#56b4e9", "#226998", "#56b4e9"),
    "series-3": ("#1fb58a", "#008561", "#009e73"),
    "series-4": ("#cc79a7", "#a8517f", "#cc79a7"),
    "series-5": ("#8b949e", "#7b828a", "#999999"),
    "level": ("#c2a14a", "#715917", "#f0e442"),
    "band": ("#6f7f4f", "#a9b47d", "#7a7a7a"),
    "heat-1": ("#8a7a35", "#d8c078", "#4f7896"),
    "heat-2": ("#a58a2c", "#c9a640", "#4d8db8"),
    "heat-3": ("#c9a636", "#b28a1c", "#55a5d6"),
    "heat-4": ("#f5c542", "#8f6400", "#f0e442"),
}


def _roles(column: int) -> dict[str, str]:
    return {role: colours[column] for role, colours in _ROLES.items()}


def _theme(name: str, column: int, *, dark: bool, background: str, surface: str, panel: str) -> Theme:
    roles = _roles(column)
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
    _theme("dark", 0, dark=True, background="#0f1317", surface="#151b21", panel="#1a2129"),
    _theme("light", 1, dark=False, background="#fbfaf5", surface="#f4f2ea", panel="#efece1"),
    _theme("colour-blind", 2, dark=True, background="#101010", surface="#191919", panel="#202020"),
)
THEME_NAMES = tuple(theme.name for theme in THEMES)

# Roles for themes that are not ours (a terminal's own colours).
FALLBACK_ROLES = _roles(0)
