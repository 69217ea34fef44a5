"""Sets one key in a text of TOML, line by line: every other line stays as it is, comments included."""

import tomllib
from typing import Any

import msgspec


def with_value(text: str, section: str, key: str, value: Any) -> str:
    """The text with one key set, or removed (`value` is None); `section` is a dotted header such as "capacity.pro".

    A section whose last key is removed goes with it, unless comments are left there. Where the section is written
    with dotted keys or in braces, the result is not valid TOML. TypeError if TOML has no such value.
    """
    changed = _with_entry(text.split("\n") if text else [], section, key, value)
    return "\n".join(changed).rstrip("\n") + "\n" if any(line.strip() for line in changed) else ""


def _with_entry(lines: list[str], section: str, key: str, value: Any) -> list[str]:
    entry = [] if value is None else [f"{_toml_key(key)} = {_toml(value)}"]
    start = next((index for index, line in enumerate(lines) if _header(line) == section), None)
    if start is None:
        gap = [""] if lines and lines[-1].strip() else []
        return [*lines, *gap, f"[{section}]", *entry] if entry else lines
    end = next((index for index in range(start + 1, len(lines)) if _header(lines[index]) is not None), len(lines))
    index = start + 1
    while index < end:
        found, after = _entry(lines, index, end)
        if found == key:
            others = lines[start + 1 : index] + lines[after:end]
            is_left_empty = not (entry or "".join(others).strip() or "#" in lines[start])
            return lines[:start] + lines[end:] if is_left_empty else [*lines[:index], *entry, *lines[after:]]
        index = after
    while not lines[end - 1].strip():
        end -= 1
    return [*lines[:end], *entry, *lines[end:]]


def _header(line: str) -> str | None:
    """The dotted name of a table header, without quotes; None for any other line."""
    text = line.strip()
    if not text.startswith("["):
        return None
    try:
        table: Any = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    names = []
    while isinstance(table, dict) and table:
        name, table = next(iter(table.items()))
        names.append(name)
    return ".".join(names)


def _entry(lines: list[str], index: int, end: int) -> tuple[str | None, int]:
    """The key that begins at `index`, None if none does, and one past the last line of its value."""
    for after in range(index + 1, end + 1):
        try:
            table = tomllib.loads("\n".join(lines[index:after]))
        except tomllib.TOMLDecodeError:
            continue
        return next(iter(table), None), after
    return None, index + 1


def _toml_key(key: str) -> str:
    bare = key and all(char.isascii() and (char.isalnum() or char in "_-") for char in key)
    return key if bare else _toml(key)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # A JSON string is a TOML basic string, but for DEL, which JSON leaves bare.
        return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(one) for one in value)}]"
    raise TypeError(f"no value of TOML: {value!r}")
