"""Text that agents and models wrote, made safe to show: it may hold terminal escapes and marks that turn its order."""

# They ask for the other form of the sign before them; terminals disagree on its width.
VARIATION_SELECTORS = dict.fromkeys(range(0xFE00, 0xFE10))


def plain(text: str) -> str:
    """The text on one line; each character that a terminal could act on becomes a space."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def plain_lines(text: str) -> str:
    """The same, with the ends of its lines kept."""
    return "\n".join(map(plain, text.split("\n")))
