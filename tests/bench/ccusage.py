"""Finds ccusage, the tool to compare with, and asks it for its report."""

import shutil
from pathlib import Path

_CCUSAGE = Path("node_modules", "@ccusage", "ccusage-linux-x64", "bin", "ccusage")


def find_ccusage(given: str | None) -> Path | None:
    """The native binary: the given path, one below node_modules here, one on PATH that is not a script."""
    if given:
        path = Path(given).resolve()
        if not path.is_file():
            raise SystemExit(f"no such file: {given}")
        return path
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / _CCUSAGE).is_file():
            return folder / _CCUSAGE
    found = shutil.which("ccusage")
    if found is None:
        return None
    path = Path(found).resolve()
    with path.open("rb") as handle:
        if handle.read(4) in (b"\x7fELF", b"\xcf\xfa\xed\xfe"):
            return path
    # npm's launcher is a script beside the packages of the binaries.
    return next((folder / _CCUSAGE for folder in path.parents if (folder / _CCUSAGE).is_file()), None)


def daily_report(binary: Path) -> list[str]:
    """Its daily report as JSON: every call priced by its own bundled table."""
    return [str(binary), "daily", "--json", "--offline", "--mode", "calculate"]
