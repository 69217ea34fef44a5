"""How much the first words of a prompt, and of the agent's answer, suggest a new task.

`word_weights.csv` has the weights in thousandths of the boundary score, learned from labelled sessions together with
those of the other features (docs/tasks.md).
"""

import csv
import math
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from store.first_words import first_words

PROMPT_CHARS = 60
_MAX_SCORE = 0.6  # maximum share of the score, for each of the two
_MILLI = 1000


def _text() -> str:
    return Path(__file__).with_name("word_weights.csv").read_text("utf-8")


def stamp() -> int:
    """Fingerprint of the weights."""
    return zlib.crc32(_text().encode())


@cache
def weights() -> Mapping[str, Mapping[int, int]]:
    """Weight of each word (by hash) in a `prompt` and in a `reply`."""
    made: dict[str, dict[int, int]] = {"prompt": {}, "reply": {}}
    for row in csv.DictReader(_text().splitlines()):
        made[row["in"]][zlib.crc32(row["word"].encode())] = int(row["weight"])
    return made


def of_prompt(text: str) -> float:
    """How much a prompt's first words suggest a new task, -1..1."""
    return _sum(first_words(text, PROMPT_CHARS), weights()["prompt"])


def of_reply(words: Sequence[int]) -> float:
    """How much the agent's first words (as hashes) suggest a new task, -1..1."""
    return _sum(words, weights()["reply"])


def _sum(words: Sequence[int], known: Mapping[int, int]) -> float:
    if not words:
        return 0.0
    total = sum(known.get(word, 0) for word in words) / math.sqrt(len(words)) / _MILLI / _MAX_SCORE
    return max(-1.0, min(1.0, total))
