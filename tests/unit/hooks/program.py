"""Runs what agents run: the launcher in a fresh interpreter, with the recorded flags and nothing of this process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hooks.spool_reader import ReaderLock

ROOT = Path(__file__).parents[3]
LAUNCHER = ROOT / "taximeter.py"
DATA = ROOT / "tests" / "data" / "hooks"
FAR_FUTURE_MS = 10**14
NUDGE_TEXT = "taximeter: compact now, saves about $1.20 (pays back in 6 turns)"


def payloads(name: str) -> list[dict[str, Any]]:
    """What the client sent, from a file of tests/data/hooks."""
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


EVENTS = payloads("events.jsonl")
STATUSES = payloads("statusline.jsonl")
SUBSCRIBER = next(sample for sample in STATUSES if "rate_limits" in sample)


def payload_of(event: str, **changes: Any) -> dict[str, Any]:
    """The first sample of an event."""
    return {**next(sample for sample in EVENTS if sample["hook_event_name"] == event), **changes}


def environment(home: Path | str, variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment with nothing in it but the way to programs and the state folder."""
    return {"PATH": os.defpath, "TAXIMETER_HOME": str(home), "HOME": os.environ["HOME"], **(variables or {})}


def run(
    arguments: Sequence[str],
    payload: Mapping[str, Any] | bytes,
    home: Path | str,
    *,
    flags: Sequence[str] = ("-I", "-S"),
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run `taximeter ARGUMENTS` with a payload on standard input."""
    return subprocess.run(
        [sys.executable, *flags, str(LAUNCHER), *arguments],
        input=payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
        capture_output=True,
        env=environment(home, variables),
        cwd=folder,
        timeout=60,
        check=False,
    )


def run_hook(
    payload: Mapping[str, Any], home: Path | str, event: str | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `taximeter hook EVENT`, the event being the payload's own unless another is given."""
    return run(["hook", event or payload["hook_event_name"]], payload, home)


def spool_lines(home: Path) -> list[dict[str, Any]]:
    """The lines that wait in the spool."""
    path = home / "spool" / "events.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def wait_until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    """Look again and again; AssertionError after so many seconds."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


def wait_for_rest(home: Path) -> None:
    """Until the background process has gone."""
    lock = ReaderLock(str(home))
    wait_until(lock.acquire)
    lock.release()


def shown(home: Path, status: dict[str, Any] | bytes = SUBSCRIBER, *options: str, no_color: str = "1") -> str:
    """What the status line prints."""
    done = run(["statusline", *options], status, home, variables={"NO_COLOR": no_color})
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode()
