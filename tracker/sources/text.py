"""Text as the ledger stores it: opening words, tool targets and hashes of content words."""

import re
import struct
import zlib

_TARGET_CHARS = 300
_WORD = re.compile(r"[^\W\d_][\w]{2,}")
_ASCII_WORD = re.compile(rb"[a-z][a-z0-9_]{2,}")  # the same for lower-case ASCII, where bytes are quicker
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")
_END_TAG = re.compile(r"</([a-z_-]+)>")
_STOP_WORDS = frozenset(
    b"the and for that this with you can not are was but have has had from what when"
    b" where which who how why will would"
    b" could should please let lets now just also still then than them they there here"
    b" into out our your its it's one two"
    b" all any some more most does did done doing make made use used using get got need want see look like about after"
    b" before again only very too yes okay sure thanks thank i'm don't doesn't didn't isn't".split()
)


def opening(text: str, limit: int) -> str:
    """The first `limit` characters on one line, without control or direction characters."""
    if limit <= 0:
        return ""
    line = " ".join(text[: limit * 2].split())
    if not (line.isascii() and line.isprintable()):
        line = " ".join(_CONTROL.sub(" ", text[: limit * 2]).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def tool_target(text: str) -> str:
    """The text that names what a tool was used on."""
    return opening(text, _TARGET_CHARS)


def todo_target(closed: int, entries: int, *, is_busy: bool) -> str:
    """The state of a to-do list as the target of the tool that wrote it (ToolFlag.TODOS)."""
    return f"{closed}/{entries}{'+' if is_busy else ''}"


def without_elements(text: str, start_tag: re.Pattern[str]) -> str:
    """The text without the elements whose start tag matches (its group is the name); unclosed ones stay.

    In one pass: a pattern for whole elements would search to the end for each unclosed one, minutes in 300 kB.
    """
    last_end = {found[1]: found.start() for found in _END_TAG.finditer(text)}
    kept, place = [], 0
    for found in start_tag.finditer(text):
        if found.start() >= place and last_end.get(found[1], -1) >= found.end():
            kept.append(text[place : found.start()])
            end_tag = f"</{found[1]}>"
            place = text.index(end_tag, found.end()) + len(end_tag)
    return "".join((*kept, text[place:]))


def content_of(text: str, name: str) -> str | None:
    """The content of the first element of this name without attributes; None if there is none."""
    _, _, behind = text.partition(f"<{name}>")
    content, end_tag, _ = behind.partition(f"</{name}>")
    return content if end_tag else None


def word_hashes(text: str) -> set[int]:
    """Hashes (32 bits) of a text's distinct content words: enough to compare texts, not to reconstruct them."""
    text = text.lower()
    words = _ASCII_WORD.findall(text.encode()) if text.isascii() else map(str.encode, _WORD.findall(text))
    return set(map(zlib.crc32, set(words) - _STOP_WORDS))


def echo_of(words: set[int], output: set[int] | None) -> int | None:
    """Per mille of a prompt's words that occur in the agent's latest output; None if either is missing."""
    return 1000 * len(words & output) // len(words) if words and output is not None else None


def packed(words: set[int]) -> bytes:
    """Word hashes as the ledger stores them: sorted, 4 bytes each."""
    return struct.pack(f">{len(words)}I", *sorted(words))


def word_set(words: bytes) -> set[int]:
    """The word hashes in a `packed` value."""
    return set(struct.unpack(f">{len(words) // 4}I", words))
