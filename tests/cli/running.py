"""Runs commands inside this process, as a user would type them."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from tracker.cli.app import run
from tracker.cli.output import width

# The captured scenarios that most tests of commands read together.
SCENARIOS = ("s06_manual_compact", "s08_resume_continue_fork", "s27_hidden_spend", "v1_0_128")


class Ran(NamedTuple):
    """What a command printed and the exit code that the shell is told."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as one JSON document; the command has to have succeeded."""
        assert self.code == 0, self.err
        return msgspec.json.decode(self.out)

    def json_lines(self) -> list[Any]:
        """Standard output as one JSON document a line."""
        assert self.code == 0, self.err
        return [msgspec.json.decode(line) for line in self.out.splitlines()]

    def rows(self) -> list[list[str]]:
        """Standard output as CSV, the header line first."""
        import csv

        assert self.code == 0, self.err
        return list(csv.reader(self.out.splitlines()))


class Taximeter:
    """The command line, with the folders to read given to every command."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self.claude_dirs: list[Path] = []

    def __call__(self, *words: str) -> Ran:
        """Run `taximeter WORDS`."""
        self._capture.readouterr()
        folders = [part for folder in self.claude_dirs for part in ("--claude-dir", str(folder))]
        try:
            code = run([*folders, *words])
        except SystemExit as leaving:  # as the launcher's sys.exit would see it
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        out, err = self._capture.readouterr()
        return Ran(code, out, err)


def reports(taximeter: Taximeter, *chosen: str) -> dict[str, Any]:
    """What each report on calls says of the chosen part of the ledger."""
    return {
        name: taximeter(name, "--json", "--no-sync", *chosen).json()
        for name in ("spend", "sessions", "tasks", "cache", "tools")
    } | {"calls": taximeter("calls", "--json", "--no-sync", *chosen).json_lines()}


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file with its bytes, every folder with None."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


def too_wide(text: str) -> list[str]:
    """Lines that a terminal of eighty columns would break."""
    return [line for line in text.splitlines() if width(line) > 80]
