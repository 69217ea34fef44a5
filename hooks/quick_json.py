"""Reads a hook's input and its JSON with the standard library's C scanner, without what else `json` imports.

That import is half of a hook's time. Without such a scanner `json` itself does the work, with the same results.
"""

import os

TYPE_CHECKING = False  # `typing` is not imported on the way of a hook
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Scalar = str | int | float | None

LONGEST_NAME = 128
_LONGEST_PATH = 1200
_MAX_BYTES = 16 << 20


class _Rules:
    """The settings that `json.JSONDecoder` passes to the scanner."""

    strict = False
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    parse_constant = float


def _find_scanner() -> "tuple[Callable[[str, int], tuple[object, int]] | None, Callable[[str], str] | None]":
    try:
        from _json import encode_basestring_ascii, make_scanner

        scan = make_scanner(_Rules())  # type: ignore[arg-type]
    except (ImportError, AttributeError, TypeError):
        return None, None
    return scan, encode_basestring_ascii


_scan, _quote = _find_scanner()


def decode(text: str) -> object:
    """The first JSON value in a text; ValueError if the text does not begin with one."""
    if _scan is None:
        import json

        return json.JSONDecoder(strict=False).raw_decode(text.lstrip())[0]
    try:
        return _scan(text.lstrip(), 0)[0]
    except (StopIteration, RecursionError, SystemError):  # before 3.13 it fails without `json`, whose error it raises
        raise ValueError("not JSON") from None


def decode_object(raw: bytes) -> "dict[str, object]":
    """The JSON object in these bytes; empty if they hold anything else."""
    try:
        value = decode(raw.decode("utf-8", "replace"))
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def short_name(value: object) -> str | None:
    """The value if it is a string as short as ids and names are, else None: a line of the spool holds several."""
    return value if isinstance(value, str) and len(value) <= LONGEST_NAME else None


def short_path(value: object) -> str | None:
    """The value if it is a string as short as paths are, else None."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_PATH else None


def read_input() -> bytes | None:
    """All of standard input, empty on a terminal; None if it is larger than any client sends."""
    chunks, size = [], 0
    while not os.isatty(0) and (chunk := os.read(0, 1 << 20)):
        size += len(chunk)
        if size <= _MAX_BYTES:
            chunks.append(chunk)
    return b"".join(chunks) if size <= _MAX_BYTES else None


def encode_flat(record: "Mapping[str, Scalar]") -> str:
    """A flat object as one line of JSON; keys with None are left out."""
    if _quote is None:
        import json

        return json.dumps({key: value for key, value in record.items() if value is not None}, separators=(",", ":"))
    parts = []
    for key, value in record.items():
        if isinstance(value, str):
            parts.append(f"{_quote(key)}:{_quote(value)}")
        elif value is not None:
            parts.append(f"{_quote(key)}:{value!r}")
    return "{" + ",".join(parts) + "}"
