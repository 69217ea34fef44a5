"""Empty states: a hatch, the reason, and what to do about it."""

from textwrap import wrap

from textual.content import Content

from tracker.bars import bar
from tui.widgets.grid import Grid, line
from tui.widgets.picture import Drawing
from tui.words import cells, plain

HATCH = "╱"


def hatched(title: str, *reasons: str, command: str = "", sign: str = "$heading") -> Drawing:
    """A hatch over the whole size with a clearing in the middle: title, reasons, and the exact command."""
    why = [(title, f"bold {sign}"), *((text, "$dim") for text in reasons)]
    what_to_do = [("", ""), (command, "bold $taxi")] if command else []
    return lambda width, height: _clearing(why, what_to_do, width, height)


def _clearing(why: list[tuple[str, str]], what_to_do: list[tuple[str, str]], width: int, height: int) -> list[Content]:
    """If there is no room for all, the last reasons are dropped."""
    room = max(1, width - 4)
    first, last = (
        [(part, style) for text, style in words for part in wrap(plain(text), room) or [""]]
        for words in (why, what_to_do)
    )
    lines = [*first[: max(1, height - len(last))], *last][: max(1, height)]
    grid = Grid(width, height)
    for y in range(height):
        for x in range(width):
            if (x + 2 * y) % 6 == 0:
                grid.put(x, y, HATCH, "$edge")
    broad = max(cells(text) for text, _ in lines)
    left, top = max(0, (width - broad) // 2), max(0, (height - len(lines)) // 2)
    for y in range(top - 1, top + len(lines) + 1):
        grid.text(max(0, left - 2), y, " " * min(width, broad + 4))
    for y, (text, style) in enumerate(lines, top):
        grid.text(left + (broad - cells(text)) // 2, y, text, style)
    return grid.lines()


def being_made(words: str, width: int, height: int) -> list[Content]:
    """What is being computed, centred."""
    top, left = max(0, (height - 1) // 2), max(0, (width - cells(words)) // 2)
    return [*([Content("")] * top), line((words, "$dim")).truncate(width, ellipsis=True).pad_left(left)]


def reading(done: float, words: str, width: int, height: int) -> list[Content]:
    """Progress of the initial ingest; `done` is from 0 to 1."""
    broad = min(48, max(8, width - 8))
    filled = bar(done, 1.0, broad)
    left = max(0, (width - broad) // 2)
    room = max(1, width - left)
    block = [
        *(line((part, "bold $heading")) for part in wrap("Reading what your agents have written", room)),
        Content(""),
        line((filled, "$taxi"), ("─" * (broad - len(filled)), "$faint")),
        *(line((part, "$dim")) for part in wrap(plain(words), room)),
    ]
    top = max(0, (height - len(block)) // 2)
    return [Content("")] * top + [part.truncate(room).pad_left(left) for part in block]
