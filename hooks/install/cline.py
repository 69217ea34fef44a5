"""Installs into Cline's folders and uninstalls again: existing files are never changed, only our own are removed.

`<home>/install-cline.json` says which files and folders are ours. A file of the user's that has the name of one of
ours stays, with a note. A file of ours that the user changed stays too when the rest is taken out.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hooks.install.cline_files import OurFile, Targets, is_ours, wanted_files
from hooks.install.commands import Program
from hooks.install.settings_file import Change, SettingsError, read_record, sha256_of, write_change, write_record
from hooks.places import launcher
from tracker.sources.cline.live_rows import rows_folder

RECORD_NAME = "install-cline.json"


@dataclass(frozen=True, slots=True)
class ClineInstallPlan:
    """What installing or uninstalling would change, and notes on it for the user."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    files: tuple[OurFile, ...] = ()

    def diff(self) -> str:
        """All changes as unified diffs."""
        return "\n".join(change.diff() for change in self.changes)


def plan_cline_install(where: Targets, program: Program) -> ClineInstallPlan:
    """What installing would change; SettingsError if a file cannot be read."""
    changes: list[Change] = []
    notes: list[str] = []
    files: list[OurFile] = []
    wanted = wanted_files(where, program)
    for file in wanted:
        raw = _read(file.path)
        if raw is not None and not is_ours(raw):
            notes.append(f"{file.path} is not Taximeter's and is left alone: Taximeter works without it")
            continue
        files.append(file)
        if raw != file.content:
            changes.append(Change(file.path, raw, file.content))
    for path in _recorded(Path(program.home), where):
        raw = _read(path)
        if raw is not None and is_ours(raw) and path not in {file.path for file in wanted}:
            changes.append(Change(path, raw, None))
    return ClineInstallPlan(tuple(changes), tuple(notes), tuple(files))


def install_cline(plan: ClineInstallPlan, where: Targets, program: Program) -> None:
    """Carry out a plan of plan_cline_install: record first, then the files; SettingsError if it cannot be done."""
    home = Path(program.home)
    record = _read_record(home)
    for change in plan.changes:
        if change.after is None:
            record["files"].pop(str(change.path), None)
    made = [folder for file in plan.files for folder in _missing_folders(file.path.parent)]
    record["folders"] = sorted({*record["folders"], *map(str, made)})
    now_ms = int(time.time() * 1000)
    for file in plan.files:
        sha256 = sha256_of(file.content)
        if record["files"].get(str(file.path), {}).get("sha256") != sha256:
            record["files"][str(file.path)] = {"sha256": sha256, "installed_at": now_ms}
    try:
        for folder in where.folders:
            rows_folder(home, folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        write_record(home / RECORD_NAME, record)
    except OSError as error:
        raise SettingsError(f"cannot write {home}: {error.strerror}; nothing was installed") from error
    for change in plan.changes:
        write_change(change)
    for file in plan.files:
        file.path.chmod(file.mode)


def plan_cline_uninstall(where: Targets, home: Path) -> ClineInstallPlan:
    """What uninstalling from these places would change; SettingsError if a file cannot be read."""
    changes: list[Change] = []
    notes: list[str] = []
    recorded = _recorded(home, where)
    # Where the record is lost, files that bear our mark are known by their places.
    usual = [file.path for file in wanted_files(where, Program(sys.executable, launcher(), str(home)))]
    for path in dict.fromkeys([*recorded, *usual]):
        raw = _read(path)
        if raw is None or not (path in recorded or is_ours(raw)):
            continue
        if path not in recorded or sha256_of(raw) == recorded[path].get("sha256"):
            changes.append(Change(path, raw, None))
        else:
            notes.append(f"{path} has changed since the installation and is kept; delete it if you do not need it")
    return ClineInstallPlan(tuple(changes), tuple(notes))


def uninstall_cline(plan: ClineInstallPlan, where: Targets, home: Path) -> None:
    """Carry out a plan of plan_cline_uninstall and remove its record; SettingsError if it cannot be done."""
    for change in plan.changes:
        write_change(change)
    record = _read_record(home)
    for path in _recorded(home, where):
        record["files"].pop(str(path), None)
    kept = {parent for path in record["files"] for parent in Path(path).parents}
    for name in sorted(record["folders"], key=len, reverse=True):
        folder = Path(name)
        if folder not in kept and _removed(folder):
            record["folders"].remove(name)
    try:
        if record["files"]:
            write_record(home / RECORD_NAME, record)
        else:
            (home / RECORD_NAME).unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"cannot write {home}: {error.strerror}") from error


def installed_files(home: Path) -> dict[Path, str]:
    """Installed files, each with the hash of the content that was written."""
    return {Path(path): str(entry.get("sha256")) for path, entry in _read_record(home)["files"].items()}


def _recorded(home: Path, where: Targets) -> dict[Path, dict[str, Any]]:
    """Entries of the record inside these places."""
    folders = {*where.folders, where.classic_hooks}
    entries = {Path(path): entry for path, entry in _read_record(home)["files"].items()}
    return {path: entry for path, entry in entries.items() if not folders.isdisjoint(path.parents)}


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error


def _missing_folders(folder: Path) -> list[Path]:
    return [one for one in (folder, *folder.parents) if not one.exists()]


def _removed(folder: Path) -> bool:
    """Remove a folder that we created if it is empty; True if it is gone."""
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _read_record(home: Path) -> dict[str, Any]:
    return read_record(home / RECORD_NAME, {"schema_version": 1, "files": {}, "folders": []})
