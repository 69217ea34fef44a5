"""What hooks record about themselves: errors in a bounded log, and when each last ran and how long it took.

Nothing here raises: a hook that cannot write about its trouble stays silent.
"""

import os
import time

from hooks.places import LOG_FOLDER
from hooks.spool import open_private

LOG_NAME = "hook.log"
FIRED_FOLDER = "fired"
MAX_LOG_BYTES = 64 << 10


def log_error(home: str, where: str, error: BaseException, words: str | None = None) -> None:
    """Log one line: time, hook, error, the place in our code, and `words` on it; never the hook's payload."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    said = error.strerror if isinstance(error, OSError) else words
    log_line(home, f"{where} {type(error).__name__} {place} {said or ''}".rstrip())


def log_line(home: str, line: str) -> None:
    """Append a line with the time to the log, which is rotated when it has grown too long."""
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {line}"
    try:
        path = os.path.join(home, LOG_FOLDER, LOG_NAME)
        descriptor = open_private(path, os.O_WRONLY | os.O_APPEND)
        try:
            os.write(descriptor, line.replace("\n", " ")[:500].encode("utf-8", "replace") + b"\n")
            if os.fstat(descriptor).st_size > MAX_LOG_BYTES:
                os.replace(path, f"{path}.old")
        finally:
            os.close(descriptor)
    except OSError:
        pass


def note_fired(home: str, name: str, milliseconds: float) -> None:
    """Record that a hook ran just now and how long it took, including interpreter start."""
    record = f"{time.time_ns() // 1_000_000:15d} {milliseconds:10.1f}\n".encode()
    try:
        descriptor = open_private(os.path.join(home, LOG_FOLDER, FIRED_FOLDER, name), os.O_WRONLY)
        try:
            os.write(descriptor, record)  # always the same length: a reader never sees half of it
        finally:
            os.close(descriptor)
    except OSError:
        pass
