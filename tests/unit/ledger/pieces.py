"""Reads files piece by piece, and compares with reading them whole."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from store.ledger import open_ledger

from .dump import Dump, differences, dump
from .plain import FILE, encoded
from .reading import dump_of_tree, take_in


def read_in_pieces(place: Path, pieces: Sequence[tuple[str, bytes]]) -> Dump:
    """The ledger after each piece was appended to its file and read."""
    root = place / "claude"
    with closing(open_ledger(place / "ledger.db")) as db:
        for name, content in pieces:
            path = root / "projects" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as handle:
                handle.write(content)
            take_in(db, root)
        return dump(db, root)


def check(place: Path, *pieces: tuple[str, bytes], besides: str = "") -> None:
    """Reading piece by piece gives what the finished files give, `besides` one table."""
    files: dict[str, bytes] = {}
    for name, content in pieces:
        files[name] = files.get(name, b"") + content
    whole, read = dump_of_tree(place / "whole", files), read_in_pieces(place / "pieces", pieces)
    for made in (whole, read):
        made.pop(besides, None)
    assert differences(whole, read) == []


def line_by_line(*lines: dict[str, Any], name: str = FILE) -> list[tuple[str, bytes]]:
    """Every line a piece of its own."""
    return [(name, encoded(line)) for line in lines]
