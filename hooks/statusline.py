"""`taximeter statusline`: a line for the bottom of Claude Code (docs/hooks.md); it costs no tokens.

The client's limits and cost are stored in the ledger, or in the spool if the ledger is busy or missing.
It never fails: whatever it cannot read is missing from the line. A status line that the user already had
(`--after COMMAND`) runs first, and its output stands above ours.
"""

import os
import time

from hooks.places import state_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence

OTHER_TIMEOUT_SECONDS = 5.0
_MARGINS = 4  # columns that the client keeps free beside the line; it cuts what is longer


def main(arguments: "Sequence[str]") -> int:
    """Print the line: `[--home DIR] [--refreshed] [--after COMMAND]`, the client's JSON on standard input; always 0."""
    before_main = time.process_time()
    started = time.perf_counter()
    from hooks.quick_json import read_input

    options = _read_arguments(arguments)
    home = state_home(options.get("--home"))
    raw = read_input() or b""
    other = _start_other(home, options.get("--after"))
    line = ""
    try:
        line = _line(home, raw, is_refreshed="--refreshed" in options)
    except Exception as error:  # noqa: BLE001 - a status line never fails
        _log(home, error)
    took = time.perf_counter() - started
    above = "" if other is None else _finish_other(home, other, raw)
    # Python would put the terminal's locale in between, and a locale without our characters would end in an error.
    lines = [text for text in (above, line) if text]
    if lines:
        os.write(1, "\n".join([*lines, ""]).encode("utf-8", "replace"))
    from hooks.health import note_fired

    note_fired(home, "statusline", (before_main + took) * 1000)
    return 0


def _read_arguments(arguments: "Sequence[str]") -> dict[str, str]:
    options, words = {}, list(arguments)
    while words:
        word = words.pop(0)
        if word in ("--home", "--after") and words:
            options[word] = words.pop(0)
        else:
            options[word] = ""
    return options


def _line(home: str, raw: bytes, *, is_refreshed: bool) -> str:
    from hooks.advice import due_nudges, mark_shown_in_line, read_advice, read_today
    from hooks.quick_json import decode_object, short_name
    from hooks.status_format import fill_format, status_format
    from hooks.status_sample import keep_sample
    from hooks.status_segments import segments

    now_ms = time.time_ns() // 1_000_000
    status = decode_object(raw)
    session_id = short_name(status.get("session_id"))
    advice: dict[str, object] = {}
    if session_id:
        try:
            keep_sample(home, session_id, status, now_ms)
        except Exception as error:  # noqa: BLE001 - the line is shown whatever becomes of the sample
            _log(home, error)
        advice = read_advice(home, session_id) | read_today(home)
    nudge = next(iter(due_nudges(advice, now_ms)), None)
    form = status_format(home)
    if nudge is not None and session_id and "{nudge}" in form:
        try:
            mark_shown_in_line(home, session_id, nudge, now_ms)
        except Exception as error:  # noqa: BLE001 - likewise
            _log(home, error)
    columns = os.environ.get("COLUMNS", "")
    return fill_format(
        form,
        segments(status, advice, str(nudge["text"]) if nudge is not None else "", now_ms, is_refreshed=is_refreshed),
        columns=max(1, int(columns) - _MARGINS) if columns.isdecimal() else None,
        colour=not os.environ.get("NO_COLOR"),
    )


def _start_other(home: str, command: str | None) -> "subprocess.Popen[bytes] | None":
    """Start the user's own status line command, to run in parallel."""
    if not command:
        return None
    # 8 ms of import, for those only who have another status line.
    import subprocess

    try:
        return subprocess.Popen(  # noqa: S602 - the user's own setting, run the way the client ran it
            command,
            shell=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        _log(home, error)
        return None


def _finish_other(home: str, other: "subprocess.Popen[bytes]", raw: bytes) -> str:
    """The output of the user's own status line; empty if it takes too long."""
    import subprocess

    try:
        printed, _ = other.communicate(raw, timeout=OTHER_TIMEOUT_SECONDS)
    except (subprocess.TimeoutExpired, OSError) as error:
        other.kill()
        _log(home, error)
        return ""
    return printed.decode("utf-8", "replace").rstrip("\n")


def _log(home: str, error: BaseException) -> None:
    from hooks.health import log_error

    log_error(home, "statusline", error)
