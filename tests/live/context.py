"""Large contexts without large texts: the prompt's size is made up from the number of messages, with a prompt cache.

A conversation is known by its client session and the words of its first user message. What it sent before is read
from the cache, the rest written. A compaction, `/clear` or a subagent is another conversation, and starts small.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .script import Usage, user_words


@dataclass(frozen=True, slots=True)
class ContextSize:
    """Knobs, in tokens.

    `prefix_tokens` stands for instructions and tool definitions, which all conversations share, `base_tokens` for a
    long history that the first conversation seen has from its first call on, `message_tokens` for each message sent.
    """

    prefix_tokens: int = 12_000
    base_tokens: int = 0
    message_tokens: int = 500
    uncached_tokens: int = 4


class ContextSimulation:
    """Counts a request's prompt and remembers what the cache holds; safe for use by many threads."""

    def __init__(self, size: ContextSize | None = None) -> None:
        self.size = size or ContextSize()
        self._lock = threading.Lock()
        self._long_conversation: str | None = None
        self._cached_tokens: dict[str, int] = {}

    def expire_cache(self) -> None:
        """Let every cache entry go cold: each conversation's next call writes its whole prompt again."""
        with self._lock:
            self._cached_tokens.clear()

    def prompt_tokens(self, body: Mapping[str, Any], session_id: str | None) -> int:
        """Size of the whole prompt in tokens; a request without tools (a title, a check) has only its messages."""
        own = self.size.message_tokens * len(body.get("messages") or [])
        if not body.get("tools"):
            return own
        key = conversation_key(body, session_id)
        with self._lock:
            if self._long_conversation is None:
                self._long_conversation = key
            history = self.size.base_tokens if self._long_conversation == key else 0
        return self.size.prefix_tokens + history + own

    def usage(self, body: Mapping[str, Any], session_id: str | None, *, output_tokens: int) -> Usage:
        """Usage of the call that this request is, and warm the cache with it.

        What is written goes to the cache that the request asks for, 5 minutes or 1 hour; a few tokens stay uncached.
        """
        prompt = self.prompt_tokens(body, session_id)
        if not body.get("tools"):
            return Usage(input_tokens=prompt, output_tokens=output_tokens)
        cacheable = prompt - self.size.uncached_tokens
        prefix_key = str(body.get("model"))
        key = conversation_key(body, session_id)
        with self._lock:
            known = self._cached_tokens.get(key, self._cached_tokens.get(prefix_key, 0))
            self._cached_tokens[key] = cacheable
            self._cached_tokens[prefix_key] = self.size.prefix_tokens
        read = min(known, cacheable)
        written = cacheable - read
        one_hour = asks_for_one_hour(body)
        return Usage(
            input_tokens=self.size.uncached_tokens,
            cache_read_tokens=read,
            cache_write_5m_tokens=0 if one_hour else written,
            cache_write_1h_tokens=written if one_hour else 0,
            output_tokens=output_tokens,
        )


def conversation_key(body: Mapping[str, Any], session_id: str | None) -> str:
    """What tells one conversation from another: model, client session, first words of the user."""
    messages = body.get("messages") or []
    first_words = next((words for message in messages if (words := user_words(message).strip())), "")
    return "\n".join((str(body.get("model")), session_id or "", first_words))


def asks_for_one_hour(body: object) -> bool:
    """Whether any cache mark in the request asks for the one-hour cache."""
    if isinstance(body, Mapping):
        mark = body.get("cache_control")
        if isinstance(mark, Mapping) and mark.get("ttl") == "1h":
            return True
        return any(asks_for_one_hour(value) for value in body.values())
    if isinstance(body, list):
        return any(asks_for_one_hour(value) for value in body)
    return False
