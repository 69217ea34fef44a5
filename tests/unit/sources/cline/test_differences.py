"""The table of docs/cline.md against the captured sessions: Cline's total, our sum, and what the server billed."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from store.ledger import open_ledger
from store.money import usd
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import CAPTURES

DOCUMENT = Path(__file__).parents[4] / "docs" / "cline.md"
_ROW = re.compile(r"^\| (v\d-[\w, -]+) \| (\S+) \| (\S+) \| (\S+) \|", re.MULTILINE)
# $3, $0.30, $3.75 and $15 a million tokens: input, cache read, cache write, output, in nano-dollars a token.
_INPUT, _READ, _WRITE, _OUTPUT = 3_000, 300, 3_750, 15_000


class Row(NamedTuple):
    """A row of the table, for one of its captures."""

    capture: str
    clines: str
    ours: str
    true: str


ROWS = [
    Row(name, *figures)
    for names, *figures in _ROW.findall(DOCUMENT.read_text(encoding="utf-8"))
    for name in names.split(", ")
]


def billed(served: dict[str, Any]) -> int:
    """What an answer cost; both models of the captures have the same prices, but one counts the cache as input."""
    usage = served["usage"]
    if "prompt_tokens" in usage:
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        fresh = usage["prompt_tokens"] - cached
        return int(fresh * _INPUT + cached * _READ + usage["completion_tokens"] * _OUTPUT)
    return int(
        usage["input_tokens"] * _INPUT
        + usage["cache_read_input_tokens"] * _READ
        + usage["cache_creation_input_tokens"] * _WRITE
        + usage["output_tokens"] * _OUTPUT
    )


def ledger_of(name: str) -> sqlite3.Connection:
    """A ledger of one capture at the real prices."""
    db = open_ledger()
    take_in_cline(db, CAPTURES / name / ".cline")
    return db


def test_every_capture_is_in_the_table() -> None:
    assert sorted(row.capture for row in ROWS) == sorted(path.name for path in CAPTURES.iterdir() if path.is_dir())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.capture)
def test_the_table_says_what_the_captures_give(row: Row) -> None:
    db = ledger_of(row.capture)
    [(clines,)] = db.execute("SELECT cost FROM client_total")
    [(ours,)] = db.execute("SELECT SUM(cost) FROM call")
    answers = json.loads((CAPTURES / row.capture / "truth.json").read_text())["served"]
    true = sum(billed(one) for one in answers if one["status"] == 200)
    assert row == Row(row.capture, str(usd(clines)), "?" if ours is None else str(usd(ours)), str(usd(true)))


def test_every_call_of_a_listed_model_is_priced_to_the_nano_dollar() -> None:
    for row in ROWS:
        if row.ours == "?":
            continue
        for fresh, read, written, output, cost in ledger_of(row.capture).execute(
            "SELECT input, cache_read, write_5m + write_1h, output, cost FROM call"
        ):
            assert cost == fresh * _INPUT + read * _READ + written * _WRITE + output * _OUTPUT
