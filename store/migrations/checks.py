"""What the output of a check says."""

from typing import Any

from store.files import read_anew
from store.migrations.steps import MIGRATIONS


@MIGRATIONS()
def m013_outcomes_of_checks(db: Any) -> None:
    """Files that are still there are read once more from the start, for checks whose command line hid a failure."""
    read_anew(db)
