"""Finds the record files of Cline and Roo (CLINE section 1).

Every command looks for what is new, most find nothing: the readers (10 ms to import) are imported for the first file.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from store.records import Agent
from tracker.sources.base import FoundFile, Options, Piece, ReadState
from tracker.sources.cline import places
from tracker.sources.cline.files import (
    COMPACTION_SUFFIX,
    HISTORY_ITEM,
    MESSAGES_SUFFIX,
    UI_MESSAGES,
    Kind,
    is_listed,
    is_readable,
)
from tracker.sources.file_access import inode_of, is_missing, raise_problems


class ClineSource:
    """Both stores of Cline: the classic tasks and the SDK's sessions."""

    agent = Agent.CLINE

    def __init__(self, machine: places.Machine | None = None) -> None:
        self._machine = machine or places.this_machine()

    def roots(self, given: Sequence[Path]) -> list[Path]:
        """The given folders that are not Roo's, else the known places of this machine that exist."""
        return places.given_roots(given, roo=False) if given else places.cline_roots(self._machine)

    def discover(self, root: Path) -> Iterator[FoundFile]:
        """Every record file; never files of another name, which may hold keys.

        An unreadable folder does not hide the others: a group of OSErrors is raised at the end.
        """
        listing = _Listing(self.agent)
        yield from self._list(places.stores_under(root), listing)
        raise_problems(listing.problems)

    def watched(self, root: Path) -> list[Path]:
        """The stores alone: checkpoints, logs and databases next to them change with every request."""
        try:
            stores = places.stores_under(root)
        except OSError:
            return [root]
        return [*stores.sessions, *stores.tasks, *(history.parent for history in stores.histories)] or [root]

    def may_list(self, path: str) -> bool:
        """Record files only: each rewrite creates a temporary file first."""
        return is_listed(path)

    def read(self, file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
        """One piece with what is new in the file; none while it is torn."""
        from tracker.sources.cline.reading import read

        return read(file, state, options)

    def _list(self, stores: places.Stores, listing: "_Listing") -> Iterator[FoundFile]:
        """Tasks, transcripts, manifests, compactions and histories."""
        for folder in stores.tasks:
            yield from listing.below(folder, {UI_MESSAGES: Kind.TASK})
        for folder in stores.sessions:
            for session in listing.folders(folder):
                yield from listing.session(session)
        for history in stores.histories:
            yield from listing.one(history, Kind.HISTORY)


class RooSource(ClineSource):
    """Roo Code, a fork of Cline: its tasks lie in stores of the same layout."""

    agent = Agent.ROO

    def roots(self, given: Sequence[Path]) -> list[Path]:
        """The given folders that are Roo's, else the known places of this machine that exist."""
        return places.given_roots(given, roo=True) if given else places.roo_roots(self._machine)

    def _list(self, stores: places.Stores, listing: "_Listing") -> Iterator[FoundFile]:
        """Each task's rows and its history item."""
        for folder in stores.tasks:
            yield from listing.below(folder, {UI_MESSAGES: Kind.TASK, HISTORY_ITEM: Kind.HISTORY_ITEM})


class _Listing:
    """Lists folders; keeps the errors for the end."""

    def __init__(self, agent: str) -> None:
        self._agent = agent
        self.problems: list[OSError] = []

    def folders(self, parent: Path) -> list[Path]:
        """The folders in a folder."""
        return [Path(entry.path) for entry in self._entries(parent) if self._is_folder(entry)]

    def below(self, parent: Path, wanted: dict[str, str]) -> Iterator[FoundFile]:
        """The wanted files (name: kind) in a folder and one level down."""
        for folder in (parent, *self.folders(parent)):
            for name, kind in wanted.items():
                yield from self.one(folder / name, kind)

    def session(self, folder: Path) -> Iterator[FoundFile]:
        """The files of one SDK session."""
        lead = f"{folder.name}{MESSAGES_SUFFIX}"
        for entry in self._entries(folder):
            path, name = Path(entry.path), entry.name
            if not is_readable(entry.path):
                continue
            if name.endswith(MESSAGES_SUFFIX):
                yield from self.one(path, Kind.TRANSCRIPT if name == lead else Kind.AGENT)
            elif name.endswith(COMPACTION_SUFFIX):
                yield from self.one(path, Kind.COMPACTION)
            elif name == f"{folder.name}.json":
                yield from self.one(path, Kind.MANIFEST)

    def one(self, path: Path, kind: str) -> Iterator[FoundFile]:
        """The file itself, if it exists."""
        try:
            facts = os.stat(path)
        except NotADirectoryError:
            return
        except OSError as error:
            self._note(error)
            return
        yield FoundFile(str(path), self._agent, kind, inode_of(facts), facts.st_size, facts.st_mtime_ns)

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        try:
            return entry.is_dir()
        except OSError as error:
            self._note(error)
            return False

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self._note(error)
            return []

    def _note(self, error: OSError) -> None:
        if not is_missing(error):
            self.problems.append(error)
