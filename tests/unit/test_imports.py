"""What a start imports, by name and in a fresh interpreter; and that nobody's PYTHONPATH can break it."""

import os
import sys
from pathlib import Path

import pytest

from tests.unit.ledger.plain import FILE, session_of
from tests.unit.ledger.reading import write_tree
from tests.unit.starting import ROOT, start

SLOW = {"sqlite_utils", "textual", "anthropic", "genai_prices", "watchdog"}
_REPORT_MODULES = """
import sys
sys.argv = ["taximeter", *sys.argv[1:]]
import taximeter
try:
    taximeter.main()
finally:
    print(" ".join(sorted(sys.modules)), file=sys.stderr)
"""


def modules_of(*words: str) -> set[str]:
    """Top-level packages that `taximeter WORDS` imports."""
    ran = start(sys.executable, "-c", _REPORT_MODULES, *words)
    assert ran.returncode == 0, ran.stderr
    return {name.partition(".")[0] for name in ran.stderr.splitlines()[-1].split()}


def test_help_imports_nothing_slow() -> None:
    loaded = modules_of("--help")
    assert loaded & SLOW == set()
    assert "multiprocessing" not in loaded


@pytest.mark.parametrize("command", ["spend", "sessions", "calls", "sync", "prices", "doctor"])
def test_help_of_a_command_imports_nothing_slow(command: str) -> None:
    assert modules_of(command, "--help") & SLOW == set()


@pytest.mark.parametrize("words", [["spend", "--json"], ["sessions"], ["calls", "--json"], ["sync"]])
def test_a_warm_report_imports_nothing_slow(words: list[str], tmp_path: Path) -> None:
    root = str(write_tree(tmp_path / "claude", {FILE: session_of(3)}))
    modules_of("sync", "--claude-dir", root)
    loaded = modules_of(*words, "--claude-dir", root)
    assert loaded & SLOW == set()
    assert "multiprocessing" not in loaded


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A project that owns packages of our names, and one of a library's; each ends the process that imports it."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("store", "hooks", "click", "msgspec"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('the wrong {name} was imported')\n")
    for name in ("tracker", "tui"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(f"raise SystemExit('the wrong {name} was imported')\n")
    return folder


@pytest.mark.parametrize("words", [["--help"], ["spend", "--json"]])
def test_the_launcher_ignores_what_pythonpath_adds(words: list[str], hostile: Path) -> None:
    ran = start(sys.executable, "taximeter.py", *words, PYTHONPATH=str(hostile))
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("words", [["--help"], ["spend", "--json"]])
def test_the_module_ignores_what_pythonpath_adds(words: list[str], hostile: Path) -> None:
    ran = start(sys.executable, "-m", "taximeter", *words, PYTHONPATH=str(hostile))
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("words", [["--help"], ["spend", "--json"]])
def test_the_launcher_ignores_the_folder_it_runs_in(words: list[str], hostile: Path) -> None:
    ran = start(sys.executable, str(ROOT / "taximeter.py"), *words, cwd=hostile, PYTHONPATH=f"{hostile}{os.pathsep}.")
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("words", [["--help"], ["spend", "--json"]])
def test_the_module_ignores_the_folder_it_runs_in(words: list[str], hostile: Path) -> None:
    """As after an installation: our folder comes last, the project's own first."""
    path = os.pathsep.join([str(hostile), str(ROOT)])
    ran = start(sys.executable, "-m", "taximeter", *words, cwd=hostile, PYTHONPATH=path)
    assert (ran.returncode, ran.stderr) == (0, "")
