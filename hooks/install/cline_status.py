"""Status of the installation in Cline: what is installed, whether it still works, when hooks and plugin last ran."""

import sys
from pathlib import Path
from typing import NamedTuple

from hooks.cline.entry import FIRED_PREFIX
from hooks.install.cline import installed_files
from hooks.install.cline_files import Targets, is_ours, wanted_files
from hooks.install.commands import Program
from hooks.install.last_runs import LastRun, last_runs
from hooks.install.settings_file import sha256_of
from hooks.places import launcher
from tracker.sources.cline.live_rows import rows_folder

INSTALLED, MISSING, FOREIGN, OUTDATED, CHANGED = "installed", "missing", "not ours", "outdated", "changed by hand"


class FileStatus(NamedTuple):
    """One of our files and its state."""

    path: Path
    what: str
    state: str


class ClineStatus(NamedTuple):
    """Everything that `taximeter status cline` reports; field names are those of the JSON form."""

    files: tuple[FileStatus, ...]
    fired: dict[str, LastRun]  # by event
    last_row_at_ms: int | None  # when a plugin wrote last
    problems: tuple[str, ...]


def cline_status(where: Targets, home: Path) -> ClineStatus:
    """Inspect the files in these places and what they recorded in the state folder; changes nothing."""
    program = Program(sys.executable, launcher(), str(home.absolute()))
    known = installed_files(home)
    files = tuple(
        FileStatus(file.path, file.what, _state(file.path, file.content, known))
        for file in wanted_files(where, program)
    )
    fired = {
        name.removeprefix(FIRED_PREFIX): run
        for name, run in last_runs(str(home)).items()
        if name.startswith(FIRED_PREFIX)
    }
    problems = [
        f"{file.path} is {file.state} (run: taximeter install cline)" for file in files if file.state == OUTDATED
    ]
    folders = [rows_folder(home, folder) for folder in where.folders]
    has_plugin = any(file.what == "plugin" and file.state == INSTALLED for file in files)
    problems += [
        f"{folder} is gone: the plugin writes nothing (run: taximeter install cline)"
        for folder in folders
        if has_plugin and not folder.is_dir()
    ]
    rows = [path.stat().st_mtime_ns // 1_000_000 for folder in folders for path in folder.glob("*.jsonl")]
    return ClineStatus(files, fired, max(rows, default=None), tuple(problems))


def _state(path: Path, content: bytes, known: dict[Path, str]) -> str:
    try:
        raw = path.read_bytes()
    except OSError:
        return MISSING
    if not is_ours(raw):
        return FOREIGN
    if raw == content:
        return INSTALLED
    return OUTDATED if sha256_of(raw) == known.get(path) else CHANGED
