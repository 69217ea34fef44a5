"""Damages one page of a ledger at rest."""

from pathlib import Path

PAGE_BYTES = 4096


def damage_page_of(path: Path, message_id: bytes) -> None:
    """Overwrite the page that holds the row of a call, whole."""
    raw = path.read_bytes()
    pages = [raw[at : at + PAGE_BYTES] for at in range(0, len(raw), PAGE_BYTES)]
    number = next(at for at, page in enumerate(pages) if message_id in page and b"claude-opus-5-5" in page)
    with path.open("r+b") as handle:
        handle.seek(number * PAGE_BYTES)
        handle.write(b"\xff" * PAGE_BYTES)
