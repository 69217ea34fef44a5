"""Writes Claude Code transcripts line by line, with a prompt cache that behaves: what was sent before is read again."""

import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.unit.ledger.captured import Tokens, as_reported

START_MS = 1_795_000_000_000
OPUS = "claude-opus-4-5-20251101"  # 5 / 25 / 6.25 / 10 / 0.50 $ per million tokens, a window of 200k
STATIC_TOKENS = 15_000


class Transcript:
    """One session's file; times move on with every line."""

    def __init__(
        self,
        claude_dir: Path,
        *,
        session: str | None = None,
        project: str = "/home/dev/shop",
        start_ms: int = START_MS,
        model: str = OPUS,
        one_hour: bool = False,
        caches: bool = True,
        on_plan: bool = False,
        entrypoint: str = "cli",
        teammate: str | None = None,
    ) -> None:
        self.session = session or str(uuid.uuid4())
        self.project = project
        self.now = start_ms
        self.model = model
        self.path = claude_dir / "projects" / project.replace("/", "-") / f"{self.session}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._one_hour, self._on_plan, self._entrypoint = one_hour, on_plan, entrypoint
        self._team = {"teamName": "crew", "agentName": teammate} if teammate else {}
        self._caches = caches
        self._cached = 0
        self._last: str | None = None
        self._asked: list[str] = []
        self.calls = 0

    def wait(self, seconds: float) -> "Transcript":
        """Let time pass."""
        self.now += int(seconds * 1000)
        return self

    def prompt(self, text: str) -> "Transcript":
        """The user types."""
        self.wait(5)
        line = {"promptId": str(uuid.uuid4()), "promptSource": "typed", "message": {"role": "user", "content": text}}
        self._write("user", **line)
        return self

    def call(
        self,
        context: int,
        *tools: tuple[str, dict[str, Any]],
        output: int = 500,
        text: str = "Well.",
        cold: bool = False,
        read: int | None = None,
        says_why: bool = True,
    ) -> "Transcript":
        """One answer of the model to a prompt of `context` tokens; with tools the turn goes on.

        `says_why`: the client writes why the answer stopped, as older ones do not.
        """
        self.wait(8)
        self.calls += 1
        kept = 0 if cold and not self._cached else STATIC_TOKENS if cold else min(self._cached, context)
        reading = kept if read is None else read
        writing = context - reading
        number = f"{self.calls:04d}{self.session.replace('-', '')[:16]}"
        self._asked = [f"toolu_{number}_{index}" for index in range(len(tools))]
        content: list[dict[str, Any]] = [{"type": "text", "text": text}]
        for name, given in zip(self._asked, tools, strict=True):
            content.append({"type": "tool_use", "id": name, "name": given[0], "input": given[1]})
        writes = (0, writing) if self._one_hour else (writing, 0)
        prompt = (0, reading, *writes) if self._caches else (context, 0, 0, 0)
        usage = as_reported(Tokens(*prompt, output)) | {"service_tier": "standard", "speed": "standard"}
        message = {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": None if not says_why else "tool_use" if tools else "end_turn",
            "usage": usage,
        }
        self._write(
            "assistant",
            message=message,
            requestId=f"req_{number}",
            promptCacheRequested="1h" if self._on_plan else "5m",
        )
        self._cached = context
        return self

    def results(self, *texts: str, is_error: bool = False) -> "Transcript":
        """What the tools of the last call returned, in their order."""
        self.wait(2)
        content = [
            {"type": "tool_result", "tool_use_id": name, "content": text, "is_error": is_error}
            for name, text in zip(self._asked, texts, strict=True)
        ]
        self._write("user", message={"role": "user", "content": content})
        return self

    def tool_turns(self, contexts: list[int], **options: Any) -> "Transcript":
        """Calls of one turn, each but the last with a tool."""
        for context in contexts[:-1]:
            self.call(context, ("Bash", {"command": "ls"}), **options).results("ok")
        return self.call(contexts[-1], **options)

    def compact(self, before: int, after: int, *, trigger: str = "manual") -> "Transcript":
        """A compaction; the cache holds nothing of the new context but the static block."""
        self.wait(20)
        sizes = {"trigger": trigger, "preTokens": before, "postTokens": after}
        self._write("system", subtype="compact_boundary", compactMetadata=sizes)
        summary = {"role": "user", "content": "This session is continued."}
        self._write("user", message=summary, isCompactSummary=True, isVisibleInTranscriptOnly=True)
        self._cached = STATIC_TOKENS
        return self

    def interrupt(self) -> "Transcript":
        """Escape."""
        self._write(
            "user", message={"role": "user", "content": [{"type": "text", "text": "[Request interrupted by user]"}]}
        )
        return self

    def _write(self, kind: str, **fields: Any) -> None:
        name = str(uuid.uuid4())
        at = datetime.fromtimestamp(self.now / 1000, UTC).isoformat(timespec="milliseconds")
        row = {
            "parentUuid": self._last,
            "isSidechain": False,
            "type": kind,
            "uuid": name,
            "timestamp": at.replace("+00:00", "Z"),
            "cwd": self.project,
            "sessionId": self.session,
            "version": "2.1.329",
            "gitBranch": "main",
            "entrypoint": self._entrypoint,
            "userType": "external",
            **self._team,
            **fields,
        }
        self._last = name
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
