"""Finds the rows that our Cline plugin writes, one a model request (CLINE section 5.3)."""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from store.records import Agent
from tracker.sources.base import FoundFile, Options, Piece, ReadState
from tracker.sources.file_access import inode_of

ROWS_FOLDER = Path("live", "cline")
_KIND = "live-rows"
_SUFFIX = ".jsonl"


def rows_folder(home: Path, cline_folder: Path) -> Path:
    """The folder in our state folder that the plugin of this `.cline` folder writes to."""
    name = blake2b(str(cline_folder.resolve()).encode(), digest_size=6).hexdigest()
    return home / ROWS_FOLDER / name


class LiveRowsSource:
    """The plugin's rows below our state folder."""

    agent = Agent.CLINE

    def __init__(self, home: Path) -> None:
        """`home`: the state folder."""
        self._home = home

    def roots(self, given: Sequence[Path]) -> list[Path]:
        """All rows; if Cline folders are given (or folders inside them), only what their plugins wrote."""
        if not given:
            return [folder for folder in [self._home / ROWS_FOLDER] if folder.is_dir()]
        candidates = [rows_folder(self._home, place) for one in given for place in (one, *one.resolve().parents[:2])]
        return list(dict.fromkeys(folder for folder in candidates if folder.is_dir()))

    def discover(self, root: Path) -> Iterator[FoundFile]:
        """Every file of rows."""
        for path in sorted(root.rglob(f"*{_SUFFIX}")):
            try:
                facts = path.stat()
            except FileNotFoundError:
                continue
            yield FoundFile(str(path), self.agent, _KIND, inode_of(facts), facts.st_size, facts.st_mtime_ns)

    def watched(self, root: Path) -> list[Path]:
        """The root."""
        return [root]

    def may_list(self, path: str) -> bool:
        """Every file of rows."""
        return path.endswith(_SUFFIX)

    def read(self, file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
        """One piece with the complete lines since the last read; an incomplete last line is left for the next one."""
        from tracker.sources.cline.live_calls import read

        return read(file, state, options)
