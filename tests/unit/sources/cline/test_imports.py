"""Readers cost ten milliseconds to import: only those pay who have something new of Cline to read."""

import os
import sys
from pathlib import Path

from tests.unit.sources.cline.writing import Rows, TaskFolder
from tests.unit.starting import ROOT, start

FINDERS = {"", ".files", ".live_rows", ".places", ".source"}
_RUN = """
import sys
sys.argv = ["taximeter", "spend", "--json"]
import taximeter
try:
    taximeter.main()
finally:
    print(*(name for name in sys.modules if name.startswith("tracker.sources.cline")), file=sys.stderr)
"""


def imported() -> set[str]:
    """Modules of Cline's source that a report imports, below their package's name."""
    ran = start(sys.executable, "-c", _RUN, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    return {name.removeprefix("tracker.sources.cline") for name in ran.stderr.splitlines()[-1].split()}


def test_a_report_of_people_without_cline_imports_no_reader() -> None:
    assert imported() == FINDERS


def test_a_report_without_new_records_imports_no_reader() -> None:
    rows = Rows()
    TaskFolder(Path(os.environ["HOME"]) / ".cline", "1795000000000").write(
        [rows.say("task", "Go"), rows.request(4, 40)]
    )
    assert ".classic" in imported()
    assert imported() == FINDERS
