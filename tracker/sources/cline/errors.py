"""Classifies failed requests by status or code. Messages may quote prompts or keys, so none of their text is kept."""

import re

import msgspec

from tracker.sources.cline.rows import decoded

_STATUS = re.compile(
    r"(?:\berror\b|\bstatus(?: ?code)?\b|\bcode\b|\bhttp\b)[\"']?\s*[:=]?\s*[\"']?([45]\d\d)\b", re.IGNORECASE
)
_LEADING_STATUS = re.compile(r"^\s*([45]\d\d)\b")
_HEAD_CHARS = 2000
_CODE = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{1,39}$")
# Clients that swallow the status leave only the provider's sentence.
_SENTENCES = (
    ("insufficient credits", "402"),
    ("requires more credits", "402"),
    ("requires moderation", "403"),
    ("forbidden", "403"),
    ("credit balance", "credits"),
    ("rate limit", "429"),
    ("too many requests", "429"),
    ("overloaded", "overloaded"),
)
# A key's own limit is refused with 403, like what a moderator refuses, or with 402: only sentences tell them apart.
_KEY_LIMIT_SENTENCES = ("key limit exceeded", "create a key with a higher")
KEY_LIMIT = "key_limit"
OTHER = "other"


class _Error(msgspec.Struct):
    message: str | None = None
    status: int | float | str | None = None
    code: int | float | str | None = None


_DECODER = msgspec.json.Decoder(_Error)


def error_detail(text: str | None) -> str:
    """HTTP status of an error text or of Cline's error JSON ("402", "403", "429", …), else its code, else "other".

    "key_limit" where the provider says that the key has reached the limit that its owner set.
    """
    if not text:
        return OTHER
    head = text[:_HEAD_CHARS].lower()
    if any(words in head for words in _KEY_LIMIT_SENTENCES):
        return KEY_LIMIT
    error = decoded(_DECODER.decode, text)
    if error is None:
        return _status_in(text) or OTHER
    for value in (error.status, error.code):
        status = _as_status(value)
        if status is not None:
            return status
    found = _status_in(error.message or "")
    if found is not None:
        return found
    if isinstance(error.code, str) and _CODE.match(error.code):
        return error.code
    return OTHER


def _as_status(value: float | str | None) -> str | None:
    text = str(int(value)) if isinstance(value, int | float) else value or ""
    return text if re.fullmatch(r"[45]\d\d", text) else None


def _status_in(message: str) -> str | None:
    head = message[:_HEAD_CHARS]
    found = _LEADING_STATUS.match(head) or _STATUS.search(head)
    if found is not None:
        return found.group(1)
    lowered = head.lower()
    return next((detail for words, detail in _SENTENCES if words in lowered), None)
