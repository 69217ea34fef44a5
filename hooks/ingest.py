"""`hook ingest`: takes in what the agents have written, in the background, for as long as hooks ask for it.

A transcript's last line may follow its Stop event by a tenth of a second (CLAUDE_CODE section 4), so files are looked
at again for LINGER_SECONDS. One such process runs at a time, and none beside a watcher.
"""

import os
import time
from collections.abc import Sequence, Set
from pathlib import Path

from hooks.health import log_error, log_line
from hooks.spool_reader import Drained, ReaderLock, drained, is_empty

LINGER_SECONDS = 1.5
_LOOK_EVERY_SECONDS = 0.1
_LOCK_WAIT_SECONDS = 0.3
_POLITENESS = 5


def main(home: str, arguments: Sequence[str]) -> int:
    """Take in until the spool stays empty; `--done FD` names a pipe to close after the first pass. Always 0."""
    words = list(arguments)
    done = int(words[words.index("--done") + 1]) if "--done" in words else None
    os.environ["TAXIMETER_HOME"] = home
    os.nice(_POLITENESS)
    lock = ReaderLock(home)
    try:
        # A hook that looks at the empty spool while this process is about to end starts none of its own: look again.
        while lock.acquire(_LOCK_WAIT_SECONDS):
            transcripts = _take_in(home)
            if done is not None:
                os.close(done)
                done = None
            _linger(home, transcripts)
            lock.release()
            if is_empty(home):
                break
    except Exception as error:  # noqa: BLE001 - nobody is there to read a traceback: it goes to the log
        log_error(home, "ingest", error)
    return 0


def _linger(home: str, transcripts: Set[str]) -> None:
    sizes = {path: _size(path) for path in transcripts}
    end = time.monotonic() + LINGER_SECONDS
    while time.monotonic() < end:
        time.sleep(_LOOK_EVERY_SECONDS)
        if is_empty(home) and all(_size(path) == size for path, size in sizes.items()):
            continue
        asked = not is_empty(home)
        transcripts = _take_in(home, transcripts)
        sizes = {path: _size(path) for path in transcripts}
        if asked:
            end = time.monotonic() + LINGER_SECONDS


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return -1


def _take_in(home: str, known: Set[str] = frozenset()) -> Set[str]:
    """One pass over the folders that the events name; returns the transcripts named until now."""
    from store.samples import put_samples
    from tracker.cli.common import Settings
    from tracker.cli.sync import take_in

    with drained(home) as taken:
        transcripts = known | {event.transcript_path for event in taken.events if event.transcript_path}
        settings = Settings()
        settings.add_dirs(_folders(transcripts), [])
        db, report = take_in(settings, workers=0)
        try:
            put_samples(db, taken.samples)
        finally:
            db.close()
        _report(home, taken, report.problems)
    return transcripts


def _folders(transcripts: Set[str]) -> list[Path]:
    """The Claude Code folders of `<folder>/projects/<slug>/<session>.jsonl`; none if the files do not lie so."""
    folders = set()
    for path in transcripts:
        projects = Path(path).parent.parent
        if projects.name == "projects" and projects.is_dir():
            folders.add(projects.parent)
    return sorted(folders)


def _report(home: str, taken: Drained, problems: list[str]) -> None:
    for problem in problems:
        log_line(home, f"ingest: cannot read {problem}")
    if taken.bad_lines:
        log_line(home, f"ingest: {taken.bad_lines} lines of the spool could not be read")
