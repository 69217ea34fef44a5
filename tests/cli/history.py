"""Transcripts of many days: one session a day, so that plans, budgets and what-ifs have a history to work on."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)  # a Saturday
DOLLAR = 50_000  # output tokens of claude-opus-5-5


def last_days(count: int, usd: float = 6.0, *, hour: int = 9) -> dict[datetime, int]:
    """Working days up to yesterday, the way write_history takes them."""
    now = NOW.replace(hour=hour)
    moments = [now - timedelta(days=back) for back in range(1, count + 1)]
    return {moment: int(usd * DOLLAR) for moment in moments if moment.weekday() < 5}


def write_history(
    root: Path,
    output_tokens: Mapping[datetime, int],
    *,
    model: str = "claude-opus-5-5",
    project: str = "/home/dev/app",
    first: int = 0,
    words: str = "please mend part",
    entrypoint: str = "cli",
    **usage: Any,
) -> Path:
    """One session with two calls at each moment; the output of the two together is `output_tokens`.

    At claude-opus-5-5's price a million output tokens are $20: 50,000 are a dollar. `usage` replaces token fields.
    Sessions are numbered from `first`; each prompt is `words` and its number.
    """
    for number, (moment, output) in enumerate(sorted(output_tokens.items()), first):
        session = f"{number:08d}-0000-4000-8000-000000000000"
        lines: list[dict[str, Any]] = [
            {
                "type": "user",
                "uuid": f"prompt-{number}",
                "sessionId": session,
                "timestamp": _stamp(moment),
                "cwd": project,
                "entrypoint": entrypoint,
                "message": {"role": "user", "content": f"{words} {number}"},
            }
        ]
        for part in (0, 1):
            said = {"input_tokens": 0, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
            message = {
                "id": f"msg_{number}_{part}",
                "role": "assistant",
                "model": model,
                "content": [{"type": "text", "text": "done"}],
                "stop_reason": "end_turn",
                "usage": {**said, "output_tokens": output // 2, **usage},
            }
            line = {
                "type": "assistant",
                "uuid": f"answer-{number}-{part}",
                "sessionId": session,
                "timestamp": _stamp(moment + timedelta(minutes=1 + part)),
                "requestId": f"req_{number}_{part}",
                "cwd": project,
                "version": "2.1.329",
                "entrypoint": entrypoint,
                "message": message,
            }
            lines.append(line)
        folder = root / "projects" / project.replace("/", "-")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{session}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return root


def of_an_old_client(root: Path) -> None:
    """Rewrite the sessions as a client would have that recorded only the start of each answer's output."""
    for path in root.rglob("*.jsonl"):
        text = path.read_text().replace('"version": "2.1.329"', '"version": "2.1.39"')
        path.write_text(text.replace('"stop_reason": "end_turn"', '"stop_reason": null'))


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
