"""Advice files, one small file a session: written by whatever computes advice, read by hooks and the status line.

Each is replaced as a whole. Hooks read it before they answer, so reading imports nothing. A nudge is shown once, by the
process that creates its mark.
"""

import os
import time

from hooks.places import ADVICE_FOLDER, SETTINGS_FILE
from hooks.quick_json import decode_object
from hooks.spool import append, make_private_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from store.advice_format import Advice, Today

MAX_BYTES = 64 << 10
_KEPT_DAYS = 30
_SHOWN, _NOTICED = ".shown", ".noticed"
_TODAY_FILE = ".today.json"  # no session's: their ids begin with no dot


def safe_name(identifier: object) -> str | None:
    """The identifier if it is safe in a file name, else None."""
    if not isinstance(identifier, str) or not 0 < len(identifier) <= 120 or identifier[0] == ".":
        return None
    return identifier if identifier.replace("-", "").replace("_", "").replace(".", "").isalnum() else None


def advice_path(home: str, session_id: str) -> str | None:
    """Path of a session's advice file; None if the id is not safe in a file name."""
    name = safe_name(session_id)
    return None if name is None else os.path.join(home, ADVICE_FOLDER, f"{name}.json")


def read_advice(home: str, session_id: str) -> "dict[str, object]":
    """A session's advice (`advice_format.Advice`, unchecked); empty if there is none."""
    path = advice_path(home, session_id)
    return {} if path is None else _read(path)


def read_today(home: str) -> "dict[str, object]":
    """Today's spend (`advice_format.Today`, unchecked); empty if unknown."""
    return _read(os.path.join(home, ADVICE_FOLDER, _TODAY_FILE))


def _read(path: str) -> "dict[str, object]":
    try:
        with open(path, "rb", buffering=0) as handle:
            return decode_object(handle.read(MAX_BYTES) or b"")
    except OSError:
        return {}


def due_nudges(advice: "dict[str, object]", now_ms: int, event: str | None = None) -> "list[dict[str, object]]":
    """Nudges that may be shown now (at this event), best first."""
    pending = advice.get("pending")
    candidates = [advice.get("nudge"), *(pending if isinstance(pending, list) else [])]
    return [one for one in candidates if isinstance(one, dict) and _is_due(one, now_ms, event)]


def _is_due(nudge: "dict[str, object]", now_ms: int, event: str | None) -> bool:
    if not isinstance(nudge.get("text"), str) or safe_name(nudge.get("id")) is None:
        return False
    expires_at, not_before, events = nudge.get("expires_at"), nudge.get("not_before", 0), nudge.get("events")
    if not isinstance(expires_at, int) or not isinstance(not_before, int) or not not_before <= now_ms < expires_at:
        return False
    return event is None or events is None or (isinstance(events, list) and event in events)


def block_reason(home: str, advice: "dict[str, object]", now_ms: int) -> str | None:
    """The reason to block the next prompt; None if it may pass."""
    block = advice.get("block")
    if not isinstance(block, dict):
        return None
    reason, expires_at = block.get("reason"), block.get("expires_at")
    if not isinstance(reason, str) or (isinstance(expires_at, int) and now_ms >= expires_at):
        return None
    return None if _is_within_budget(home, block.get("budget"), block.get("spent_nano")) else reason


def _is_within_budget(home: str, budget: object, spent_nano: object) -> bool:
    """Whether the current settings allow this spend: while prompts are blocked, nothing else rewrites the advice."""
    import tomllib

    if not isinstance(budget, str) or not isinstance(spent_nano, int):
        return False
    try:
        with open(os.path.join(home, SETTINGS_FILE), "rb") as handle:
            section = tomllib.load(handle).get("budget", {})
        limit = section.get(budget)
        return section.get("hard_stop") is not True or limit is None or round(limit * 1e9) > spent_nano
    except FileNotFoundError:
        return True
    except (OSError, ValueError, TypeError, AttributeError, OverflowError):
        return False  # broken settings leave the last good ones in force


def claim(home: str, session_id: str, nudge_id: str, mark: str = _SHOWN) -> bool:
    """Mark a nudge as shown; True for exactly one of all callers. OSError if the mark cannot be written."""
    path = os.path.join(home, ADVICE_FOLDER, f"{session_id}~{nudge_id}{mark}")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True


def claim_notice(home: str, session_id: str, nudge_id: str) -> bool:
    """Whether to show a nudge on the desktop, too: True for one caller only, or for all if no mark can be written."""
    try:
        return safe_name(session_id) is None or claim(home, session_id, nudge_id, _NOTICED)
    except OSError:
        return True


def show_due(
    home: str, session_id: str, advice: "dict[str, object]", now_ms: int, event: str, show: "Callable[[str], None]"
) -> None:
    """Show the first nudge that is due at this event and not shown yet, if any, and report it as shown."""
    for nudge in due_nudges(advice, now_ms, event):
        nudge_id = str(nudge["id"])
        if claim(home, session_id, nudge_id):
            show(str(nudge["text"]))
            _report_shown(home, session_id, nudge_id, now_ms)
            return


def mark_shown_in_line(home: str, session_id: str, nudge: "dict[str, object]", now_ms: int) -> None:
    """Mark a nudge in the status line as shown if no hook will show it; the line otherwise repeats what hooks show."""
    if nudge.get("events") == [] and claim(home, session_id, str(nudge["id"])):
        _report_shown(home, session_id, str(nudge["id"]), now_ms)


def _report_shown(home: str, session_id: str, nudge_id: str, now_ms: int) -> None:
    append(home, {"event": "NudgeShown", "at": now_ms, "session_id": session_id, "nudge_id": nudge_id})


def shown_nudges(home: str, session_id: str) -> dict[str, int]:
    """Nudges of this session shown in the last month: id -> epoch ms."""
    shown = {}
    try:
        with os.scandir(os.path.join(home, ADVICE_FOLDER)) as entries:
            for entry in entries:
                session, _, nudge_id = entry.name.removesuffix(_SHOWN).partition("~")
                if session == session_id and entry.name.endswith(_SHOWN):
                    shown[nudge_id] = entry.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        pass
    return shown


def write_advice(home: str, session_id: str, advice: "Advice") -> bool:
    """Replace a session's advice file; False if the session's id is not safe in a file name.

    Removes files more than a month old. OSError if the folder cannot be written.
    """
    path = advice_path(home, session_id)
    if path is None:
        return False
    _replace(path, advice)
    _sweep(os.path.dirname(path))
    return True


def write_today(home: str, today: "Today") -> None:
    """Replace today's spend. OSError if the folder cannot be written."""
    _replace(os.path.join(home, ADVICE_FOLDER, _TODAY_FILE), today)


def _replace(path: str, content: "Advice | Today") -> None:
    import json
    import tempfile

    folder = os.path.dirname(path)
    make_private_folder(folder)
    descriptor, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with open(descriptor, "w", encoding="utf-8") as handle:
            json.dump(content, handle, ensure_ascii=False)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _sweep(folder: str) -> None:
    oldest = time.time() - _KEPT_DAYS * 86_400
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                if entry.stat().st_mtime < oldest:
                    os.unlink(entry.path)
            except OSError:
                continue  # another writer was first
