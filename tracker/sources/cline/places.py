"""Where Cline and Roo keep their records on Linux, macOS and Windows (CLINE sections 1.1, 1.2 and 4).

Editors are found by their layout, `<settings>/<editor>/User/globalStorage`, not by a list of names: forks come and go.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tracker.sources.cline.files import HISTORY_ITEM, UI_MESSAGES
from tracker.sources.file_access import exists, is_folder

CLINE_EXTENSIONS = frozenset({"saoudrizwan.claude-dev", "saoudrizwan.cline-nightly"})
# Roo Code, and Zoo Code, with which others go on since Roo's makers stopped: its storage and records are the same.
ROO_EXTENSIONS = frozenset(
    {
        "rooveterinaryinc.roo-cline",
        "rooveterinaryinc.roo-code-nightly",
        "zoocodeorganization.zoo-code",
        "zoocodeorganization.zoo-code-nightly",
    }
)
_SESSION_FOLDER = re.compile(r"^\d{13}_[\w-]+$")
_GLOBAL_STORAGE = Path("User", "globalStorage")
_ROO_PROBES = 3


class Machine(NamedTuple):
    """What determines where an agent writes."""

    home: Path
    environ: Mapping[str, str]
    platform: str  # as sys.platform says


def this_machine() -> Machine:
    """This machine, with the home folder that Cline would find."""
    environ = dict(os.environ)  # a mapping that processes which start anew can be handed
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if not home and environ.get("HOMEDRIVE") and environ.get("HOMEPATH"):
        home = environ["HOMEDRIVE"] + environ["HOMEPATH"]
    return Machine(Path(home) if home else Path.home(), environ, sys.platform)


def cline_roots(machine: Machine) -> list[Path]:
    """The folders of this machine that hold Cline's records, each once."""
    return _existing([*data_folders(machine), *_extension_folders(machine, CLINE_EXTENSIONS)])


def roo_roots(machine: Machine) -> list[Path]:
    """The folders of this machine that hold Roo's records, each once."""
    return _existing(_extension_folders(machine, ROO_EXTENSIONS))


def given_roots(given: Sequence[Path], *, roo: bool) -> list[Path]:
    """The given folders that belong to this agent; a `globalStorage` stands for the extensions in it."""
    wanted = ROO_EXTENSIONS if roo else CLINE_EXTENSIONS
    found: list[Path] = []
    for folder in given:
        inside = list(_children_named(folder, CLINE_EXTENSIONS | ROO_EXTENSIONS))
        if inside:
            found += [child for child in inside if child.name.lower() in wanted]
        elif is_roo(folder) == roo:
            found.append(folder)
    return found


def is_roo(folder: Path) -> bool:
    """Whether a storage folder is Roo's: by its name, or by the files that only Roo keeps."""
    name = folder.name.lower()
    if name in ROO_EXTENSIONS or name in CLINE_EXTENSIONS:
        return name in ROO_EXTENSIONS
    below = folder / "tasks"
    tasks = below if below.is_dir() else folder
    if (tasks / "_index.json").exists():
        return True
    try:
        with os.scandir(tasks) as entries:
            probes = [tasks, *(Path(entry.path) for entry, _ in zip(entries, range(_ROO_PROBES), strict=False))]
    except OSError:
        return False
    return any(exists(task / HISTORY_ITEM) for task in probes)


class Stores(NamedTuple):
    """The stores under one root."""

    sessions: list[Path]
    tasks: list[Path]
    histories: list[Path]


def stores_under(root: Path) -> Stores:
    """Look for both stores in a `.cline` folder, its `data`, an extension's storage, or a folder of sessions or tasks.

    A task's own folder, as people export it, counts as a folder of tasks.
    """
    stores = Stores([], [], [])
    for base in (root, root / "data"):
        if (base / "sessions").is_dir():
            stores.sessions.append(base / "sessions")
        if (base / "tasks").is_dir():
            stores.tasks.append(base / "tasks")
        if (base / "state" / "taskHistory.json").exists():
            stores.histories.append(base / "state" / "taskHistory.json")
    if not stores.sessions and not stores.tasks:
        with os.scandir(root) as entries:
            inside = [entry for entry in entries if entry.is_dir()]
        if any(_SESSION_FOLDER.match(entry.name) for entry in inside):
            stores.sessions.append(root)
        if any(exists(Path(folder, UI_MESSAGES)) for folder in (root, *inside)):
            stores.tasks.append(root)
    return stores


def data_folders(machine: Machine) -> Iterator[Path]:
    """Where Cline's own programs (not the editors) write, whether the folders exist or not."""
    environ = machine.environ
    for variable in ("CLINE_DIR", "CLINE_DATA_DIR", "CLINE_SESSION_DATA_DIR", "CLINE_SANDBOX_DATA_DIR"):
        if environ.get(variable):
            yield Path(environ[variable]).expanduser()
    if environ.get("CLINE_SANDBOX") == "1" and not environ.get("CLINE_SANDBOX_DATA_DIR"):
        from tempfile import gettempdir

        yield Path(gettempdir(), "cline-sandbox")
    if not environ.get("CLINE_DIR"):
        yield machine.home / ".cline"


def _extension_folders(machine: Machine, extensions: frozenset[str]) -> Iterator[Path]:
    for storage in _global_storages(machine):
        yield from _children_named(storage, extensions)


def _global_storages(machine: Machine) -> Iterator[Path]:
    """`globalStorage` of every editor: installed, portable, in a sandbox, and on the far side of a remote session."""
    home, environ = machine.home, machine.environ
    if machine.platform == "darwin":
        settings = [home / "Library" / "Application Support"]
    elif machine.platform == "win32":
        settings = [Path(environ.get("APPDATA") or home / "AppData" / "Roaming")]
    else:
        settings = [Path(environ.get("XDG_CONFIG_HOME") or home / ".config")]
        settings += [app / "config" for app in _folders(home / ".var" / "app")]  # Flatpak
        data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
        yield data / "code-server" / _GLOBAL_STORAGE
    for folder in settings:
        for editor in _folders(folder):
            yield editor / _GLOBAL_STORAGE
    # .vscode-server, .cursor-server, .vscode-remote and their like.
    for folder in _folders(home):
        if folder.name.startswith("."):
            yield folder / "data" / _GLOBAL_STORAGE
    if environ.get("VSCODE_PORTABLE"):
        yield Path(environ["VSCODE_PORTABLE"]) / "user-data" / _GLOBAL_STORAGE


def _folders(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir())
    except OSError:
        return []


def _children_named(parent: Path, names: frozenset[str]) -> Iterator[Path]:
    yield from (folder for folder in _folders(parent) if folder.name.lower() in names)


def _existing(candidates: Iterable[Path]) -> list[Path]:
    """The candidates that exist, resolved and without duplicates."""
    found: dict[Path, None] = {}
    for folder in candidates:
        if is_folder(folder):
            found[folder.resolve()] = None
    return list(found)
