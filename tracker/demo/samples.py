"""Writes the sample sessions as Claude Code would: same rows and fields, with usage from a small simulation.

The simulation models caching: a call reads what the previous one wrote, unless the pause exceeds the cache's five
minutes; then it pays for the whole prefix again. The client compacts automatically where Claude Code does.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import merge
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from store.money import NANO_PER_USD
from tracker.advisor.trigger import window_of
from tracker.demo.story import BESIDE, HISTORY, LIVE, Sitting, Step
from tracker.model.forecast.auto_compaction import Client, shipped_trigger
from tracker.pricing import PriceBook, cost

_VERSION = "2.1.329"
_STATIC_FLOOR = 14_000
_TTL_SECONDS = 300.0
_DAYS_AT_REST = 10


class Row(NamedTuple):
    """A transcript line and its file (relative to `projects`)."""

    file: str
    at: float  # epoch seconds
    line: dict[str, Any]


def write_samples(root: Path, *, now: float | None = None, at_rest: Callable[[float], None] = lambda _: None) -> None:
    """Write all sample sessions under `root`/projects, dated backwards from `now` (epoch seconds).

    `at_rest` is called with the time of each turn end in the last ten days, after all lines up to it are written.
    """
    today = datetime.fromtimestamp(time.time() if now is None else now).astimezone()
    for number, sitting in enumerate(HISTORY):
        day = today - timedelta(days=sitting.day)
        start = day.replace(hour=int(sitting.hour), minute=int(sitting.hour % 1 * 60), second=0, microsecond=0)
        for row in session_rows(sitting, number, start.timestamp()):
            append_row(root, row)
            if sitting.day <= _DAYS_AT_REST and _ends_turn(row):
                at_rest(row.at)


def _ends_turn(row: Row) -> bool:
    """Whether the agent waits for its user after this line."""
    message = row.line.get("message", {})
    return not row.line.get("isSidechain") and message.get("stop_reason") == "end_turn"


def live_session(root: Path, *, start: float) -> Iterator[float]:
    """Append the running sessions line by line, starting at `start` (epoch seconds); yields the wait before each."""
    previous = start
    running = (session_rows(sitting, len(HISTORY) + number, start) for number, sitting in enumerate((LIVE, BESIDE)))
    for row in merge(*running, key=lambda row: row.at):
        yield max(0.0, row.at - previous)
        previous = row.at
        append_row(root, row)


def session_rows(sitting: Sitting, number: int, start: float) -> Iterator[Row]:
    """A sitting line by line from `start` (epoch seconds); each `number` gives a different session."""
    return _Session(sitting, number, start).rows()


def append_row(root: Path, row: Row) -> None:
    """Append a line to its file under `root`/projects."""
    path = root / "projects" / row.file
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row.line, separators=(",", ":")) + "\n")


class _Session:
    """Simulates one sitting."""

    def __init__(self, sitting: Sitting, number: int, start: float) -> None:
        self._sitting = sitting
        self._random = random.Random(number * 7919 + 17)  # noqa: S311 - sample data, nothing secret
        self._now = start
        self._session = self._uuid()
        folder = "".join(char if char.isalnum() else "-" for char in sitting.project)
        self._file = f"{folder}/{self._session}.jsonl"
        self._parent: str | None = None
        self._context = 0
        self._last_call_at = 0.0
        self._started = start
        self._compactions = 0
        self._context_growth = 0
        self._recorded = 0.0
        self._prices = PriceBook()
        self._compacts_at = shipped_trigger(Client.CLAUDE_CODE, window_of(Client.CLAUDE_CODE, sitting.model), _VERSION)

    def _uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _id(self, prefix: str) -> str:
        return prefix + "".join(self._random.choices("abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=22))

    def rows(self) -> Iterator[Row]:
        """The transcript, line by line."""
        yield self._meta({"type": "mode", "mode": "normal"})
        for number, step in enumerate(self._sitting.steps):
            step = _filled(step, self._sitting.x)
            if number:
                self._now += step.pause_minutes * 60 * self._random.uniform(0.7, 1.4)
            yield from self._step(step)
            if number == 0:
                yield self._meta({"type": "ai-title", "aiTitle": self._sitting.title})
        yield self._meta(self._cost_state())

    def _step(self, step: Step) -> Iterator[Row]:
        if step.compacts:
            yield from self._compact("manual")
        yield self._user(step.prompt)
        work: list[tuple[str, dict[str, Any]]] = []
        for name in step.reads:
            work.append(("Grep", {"pattern": name.rsplit("/", 1)[-1].split(".")[0]}))
            work.append(("Read", {"file_path": self._path(name)}))
        if step.agent:
            work.append(("Agent", {"description": step.agent, "subagent_type": "Explore", "prompt": step.agent}))
        for name in step.edits:
            work.append(("Read", {"file_path": self._path(name)}))
            edit = ("Edit", {"file_path": self._path(name), "old_string": "a", "new_string": "b"})
            work += [edit] * self._random.randint(1, 3)
        work += [("Bash", {"command": command}) for command in step.runs]
        for tool, given in work:
            yield from self._use(tool, given)
            if self._context > self._compacts_at:
                yield from self._compact("auto")
        if step.interrupted:
            yield self._user("[Request interrupted by user]", plain=False)
            return
        yield from self._call([{"type": "text", "text": "Done; the details are above."}], "end_turn", 260)

    def _cost_state(self) -> dict[str, Any]:
        """The client's own total: the recorded cost and a few unrecorded cents (titles, compactions)."""
        return {
            "type": "cost-state",
            "totalCostUSD": round(self._recorded + 0.004 + 0.09 * self._compactions, 9),
            "startTime": int(self._started * 1000) - 500,
            "modelUsage": {},
            "hasUnknownModelCost": False,
        }

    def _path(self, name: str) -> str:
        return f"{self._sitting.project}/{name}"

    def _use(self, tool: str, given: dict[str, Any]) -> Iterator[Row]:
        use = self._id("toolu_")
        yield from self._call([{"type": "tool_use", "id": use, "name": tool, "input": given}], "tool_use", 320)
        size = {"Read": 9_000, "Bash": 4_500, "Agent": 2_500, "Grep": 1_800}.get(tool, 600)
        text = "x" * int(size * self._random.lognormvariate(0, 0.7))
        extra: dict[str, Any] = {}
        if tool == "Agent":
            agent = f"a{self._random.getrandbits(64):016x}"
            yield from self._subagent(agent, use)
            extra["toolUseResult"] = {"status": "completed", "agentId": agent, "agentType": "Explore"}
        elif given.get("command", "").startswith("git commit"):
            text = f"[{self._sitting.branch} {self._random.getrandbits(28):07x}] done\n 3 files changed"
        self._now += self._random.uniform(0.4, 6.0) if tool == "Bash" else 0.2
        self._context_growth = len(text) // 4
        yield self._line(
            {
                "type": "user",
                "message": {
                    "role": "user",
                    "content": [{"tool_use_id": use, "type": "tool_result", "content": text, "is_error": False}],
                },
                **extra,
            }
        )

    def _subagent(self, agent: str, use: str) -> Iterator[Row]:
        """A short exploration by a subagent, with its own context and file, on the small model."""
        file = self._file.replace(".jsonl", f"/subagents/agent-{agent}.jsonl")
        context = 0
        for number in range(self._random.randint(3, 6)):
            self._now += self._random.uniform(1.5, 4.0)
            written = 11_000 if number == 0 else self._random.randint(600, 3_000)
            line = self._assistant(
                "claude-haiku-5-5",
                [{"type": "text", "text": "Looking."}],
                "end_turn",
                read=context,
                written=written,
                made=self._random.randint(120, 500),
            )
            context += written
            yield Row(file, self._now, {**line, "isSidechain": True, "agentId": agent, "attributionAgent": "Explore"})
        yield Row(
            file.replace(".jsonl", ".meta.json"), self._now, {"agentType": "Explore", "toolUseId": use, "spawnDepth": 1}
        )

    def _call(self, content: list[dict[str, Any]], stop: str, output: int) -> Iterator[Row]:
        self._now += self._random.uniform(1.8, 6.5)
        grown = self._context_growth + int(self._random.lognormvariate(5.6, 0.6))
        self._context_growth = 0
        if self._context == 0:
            read, write = _STATIC_FLOOR, self._sitting.baseline - _STATIC_FLOOR + grown
        elif self._now - self._last_call_at > _TTL_SECONDS:
            read, write = _STATIC_FLOOR, self._context - _STATIC_FLOOR + grown
        else:
            read, write = self._context, grown
        self._context = read + write
        self._last_call_at = self._now
        out = max(40, int(output * self._random.lognormvariate(0, 0.5)))
        line = self._assistant(self._sitting.model, content, stop, read=read, written=write, made=out)
        yield Row(self._file, self._now, line)
        self._now += out / 90

    def _assistant(
        self, model: str, content: list[dict[str, Any]], stop: str, *, read: int, written: int, made: int
    ) -> dict[str, Any]:
        uncached = self._random.randint(2, 9)
        price = self._prices.resolve(model, None, int(self._now * 1000), uncached + read + written)
        if price is not None:
            self._recorded += cost(price, uncached, read, written, 0, made, 0) / NANO_PER_USD
        message = {
            "id": self._id("msg_01"),
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": content,
            "stop_reason": stop,
            "stop_sequence": None,
            "usage": {
                "input_tokens": uncached,
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": read,
                "output_tokens": made,
                "service_tier": "standard",
                "speed": "standard",
                "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            },
        }
        return self._dressed(
            {
                "type": "assistant",
                "message": message,
                "requestId": self._id("req_01"),
                "requestedModel": model,
                "promptCacheRequested": "5m",
                "effort": "medium",
            }
        )

    def _compact(self, trigger: str) -> Iterator[Row]:
        before, self._context = self._context, 0
        self._compactions += 1
        yield self._line(
            {
                "type": "system",
                "subtype": "compact_boundary",
                "compactMetadata": {"trigger": trigger, "preTokens": before, "postTokens": 12_000},
            }
        )
        yield self._line(
            {
                "type": "user",
                "isCompactSummary": True,
                "isVisibleInTranscriptOnly": True,
                "message": {"role": "user", "content": "This session is being continued."},
            }
        )
        self._context_growth = 12_000

    def _user(self, text: str, *, plain: bool = True) -> Row:
        fields: dict[str, Any] = {"type": "user", "message": {"role": "user", "content": text}}
        if plain:
            fields.update(promptId=self._uuid(), promptSource="typed", origin={"kind": "human"})
        return self._line(fields)

    def _line(self, fields: dict[str, Any]) -> Row:
        return Row(self._file, self._now, self._dressed(fields))

    def _meta(self, fields: dict[str, Any]) -> Row:
        return Row(self._file, self._now, {**fields, "sessionId": self._session})

    def _dressed(self, fields: dict[str, Any]) -> dict[str, Any]:
        """A row with the fields common to all rows."""
        uuid = self._uuid()
        row = {
            "parentUuid": self._parent,
            "isSidechain": False,
            **fields,
            "uuid": uuid,
            "timestamp": _utc(self._now),
            "userType": "external",
            "entrypoint": "cli",
            "cwd": self._sitting.project,
            "sessionId": self._session,
            "version": _VERSION,
            "gitBranch": self._sitting.branch,
        }
        self._parent = uuid
        return row


def _filled(step: Step, x: str) -> Step:
    """The step with its placeholder filled in."""

    def put(text: str) -> str:
        return text.replace("{x}", x)

    return step._replace(
        prompt=put(step.prompt),
        reads=tuple(map(put, step.reads)),
        edits=tuple(map(put, step.edits)),
        runs=tuple(map(put, step.runs)),
    )


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
