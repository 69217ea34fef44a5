"""The first words of a text as the ledger stores them: sorted hashes, enough to recognise known words."""

import re
import zlib

_WORD = re.compile(r"\w+|\?")


def first_words(text: str, chars: int) -> list[int]:
    """Hashes (32 bits) of the distinct words, and of a question mark, among the first `chars` characters; sorted."""
    return sorted(zlib.crc32(word.encode()) for word in set(_WORD.findall(text[:chars].lower())))


def as_text(words: list[int]) -> str:
    """The hashes as one text, eight hexadecimal digits each."""
    return "".join(f"{word:08x}" for word in words)


def from_text(text: str) -> list[int]:
    """The hashes that `as_text` gave."""
    return [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
