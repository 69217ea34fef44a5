"""Hook entry point of Cline (docs/cline.md): writes a spool line, starts an ingest, shows at most one nudge.

Only the classic generation shows what a hook prints: each line of standard error becomes a row of the chat, which the
model never gets. Standard output is read as a decision about the task, so the only thing that goes there is an answer
without a decision; without any, the classic extension shows the hook as running for ever. The newer generation shows
no output, and adds some of it to the prompt: there nothing is printed. No event is ever cancelled, not even by a
budget: a headless run that is cancelled by a hook hangs. The exit code is 0 whatever happens.
"""

import sys
import time

from hooks.places import event_and_home
from hooks.quick_json import decode_object, read_input, short_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# Events that end a turn or a session: there are records to ingest.
INGEST_EVENTS = ("TaskComplete", "TaskCancel", "TaskError", "SessionShutdown")
# Events at which the classic generation can show a nudge, with the name that advice uses for that moment.
ADVICE_EVENTS = {"TaskResume": "SessionStart", "UserPromptSubmit": "UserPromptSubmit", "TaskComplete": "Stop"}
FIRED_PREFIX = "cline-"
NO_DECISION = '{"errorMessage":" "}'


def main(arguments: "Sequence[str]") -> int:
    """Handle one event: `EVENT [--home DIR]`, payload on standard input; always 0."""
    before_main = time.process_time()
    started = time.perf_counter()
    event, home = event_and_home(arguments)
    try:
        _handle(home, event, decode_object(read_input() or b""))
    except Exception as error:  # noqa: BLE001 - a hook never fails, whatever it was that we did not foresee
        from hooks.health import log_error

        log_error(home, FIRED_PREFIX + event, error)
    if event.isalpha():
        from hooks.health import note_fired

        note_fired(home, FIRED_PREFIX + event, (before_main + time.perf_counter() - started) * 1000)
    return 0


def _handle(home: str, event: str, payload: "dict[str, object]") -> None:
    from hooks.spool import append

    now_ms = time.time_ns() // 1_000_000
    session_id, is_classic = _session(payload)
    try:
        if is_classic and session_id is not None and event in ADVICE_EVENTS:
            from hooks.advice import read_advice, show_due

            show_due(home, session_id, read_advice(home, session_id), now_ms, ADVICE_EVENTS[event], _print)
        append(home, {"event": event, "agent": "cline", "at": now_ms, "session_id": session_id})
        if event in INGEST_EVENTS:
            from hooks.background import start_ingest

            start_ingest(home, wait_seconds=0.0)
    finally:
        if is_classic:
            print(NO_DECISION, flush=True)


def _session(payload: "dict[str, object]") -> "tuple[str | None, bool]":
    """The event's session (None if the payload does not tell), and whether it is a classic task.

    The newer generation gives it along with a generated id; the new extension gives only the generated one.
    """
    context = payload.get("sessionContext")
    if isinstance(context, dict):
        return short_name(context.get("rootSessionId")), False
    task_id = short_name(payload.get("taskId"))
    if task_id is None or not task_id.isdigit():
        return None, False
    return task_id, True


def _print(text: str) -> None:
    sys.stderr.write(" ".join(text.split()) + "\n")
    sys.stderr.flush()
