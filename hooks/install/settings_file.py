"""A user's settings file: strictly parsed, written atomically.

A file that cannot be understood is refused with a sentence, never repaired. Links are followed; the mode and the
formatting (indent, last newline) stay as they were.
"""

import difflib
import hashlib
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hooks.spool import make_private_folder
from tracker.errors import UserError

_MODE_OF_NEW_FILE = 0o600


class SettingsError(UserError):
    """Which file, what is wrong with it, what to do."""


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A settings file: its bytes (None if there is no file) and the settings in them."""

    path: Path
    raw: bytes | None
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """A file's content before and after; None means no file."""

    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def is_needed(self) -> bool:
        """Whether anything would change."""
        return self.before != self.after

    def diff(self) -> str:
        """The change as a unified diff."""
        before, after = ((raw or b"").decode("utf-8", "replace").splitlines() for raw in (self.before, self.after))
        names = ["/dev/null" if raw is None else str(self.path) for raw in (self.before, self.after)]
        return "\n".join(difflib.unified_diff(before, after, names[0], names[1], lineterm=""))


def read_settings(path: Path) -> SettingsFile:
    """Read a settings file; SettingsError if it exists but is no JSON object that can be written back without loss."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return SettingsFile(path, None, {})
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    return SettingsFile(path, raw, parse_settings(raw, path))


def parse_settings(raw: bytes, path: Path) -> dict[str, Any]:
    """The object in these bytes; an empty file is an empty object. SettingsError as for read_settings."""
    try:
        text = raw.decode("utf-8-sig")
        settings = json.loads(text, object_pairs_hook=_object_without_twins) if text.strip() else {}
    except json.JSONDecodeError as error:
        raise SettingsError(
            f"{path} is not valid JSON (line {error.lineno}: {error.msg}); nothing was changed; fix it and try again"
        ) from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} cannot be preserved exactly ({error}); nothing was changed") from error
    if not isinstance(settings, dict):
        raise SettingsError(f"{path} is not a JSON object; nothing was changed")
    return settings


def _object_without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        if key in made:
            raise ValueError(f"the key {key!r} occurs twice in one object")
        made[key] = value
    return made


def render_settings(settings: dict[str, Any], like: bytes | None) -> bytes:
    """Settings as JSON, formatted like `like` (two spaces and a final newline without one)."""
    text = "" if like is None else like.decode("utf-8-sig", "replace")
    if not text.strip():
        text = "{\n  \n}\n"
    found = re.match(r"\s*\{\r?\n([ \t]+)", text)
    one_line = "\n" not in text.strip()
    indent = None if one_line else found.group(1) if found else 2
    made = json.dumps(settings, ensure_ascii=False, indent=indent)
    if any("\ud800" <= char <= "\udfff" for char in made):  # half of a pair: JSON can escape one, UTF-8 not hold it
        made = json.dumps(settings, indent=indent)
    if "\r\n" in text:
        made = made.replace("\n", "\r\n")
    return (made + text[len(text.rstrip()) :]).encode()


def write_change(change: Change) -> None:
    """Apply a change atomically; SettingsError if the file is no longer what the change was made from."""
    target = Path(os.path.realpath(change.path))
    try:
        now = target.read_bytes() if target.exists() else None
        if now != change.before:
            raise SettingsError(f"{change.path} was changed by another program in the meantime; run the command again")
        if change.after is None:
            target.unlink(missing_ok=True)
        else:
            replace_file(target, change.after)
    except OSError as error:
        raise SettingsError(f"cannot write {change.path}: {error.strerror}; nothing was changed") from error


def sha256_of(raw: bytes) -> str:
    """The hash by which a file of ours is recognised."""
    return hashlib.sha256(raw).hexdigest()


def read_record(path: Path, empty: dict[str, Any]) -> dict[str, Any]:
    """The record of what was installed; `empty` if there is none, or one without the keys of `empty`."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return empty
    is_whole = isinstance(record, dict) and all(
        isinstance(record.get(name), type(part)) for name, part in empty.items()
    )
    return record if is_whole else empty


def write_record(path: Path, record: dict[str, Any]) -> None:
    """Write the record of what was installed, as indented JSON."""
    replace_file(path, json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n")


def replace_file(path: Path, content: bytes) -> None:
    """Write a file atomically and keep its mode; a new one is readable by its owner only."""
    mode = path.stat().st_mode & 0o777 if path.exists() else _MODE_OF_NEW_FILE
    make_private_folder(str(path.parent))
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
