"""Calls the provider's API: usage and cost reports, token counts (PRICES section 5), and a model.

The SDK takes over a second to import, so only the functions that need it import it. A key comes from the environment or
the system's keyring, is never stored, and never appears in an error or a log: error texts are our own, whatever the
server answered, and the SDK's loggers are silenced before it gets the key.
"""

import logging
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from tracker.errors import UserError
from tracker.model.plans.load import days_between

if TYPE_CHECKING:
    from anthropic import Anthropic
    from anthropic.types import Message

ADMIN_KEY_NAMES = ("ANTHROPIC_ADMIN_KEY", "ANTHROPIC_ADMIN_API_KEY", "ANTHROPIC_API_KEY")
KEY_NAMES = ("ANTHROPIC_API_KEY",)
KEYRING_SERVICE = "taximeter"
ADMIN_ACCOUNT, API_ACCOUNT = "admin", "api"
MESSAGES_USAGE = "/v1/organizations/usage_report/messages"
COST = "/v1/organizations/cost_report"
CODE_USAGE = "/v1/organizations/usage_report/claude_code"

_TIMEOUT_SECONDS = 60.0
_KEYRING_SECONDS = 60.0  # the keyring may ask the user for a password
_LONGEST_WAIT_SECONDS = 30.0
_TRIES = 3
_DAYS_A_PAGE = 31
_MAX_PAGES = 500
_LOGGERS = ("anthropic", "httpx2", "httpcore2", "httpx", "httpcore")


class ProviderError(UserError):
    """What went wrong at the provider, and what to do. Never contains a key."""


class Key(NamedTuple):
    """A key and where it was found; only `found_in` may be shown."""

    secret: str
    found_in: str

    def __repr__(self) -> str:
        return f"Key(found_in={self.found_in!r})"


def find_key(names: Sequence[str], account: str) -> Key | None:
    """The first key in these environment variables, else in the system's keyring; ProviderError if it is no key."""
    for name in names:
        secret = os.environ.get(name, "").strip()
        if secret:
            return _checked(Key(secret, name))
    secret = _from_keyring(account)
    return _checked(Key(secret, "the system keyring")) if secret else None


def fetch_report(path: str, key: Key, first: date, last: date) -> list[dict[str, Any]]:
    """All pages of a report for UTC days from `first` to `last`, as the provider sends them.

    ProviderError for any failure.
    """
    if path == CODE_USAGE:
        spans = [{"starting_at": day.isoformat(), "limit": 1000} for day in days_between(first, last)]
    else:
        group = "model" if path == MESSAGES_USAGE else "description"
        spans = [
            {
                "starting_at": f"{first.isoformat()}T00:00:00Z",
                "ending_at": f"{(last + timedelta(days=1)).isoformat()}T00:00:00Z",
                "bucket_width": "1d",
                "group_by": [group],
                "limit": _DAYS_A_PAGE,
            }
        ]
    with _client(key) as client:
        return [page for span in spans for page in _pages(client, path, key, span)]


def count_tokens(
    key: Key,
    model: str,
    *,
    text: str = "",
    tools: Sequence[dict[str, Any]] = (),
) -> int:
    """Tokens that a text or tool definitions add to a prompt of this model; ProviderError for any failure.

    The provider counts whole requests, so the count of a nearly empty one is subtracted.
    """
    messages: list[Any] = [{"role": "user", "content": "."}]
    parts: dict[str, Any] = {}
    if text:
        parts["system"] = text
    if tools:
        parts["tools"] = list(tools)
    if not parts:
        return 0
    with _client(key) as client:

        def count(**parts: Any) -> int:
            counted = _asked(lambda: client.messages.count_tokens(model=model, messages=messages, **parts), key)
            if not isinstance(tokens := getattr(counted, "input_tokens", None), int):
                raise ProviderError(f"{_host(client)} answered without a token count")
            return tokens

        return max(0, count(**parts) - count())


def ask_model(key: Key, model: str, instructions: str, words: str, max_output: int) -> "Message":
    """A model's answer of at most `max_output` tokens; ProviderError for any failure."""
    messages: list[Any] = [{"role": "user", "content": words}]
    with _client(key) as client:
        ask = partial(client.messages.create, model=model, max_tokens=max_output, system=instructions)
        answer: Message = _asked(lambda: ask(messages=messages), key)
        return answer


def _client(key: Key) -> "Anthropic":
    # Late import: it takes 1.3 s.
    import anthropic

    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return anthropic.Anthropic(api_key=key.secret, max_retries=0, timeout=_TIMEOUT_SECONDS)


def _pages(client: "Anthropic", path: str, key: Key, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = []
    seen: set[str] = set()
    token: str | None = None
    while len(pages) < _MAX_PAGES:
        asked = parameters if token is None else {**parameters, "page": token}
        options: Any = {
            "params": asked,
            # The reports ask for this header, which the SDK no longer sends. A redirect would carry it elsewhere.
            "headers": {"x-api-key": key.secret},
            "follow_redirects": False,
        }
        page = _asked(partial(client.get, path, cast_to=object, options=options), key)
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise ProviderError(f"{_host(client)} answered {path} with something other than a report")
        pages.append(page)
        token = page.get("next_page")
        if not page.get("has_more") or not isinstance(token, str) or token in seen:
            return pages
        seen.add(token)
    raise ProviderError(f"{_host(client)} sent more than {_MAX_PAGES} pages of {path}: ask for fewer days")


def _asked(ask: Callable[[], Any], key: Key) -> Any:
    """Ask up to three times; the provider's wish to wait is kept when it is short, while the SDK would keep any."""
    import anthropic

    attempt = 0
    while True:
        attempt += 1
        try:
            return ask()
        except anthropic.APIStatusError as error:
            status, wait = error.status_code, _wait_seconds(error.response.headers.get("retry-after"), attempt)
            trouble = _status_text(status, key, wait)
            may_pass = (status == 429 or status >= 500) and wait <= _LONGEST_WAIT_SECONDS
        except anthropic.APITimeoutError:
            trouble, may_pass = f"the provider did not answer in {_TIMEOUT_SECONDS:.0f} s: try again later", False
        except anthropic.AnthropicError:
            # Refused, cut or unreachable; a second try helps where a connection was merely old.
            trouble = "the connection to the provider broke: check the network and ANTHROPIC_BASE_URL"
            may_pass, wait = True, _wait_seconds(None, attempt)
        except Exception:  # noqa: BLE001 — whatever the SDK lets through must not show what was sent
            trouble, may_pass = "the provider's answer could not be read: try again later", False
        if not may_pass or attempt == _TRIES:
            raise ProviderError(trouble)
        time.sleep(wait)


def _wait_seconds(retry_after: str | None, attempt: int) -> float:
    try:
        wait = float(retry_after or "")
    except ValueError:
        wait = math.nan
    return max(0.0, wait) if math.isfinite(wait) else float(1 << (attempt - 1))


def _status_text(status: int, key: Key, wait: float) -> str:
    if status == 401:
        return (
            f"the provider does not recognise the key in {key.found_in} (401): the organisation's reports need an"
            " Admin key in ANTHROPIC_ADMIN_KEY, all else any API key in ANTHROPIC_API_KEY"
        )
    if status == 403:
        return f"the key in {key.found_in} may not do this (403): an administrator of the organisation can allow it"
    if status == 404:
        return "the provider has no such report or model (404): reports are for organisations, not for single accounts"
    if status == 429:
        return f"the provider asks to wait {wait:.0f} s (429): try again then"
    if status >= 500:
        return f"the provider failed ({status}): try again later"
    return f"the provider refused ({status}): check the days or the model asked for"


def _host(client: "Anthropic") -> str:
    return urlsplit(str(client.base_url)).hostname or "the provider"


def _checked(key: Key) -> Key:
    # A character that no header may hold would end up, key and all, in an error of the HTTP library.
    if not key.secret.isascii() or not key.secret.isprintable() or " " in key.secret:
        raise ProviderError(f"{key.found_in} does not hold a valid key: it has spaces or other odd characters")
    return key


def _from_keyring(account: str) -> str:
    if sys.platform == "darwin":
        command = ["security", "find-generic-password", "-s", KEYRING_SERVICE, "-a", account, "-w"]
    else:
        command = ["secret-tool", "lookup", "service", KEYRING_SERVICE, "account", account]
    program = shutil.which(command[0])
    if program is None:
        return ""
    try:
        found = subprocess.run(  # noqa: S603 — a fixed command of the system
            [program, *command[1:]], capture_output=True, text=True, timeout=_KEYRING_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
