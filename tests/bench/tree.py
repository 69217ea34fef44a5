"""Writes a tree of invented transcripts whose statistics are those of real ones.

Counted over eight published sessions (16 MB): how often each kind of line comes per model call, how long such lines
are (median and 90th percentile, a log-normal between them), how many lines a call has, how its output grows between
them. A session is 2 MB in the median; some have subagents with files of their own, and some are forks that repeat the
history of another (one call in twenty stands in several files, counted over 2,628 sessions).
It is the same tree each time.
"""

import json
import math
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

MEDIAN_SESSION_BYTES = 2_000_000
_START_MS = 1_790_000_000_000  # 21 September 2026
_SPAN_MS = 60 * 86_400_000
_SHARE_WITH_AGENTS, _SHARE_OF_FORKS = 0.3, 0.09
_MODELS = (("claude-opus-5-5", 0.6), ("claude-sonnet-5-5", 0.25), ("claude-haiku-4-5-20251001", 0.15))
_TOOLS = ("Read", "Bash", "Edit", "Grep", "Glob", "Write", "TodoWrite")


class Length(NamedTuple):
    """How long the text of a line is: its median and its 90th percentile, in characters."""

    median: int
    ninetieth: int


# Lengths of the texts alone; the fields around them add 350 to 800 bytes.
_PROMPT, _ANSWER, _THOUGHT = Length(150, 4000), Length(220, 800), Length(1100, 4400)
_ASKED, _RESULT, _ATTACHED = Length(300, 1500), Length(700, 8000), Length(150, 1900)
_BASH_OUTPUT, _AGENT_MESSAGE, _SNAPSHOT = Length(250, 1100), Length(2000, 40_000), Length(500, 1100)
# Lines of other kinds per call.
_PER_CALL = {
    "bash_progress": 0.51,
    "hook_progress": 0.14,
    "agent_progress": 0.07,
    "attachment": 0.07,
    "snapshot": 0.075,
    "queue": 0.085,
    "bookkeeping": 0.19,
}


class TreeFacts(NamedTuple):
    """What was written."""

    files: int
    bytes: int
    calls: int  # different ones


def write_tree(root: Path, megabytes: float) -> TreeFacts:
    """Write about `megabytes` (of 10^6 bytes) of transcripts below `root/projects`."""
    pick = random.Random(1)
    text = _Text(pick)
    files = written = calls = 0
    projects = [f"-home-dev-project-{number}" for number in range(12)]
    last: Path | None = None
    while written < megabytes * 1e6:
        size = min(
            int(MEDIAN_SESSION_BYTES * math.exp(pick.gauss(0, 0.9))),
            24_000_000,
            int(megabytes * 1e6 - written) + 20_000,
        )
        session = _Session(pick, text)
        folder = root / "projects" / pick.choice(projects)
        path = folder / f"{session.id}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        copied = _forked_history(last, session.id, size) if last and pick.random() < _SHARE_OF_FORKS else []
        lines = [*copied, *session.lines(size - sum(map(len, copied)))]
        path.write_bytes(b"".join(lines))
        files, written, calls = files + 1, written + path.stat().st_size, calls + session.calls
        if pick.random() < _SHARE_WITH_AGENTS:
            for _ in range(pick.randint(1, 3)):
                agent = _Session(pick, text, parent=session.id)
                own = folder / session.id / "subagents" / f"agent-{agent.agent}.jsonl"
                own.parent.mkdir(parents=True, exist_ok=True)
                own.write_bytes(b"".join(agent.lines(int(200_000 * math.exp(pick.gauss(0, 0.7))))))
                files, written, calls = files + 1, written + own.stat().st_size, calls + agent.calls
        last = path
    return TreeFacts(files, written, calls)


def _forked_history(origin: Path, session: str, size: int) -> list[bytes]:
    """The lines that a fork repeats: its origin's under the fork's id, the origin named on each answer."""
    old = origin.stem
    lines: list[bytes] = []
    for line in origin.read_bytes().splitlines(keepends=True):
        size -= len(line)
        if size < 0:
            break
        moved = line.replace(b'"sessionId":"%s"' % old.encode(), b'"sessionId":"%s"' % session.encode())
        if b'"type":"assistant"' in line:
            moved = moved[:-2] + b',"requestSessionId":"%s"}\n' % old.encode()
        lines.append(moved)
    return lines


class _Text:
    """Words to cut texts of any length from: prose, code, quotes, line ends, and a little that is no ASCII."""

    def __init__(self, pick: random.Random) -> None:
        letters = "etaoinshrdlucmfwypvbgkjqxz"
        words = ["".join(pick.choices(letters, k=pick.randint(1, 11))) for _ in range(3000)]
        words += ["\n    ", "\n", "return ", "def ", '"', " = ", "(", ")", "\t", "→", "é", "{", "}", "\\n", "# "] * 60
        self._text = " ".join(pick.choices(words, k=400_000))
        self._base64 = "".join(
            pick.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=200_000)
        )
        self._pick = pick

    def cut(self, length: Length, most: int = 200_000) -> str:
        """A text of a length drawn from its distribution."""
        return self._slice(self._text, self._draw(length, most))

    def signature(self, length: Length) -> str:
        """A signature, which is one long word."""
        return self._slice(self._base64, self._draw(length, 50_000))

    def _draw(self, length: Length, most: int) -> int:
        spread = math.log(length.ninetieth / length.median) / 1.2816
        return min(int(length.median * math.exp(self._pick.gauss(0, spread))), most)

    def _slice(self, source: str, length: int) -> str:
        start = self._pick.randrange(max(1, len(source) - length))
        return source[start : start + length]


class _Session:
    """One session, or one subagent of `parent`."""

    def __init__(self, pick: random.Random, text: _Text, parent: str | None = None) -> None:
        self._pick = pick
        self._text = text
        self.agent = f"a{pick.getrandbits(64):016x}" if parent else None
        self.id = parent or self._uuid()
        self.calls = 0
        self._now = _START_MS + pick.randrange(_SPAN_MS)
        self._last: str | None = None
        self._model = pick.choices([model for model, _ in _MODELS], [share for _, share in _MODELS])[0]
        # Half of the sessions are of clients that write lines before the output is counted.
        self._counts_late = pick.random() < 0.5
        self._common = {
            "userType": "external",
            "entrypoint": "cli",
            "cwd": "/home/dev/project",
            "sessionId": self.id,
            "version": "2.1.49" if self._counts_late else "2.1.197",
            "gitBranch": pick.choice(("main", "feat/meter", "fix/parser")),
            "isSidechain": parent is not None,
            **({"agentId": self.agent} if parent else {}),
        }
        self._context = pick.randint(12_000, 30_000)

    def lines(self, size: int) -> list[bytes]:
        """Turns until `size` bytes are reached."""
        made: list[bytes] = []
        while size > 0:
            turn = [*self._turn()]
            size -= sum(map(len, turn))
            made += turn
        return made

    def _turn(self) -> list[bytes]:
        made = [
            self._line(
                {
                    "type": "user",
                    "promptId": self._uuid(),
                    "message": {"role": "user", "content": self._text.cut(_PROMPT)},
                }
            )
        ]
        for _ in range(min(1 + int(self._pick.expovariate(1 / 11)), 80)):
            made += self._call()
            for kind, share in _PER_CALL.items():
                if self._pick.random() < share:
                    made.append(self._other(kind))
        self._now += self._pick.randint(10_000, 1_500_000)
        return made

    def _call(self) -> list[bytes]:
        pick = self._pick
        self.calls += 1
        self._now += pick.randint(2000, 20_000)
        blocks: list[dict[str, Any]] = []
        if pick.random() < 0.48:
            blocks.append(
                {
                    "type": "thinking",
                    "thinking": self._text.cut(_THOUGHT),
                    "signature": self._text.signature(Length(500, 1200)),
                }
            )
        if pick.random() < 0.47:
            blocks.append({"type": "text", "text": self._text.cut(_ANSWER)})
        tools = pick.choices((0, 1, 2, 3), (0.1, 0.8, 0.07, 0.03))[0] if blocks else 1
        blocks += [self._tool_use() for _ in range(tools)]
        message = f"msg_01{pick.getrandbits(96):024x}"
        request = f"req_011{pick.getrandbits(96):024x}"
        fresh, written, output = pick.randint(1, 12), pick.randint(100, 6000), pick.randint(60, 1500)
        made = []
        for index, block in enumerate(blocks):
            known = output if index == len(blocks) - 1 or not self._counts_late else pick.randint(1, 8)
            usage = {
                "input_tokens": fresh,
                "cache_creation_input_tokens": written,
                "cache_read_input_tokens": self._context,
                "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
                "output_tokens": known,
                "service_tier": "standard",
                "inference_geo": "not_available",
            }
            inner = {
                "model": self._model,
                "id": message,
                "type": "message",
                "role": "assistant",
                "content": [block],
                "stop_reason": ("tool_use" if tools else "end_turn") if known == output else None,
                "stop_sequence": None,
                "usage": usage,
            }
            made.append(self._line({"message": inner, "requestId": request, "type": "assistant"}))
        self._context = (
            min(self._context + written, 180_000) if self._context < 180_000 else pick.randint(12_000, 30_000)
        )
        made += [self._result(block["id"]) for block in blocks if block["type"] == "tool_use"]
        return made

    def _tool_use(self) -> dict[str, Any]:
        name = self._pick.choice(_TOOLS)
        given = {
            "Bash": {"command": self._text.cut(_ASKED), "description": self._text.cut(Length(40, 60))},
            "TodoWrite": {
                "todos": [{"content": self._text.cut(Length(40, 80)), "status": "pending"} for _ in range(4)]
            },
        }.get(
            name,
            {
                "file_path": "/home/dev/project/src/parser.py",
                "old_string": self._text.cut(_ASKED),
                "new_string": self._text.cut(_ASKED),
            },
        )
        return {"type": "tool_use", "id": f"toolu_01{self._pick.getrandbits(88):022x}", "name": name, "input": given}

    def _result(self, tool: str) -> bytes:
        """A tool's result stands twice on its line: as the model sees it and as the client keeps it."""
        text = self._text.cut(_RESULT, 100_000)
        block = {"tool_use_id": tool, "type": "tool_result", "content": text, "is_error": self._pick.random() < 0.05}
        kept = {"stdout": text, "stderr": "", "interrupted": False, "isImage": False}
        self._now += self._pick.randint(20, 4000)
        return self._line({"type": "user", "message": {"role": "user", "content": [block]}, "toolUseResult": kept})

    def _other(self, kind: str) -> bytes:
        if kind == "bash_progress":
            output = self._text.cut(_BASH_OUTPUT)
            return self._line(
                {
                    "type": "progress",
                    "data": {"type": kind, "output": output, "elapsedTimeSeconds": 3, "totalLines": 8},
                    "toolUseID": "bash-progress-1",
                }
            )
        if kind == "hook_progress":
            return self._line(
                {
                    "type": "progress",
                    "data": {
                        "type": kind,
                        "hookEvent": "PostToolUse",
                        "hookName": "PostToolUse:Edit",
                        "command": "make lint",
                    },
                }
            )
        if kind == "agent_progress":
            content = [{"type": "tool_result", "tool_use_id": "toolu_x", "content": self._text.cut(_AGENT_MESSAGE)}]
            inner = {
                "type": "user",
                "message": {"role": "user", "content": content},
                "uuid": self._uuid(),
                "timestamp": self._time(),
            }
            return self._line(
                {"type": "progress", "data": {"type": kind, "agentId": "b1", "prompt": "", "message": inner}}
            )
        if kind == "attachment":
            return self._line(
                {"type": "attachment", "attachment": {"type": "edited_text_file", "snippet": self._text.cut(_ATTACHED)}}
            )
        if kind == "snapshot":
            return _encoded(
                {
                    "type": "file-history-snapshot",
                    "messageId": self._uuid(),
                    "snapshot": {"trackedFileBackups": {self._text.cut(_SNAPSHOT): {}}, "timestamp": self._time()},
                    "isSnapshotUpdate": True,
                }
            )
        if kind == "queue":
            return _encoded(
                {
                    "type": "queue-operation",
                    "operation": "enqueue",
                    "timestamp": self._time(),
                    "content": self._text.cut(Length(30, 200)),
                    "sessionId": self.id,
                }
            )
        return _encoded({"type": "last-prompt", "lastPrompt": self._text.cut(Length(150, 200)), "sessionId": self.id})

    def _line(self, own: dict[str, Any]) -> bytes:
        uuid = self._uuid()
        line = {"parentUuid": self._last, **self._common, **own, "uuid": uuid, "timestamp": self._time()}
        self._last = uuid
        return _encoded(line)

    def _time(self) -> str:
        self._now += self._pick.randint(1, 400)
        return datetime.fromtimestamp(self._now / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _uuid(self) -> str:
        return str(UUID(int=self._pick.getrandbits(128), version=4))


def _encoded(line: dict[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
