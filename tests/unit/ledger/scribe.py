"""Writes single transcript lines as the clients do: ids, times, and calls of one to four lines."""

import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from .captured import Tokens, as_reported

START_MS = 1_795_000_000_000
# Four seconds before 13 March 2026, UTC: until then a prompt of Sonnet 4.6 above 200,000 tokens cost twice as much.
EVENING_MS = 1_773_360_000_000 - 4_000
_MODELS = ("claude-opus-5-5", "claude-haiku-5-5", "claude-sonnet-5-5", "claude-sonnet-4-6")
_OF_PARTS = ("claude-haiku-5-5", "claude-sonnet-4-6")
VERSIONS = ("2.1.329", "2.1.197", "2.1.45", "2.0.76", "1.0.128")


@dataclass
class MadeCall:
    """A call, all ids under which it was written, and what the ledger has to say of it."""

    ids: set[str]
    model: str
    session: str
    chain: str | None  # None: any chain of the session but the main one
    tokens: Tokens
    is_floor: bool
    lines: list[dict[str, Any]] = field(default_factory=list)
    inner: Tokens | None = None  # what the first of two requests used, if it was two

    def requests(self) -> list[Tokens]:
        """What each request of the call used."""
        if self.inner is None:
            return [self.tokens]
        rest = (whole - part for whole, part in zip(self.tokens, self.inner, strict=True))
        return [self.inner, Tokens(*rest)]


@dataclass
class Transcript:
    """A session's main file."""

    session: str
    path: str
    version: str
    last_uuid: str | None = None
    calls: list[MadeCall] = field(default_factory=list)


class Scribe:
    """Lines with a clock and running numbers. `files` maps a path below `projects` to its lines, newlines included."""

    def __init__(self, seed: int, start_ms: int = START_MS) -> None:
        self.files: dict[str, list[bytes]] = {}
        self.calls: list[MadeCall] = []
        self.pick = random.Random(seed)
        self.now = self.latest = start_ms
        self._models = _MODELS if start_ms != EVENING_MS else _MODELS[-1:]
        self._number = 0

    def new_call(self, session: str, chain: str | None, *, with_request: bool = True) -> MadeCall:
        """A call with its lines, growing or final; they are written by whoever asked for it."""
        number = self.next_number()
        pick = self.pick
        model = pick.choice(self._models)
        written = pick.choice((0, pick.randint(1, 50_000)))
        one_hour = pick.choice((0, written, written // 3))
        output = pick.randint(2, 5000)
        final = pick.random() < 0.7
        read = pick.randint(0, 450_000 if model == "claude-sonnet-4-6" else 150_000)
        tokens = Tokens(pick.randint(0, 3000), read, written - one_hour, one_hour, output)
        call = MadeCall({f"msg_{number}"}, model, session, chain, tokens, not final)
        if model in _OF_PARTS and pick.random() < 0.5:
            call.inner = Tokens(0, pick.randint(0, read), 0, 0, 0)
        if with_request:
            call.ids.add(f"req_{number}")
        count = pick.randint(1, 4)
        for index in range(count):
            last = index == count - 1
            usage = _usage(call, output if last else min(output, 2))
            message = {
                "id": f"msg_{number}",
                "model": model,
                "role": "assistant",
                "content": [{"type": "text", "text": "done"}],
                "stop_reason": "end_turn" if last and final else None,
                "usage": usage,
            }
            line: dict[str, Any] = {"type": "assistant", "timestamp": self.tick(), "message": message}
            if with_request:
                line["requestId"] = f"req_{number}"
            call.lines.append(line)
        self.calls.append(call)
        return call

    def put(self, transcript: Transcript, line: dict[str, Any], *, keeps_tip: bool = False) -> None:
        """A line of the main file, hung on the line before."""
        uuid = self.uuid()
        whole = {
            "parentUuid": transcript.last_uuid,
            "isSidechain": False,
            "uuid": uuid,
            "sessionId": transcript.session,
            "version": transcript.version,
            "cwd": "/home/dev/a",
            "gitBranch": "main",
            "timestamp": self.tick(),
            **line,
        }
        if not keeps_tip:
            transcript.last_uuid = whole["uuid"]
        self.line(transcript.path, whole)

    def line(self, path: str, line: dict[str, Any]) -> None:
        """A line as it is, with a time if it has none."""
        self.files[path].append(json.dumps({"timestamp": self.tick(), **line}, separators=(",", ":")).encode() + b"\n")

    def next_number(self) -> int:
        """A number that was not given out before."""
        self._number += 1
        return self._number

    def uuid(self) -> str:
        """A random id."""
        return str(UUID(int=self.pick.getrandbits(128), version=4))

    def tick(self, milliseconds: int = 0) -> str:
        """The time, a moment later."""
        self.now += milliseconds or self.pick.randint(1, 900)
        self.latest = max(self.latest, self.now)
        return datetime.fromtimestamp(self.now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _usage(call: MadeCall, output: int) -> dict[str, Any]:
    """A line's usage; its inner requests add up to it on every line."""
    usage = as_reported(call.tokens._replace(output=output))
    if call.inner is not None:
        first, last = call.requests()
        parts = (first, last._replace(output=output))
        usage["iterations"] = [{"type": "message", **as_reported(part)} for part in parts]
    return usage


def grow_output(line: dict[str, Any], call: MadeCall, output: int) -> None:
    """Let a line of a call say another count of output."""
    line["message"]["usage"] = _usage(call, output)


def records(raw: bytes) -> list[str]:
    """The JSON records of a physical line, none if it is damage."""
    found, text, position = [], raw.decode().strip(), 0
    while position < len(text):
        try:
            _, end = json.JSONDecoder().raw_decode(text, position)
        except ValueError:
            break
        found.append(text[position:end])
        position = end
    return found
