"""The files to install into Cline's folders, and how to recognise them as ours (docs/cline.md).

The newer generation takes hook files of any extension from `.cline/hooks` and from the documents folder, and plugins
from `.cline/plugins`. The classic one takes `<documents>/Cline/Hooks/<Event>` only, executable and without extension.
Where the newer one reads the classic folder too, an event has one file for both.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hooks.install.commands import Program
from hooks.install.settings_file import SettingsError
from tracker.sources.cline.live_rows import rows_folder
from tracker.sources.cline.places import CLINE_EXTENSIONS, cline_roots, this_machine

SDK_EVENTS = ("TaskComplete", "TaskError", "TaskCancel", "SessionShutdown")
# Each of these is a row in the chat of the classic extension, so there are no more than are of use.
CLASSIC_EVENTS = ("TaskResume", "UserPromptSubmit", "TaskComplete", "TaskCancel")
PLUGIN_NAME = "taximeter.js"
MARK = b"`taximeter uninstall cline`"
_PLACEHOLDER = '"@rows-folder@"'
_XDG_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class OurFile:
    """A file to install: its bytes, its mode, and what it is for."""

    path: Path
    content: bytes
    mode: int
    what: str  # "plugin", or the event


@dataclass(frozen=True, slots=True)
class Targets:
    """Where to install: `.cline` folders and, if wanted, the classic generation's hooks folder."""

    folders: tuple[Path, ...]
    classic_hooks: Path | None


def targets(given: Sequence[Path]) -> Targets:
    """The given `.cline` folders, or all on this machine; SettingsError if there is no Cline."""
    if given:
        for folder in given:
            if not folder.is_dir():
                raise SettingsError(f"no Cline folder at {folder} (--cline-dir takes a .cline folder)")
            if folder.name.lower() in CLINE_EXTENSIONS:
                raise SettingsError(f"{folder} holds an extension's tasks; hooks are elsewhere (leave out --cline-dir)")
        return Targets(tuple(given), None)
    usual = Path(os.environ.get("CLINE_DIR") or Path.home() / ".cline").expanduser()
    if not usual.is_dir() and not cline_roots(this_machine()):
        raise SettingsError(f"no Cline folder at {usual} (start cline once, or name it: --cline-dir DIR)")
    return Targets((usual,) if usual.is_dir() else (), classic_hooks_folder())


def classic_hooks_folder() -> Path:
    """The classic generation's global hooks folder, found as Cline finds it: in the desktop's documents folder."""
    documents = Path.home() / "Documents"
    tool = shutil.which("xdg-user-dir") if sys.platform.startswith("linux") else None
    if tool is not None:
        try:
            said = subprocess.run(
                [tool, "DOCUMENTS"], capture_output=True, text=True, timeout=_XDG_SECONDS, check=False
            ).stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            said = ""
        documents = Path(said) if said else documents
    return documents / "Cline" / "Hooks"


def wanted_files(where: Targets, program: Program) -> list[OurFile]:
    """All files to install there."""
    classic = where.classic_hooks
    shared = classic == Path.home() / "Documents" / "Cline" / "Hooks"
    events = [event for event in SDK_EVENTS if not (shared and event in CLASSIC_EVENTS)]
    files: list[OurFile] = []
    for folder in where.folders:
        rows = rows_folder(Path(program.home), folder)
        files.append(OurFile(folder / "plugins" / PLUGIN_NAME, _plugin(rows), 0o600, "plugin"))
        files += [OurFile(folder / "hooks" / f"{event}.sh", _script(program, event), 0o700, event) for event in events]
    if classic is not None:
        files += [OurFile(classic / event, _script(program, event), 0o700, event) for event in CLASSIC_EVENTS]
    return files


def is_ours(raw: bytes) -> bool:
    """Whether a file was written by any version of this program."""
    return MARK in raw


def run_script(program: Program) -> Path:
    """The script that hook files run."""
    return Path(program.script).parent / "hooks" / "cline" / "run.py"


def _plugin(rows: Path) -> bytes:
    text = (Path(__file__).parents[1] / "cline" / "plugin.js").read_text(encoding="utf-8")
    return text.replace(_PLACEHOLDER, json.dumps(str(rows))).encode()


def _script(program: Program, event: str) -> bytes:
    """A shell script that runs the hook, and does nothing once this program has been removed."""
    python, script = shlex.quote(program.python), shlex.quote(str(run_script(program)))
    return (
        "#!/bin/sh\n"
        f"# Taximeter at {event}: notes the event, takes in what is new. {MARK.decode()} removes this file.\n"
        f"[ -x {python} ] && [ -f {script} ] || exit 0\n"
        f"exec {python} -I -S {script} {event} --home {shlex.quote(program.home)}\n"
    ).encode()
