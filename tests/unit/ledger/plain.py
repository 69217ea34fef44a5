"""Plain transcript lines with one oddity at a time; every call of them is priced by hand below."""

import json
from pathlib import Path
from typing import Any

from .captured import Tokens, as_reported

SESSION = "0a1b2c3d-0000-4000-8000-000000000001"
OTHER = "0a1b2c3d-0000-4000-8000-000000000002"
FILE = f"-home-dev-app/{SESSION}.jsonl"
OTHER_FILE = f"-home-dev-app/{OTHER}.jsonl"
MODEL = "claude-opus-5-5"
TOKENS = Tokens(input=10, cache_read=1000, write_5m=100, write_1h=0, output=50)
# 10 x 4000 + 1000 x 200 + 100 x 5000 + 50 x 20000 nano-dollars
COST = 1_740_000


def usage(**changes: Any) -> dict[str, Any]:
    """TOKENS as the API reports them, with changes; a change to `...` leaves a key out."""
    return {key: value for key, value in (as_reported(TOKENS) | changes).items() if value is not ...}


def answer(
    number: int, session: str = SESSION, *, message: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    """The line of call `number`: ids from the number, one second apart. `message` and `changes` replace fields."""
    inner = {
        "id": f"msg_{number}",
        "model": MODEL,
        "role": "assistant",
        "content": [{"type": "text", "text": "done"}],
        "stop_reason": "end_turn",
        "usage": usage(),
        **(message or {}),
    }
    line = {
        "type": "assistant",
        "uuid": f"answer-{session[-1]}-{number}",
        "isSidechain": False,
        "sessionId": session,
        "timestamp": at(number),
        "requestId": f"req_{number}",
        "version": "2.1.329",
        "cwd": "/home/dev/app",
        "message": inner,
        **changes,
    }
    return {key: value for key, value in line.items() if value is not ...}


def prompt(
    text: str = "please mend the parser", session: str = SESSION, second: int = 0, **changes: Any
) -> dict[str, Any]:
    """A line that the user typed."""
    return {
        "type": "user",
        "uuid": f"prompt-{session[-1]}-{second}",
        "sessionId": session,
        "timestamp": at(second),
        "cwd": "/home/dev/app",
        "message": {"role": "user", "content": text},
        **changes,
    }


def at(second: int) -> str:
    """The time of a line, counted in seconds from noon of 20 November 2026, UTC."""
    return f"2026-11-20T{12 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000Z"


def encoded(*lines: dict[str, Any]) -> bytes:
    """Lines as a transcript has them."""
    return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)


def session_of(count: int, session: str = SESSION, first: int = 1) -> bytes:
    """A prompt and `count` plain calls numbered from `first`."""
    return encoded(prompt(session=session), *(answer(number, session) for number in range(first, first + count)))


def healthy_neighbour(root: Path) -> None:
    """A second file with one good call, number 100: what is wrong with another file must not cost it."""
    path = root / "projects" / OTHER_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(session_of(1, OTHER, first=100))


def progress(second: int, started_by: str) -> dict[str, Any]:
    """An answer of a subagent's as older clients record it, with the tool use that started the subagent."""
    ran = {
        "type": "assistant",
        "timestamp": at(second),
        "message": answer(second)["message"],
        "requestId": f"req_{second}",
    }
    return {
        "type": "progress",
        "sessionId": SESSION,
        "timestamp": at(second),
        "parentToolUseID": started_by,
        "data": {"type": "agent_progress", "agentId": "ab1", "message": ran},
    }
