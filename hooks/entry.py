"""`taximeter hook EVENT`: hook entry point of Claude Code (docs/hooks.md).

Every event leaves one line in the spool. Only the synchronous message events may print, at most one JSON object: a
systemMessage, which the user sees and the model does not, or the block of a budget. Output of an asynchronous hook
would go into the next request and cost tokens, so those print nothing, ever. The exit code is 0 whatever happens: 2
would block the prompt, and at Stop force a paid turn.
"""

import os
import sys
import time

from hooks.places import event_and_home
from hooks.quick_json import decode_object, encode_flat, read_input, short_name, short_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MESSAGE_EVENTS = ("SessionStart", "UserPromptSubmit", "Stop")
# Events with new records to ingest; the others only announce something.
INGEST_EVENTS = ("SessionStart", "UserPromptSubmit", "Stop", "StopFailure", "SubagentStop", "SessionEnd")
SESSION_END_WAIT_SECONDS = 1.0


def main(arguments: "Sequence[str]") -> int:
    """Handle one event: `EVENT [--home DIR]`, payload on standard input; always 0."""
    before_main = time.process_time()
    started = time.perf_counter()
    event, home = event_and_home(arguments)
    try:
        if event == "ingest":
            from hooks.ingest import main as ingest

            return ingest(home, arguments)
        payload = _read_payload()
        _handle(home, event or short_name(payload.get("hook_event_name")) or "", payload)
    except Exception as error:  # noqa: BLE001 - a hook never fails, whatever it was that we did not foresee
        from hooks.health import log_error

        log_error(home, event or "hook", error)
    if event and event.isalpha():
        from hooks.health import note_fired

        note_fired(home, event, (before_main + time.perf_counter() - started) * 1000)
    return 0


def _read_payload() -> dict[str, object]:
    """The payload on standard input, or what the client's environment says if that cannot be read."""
    raw = read_input()  # None if it is too large
    return (raw and decode_object(raw)) or {"session_id": os.environ.get("CLAUDE_CODE_SESSION_ID")}


def _handle(home: str, event: str, payload: dict[str, object]) -> None:
    from hooks.spool import append

    now_ms = time.time_ns() // 1_000_000
    session_id = short_name(payload.get("session_id"))
    if session_id is not None and event in MESSAGE_EVENTS and not payload.get("agent_id"):
        _say(home, event, session_id, payload, now_ms)
    append(
        home,
        {
            "event": event,
            "at": now_ms,
            "session_id": session_id,
            "transcript_path": short_path(payload.get("transcript_path")),
            "source": short_name(payload.get("source")),
        },
    )
    if event in INGEST_EVENTS:
        from hooks.background import start_ingest

        start_ingest(home, wait_seconds=SESSION_END_WAIT_SECONDS if event == "SessionEnd" else 0.0)


def _say(home: str, event: str, session_id: str, payload: dict[str, object], now_ms: int) -> None:
    """Print the block, or the first nudge that is due and not shown yet."""
    from hooks.advice import block_reason, read_advice, show_due

    advice = read_advice(home, session_id)
    if not advice:
        return
    if event == "UserPromptSubmit":
        reason = block_reason(home, advice, now_ms)
        if reason is not None:
            _print({"decision": "block", "reason": reason})
            return
    if payload.get("source") == "compact":
        return  # the advice is from before the compaction that has just ended
    show_due(home, session_id, advice, now_ms, event, lambda text: _print({"systemMessage": text}))


def _print(answer: dict[str, str]) -> None:
    sys.stdout.write(encode_flat(answer) + "\n")
    sys.stdout.flush()
