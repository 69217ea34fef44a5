"""Makes text written by agents and models safe to show: it may hold terminal escapes and direction marks."""

# They ask for the other form of the sign before them; terminals disagree on its width.
VARIATION_SELECTORS = dict.fromkeys(range(0xFE00, 0xFE10))


def plain(text: str) -> str:
    """The text on one line; each character that a terminal could act on becomes a space."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def plain_lines(text: str) -> str:
    """As `plain`, but keeps line breaks."""
    return "\n".join(map(plain, text.split("\n")))
