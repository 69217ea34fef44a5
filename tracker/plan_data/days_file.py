"""Reads a CSV of daily sums (`day,usd`) to use instead of the ledger; missing days are idle."""

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple

from tracker.errors import UsageError

_YEARS = range(1970, 9999)
_MAX_USD = 1e9


class FileOfDays(NamedTuple):
    """The file's name, and dollars by day."""

    name: str
    usd_by_day: Mapping[date, float]


def read_days(path: Path) -> FileOfDays:
    """Read the days; several rows of a day add up. UsageError for an invalid file."""
    days: dict[date, float] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in (reader := csv.reader(file)):
                if not row or (reader.line_num == 1 and row[0].strip().lower() == "day"):
                    continue
                day, usd = _cells(row, path, reader.line_num)
                days[day] = days.get(day, 0.0) + usd
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: not a CSV file: {error}") from error
    if not days:
        raise UsageError(f"{path}: no days in it (a line is day,usd: 2026-11-02,6.50)")
    return FileOfDays(path.name, days)


def _cells(row: list[str], path: Path, line: int) -> tuple[date, float]:
    try:
        day, usd = date.fromisoformat(row[0].strip()), float(row[1].strip().lstrip("$"))
    except (ValueError, IndexError):
        raise UsageError(f"{path}, line {line}: not day,usd (as in 2026-11-02,6.50): {','.join(row)!r}") from None
    if day.year not in _YEARS:
        raise UsageError(f"{path}, line {line}: not a day of work: {row[0]!r}")
    if not 0 <= usd <= _MAX_USD:
        raise UsageError(f"{path}, line {line}: not an amount: {row[1]!r}")
    return day, usd
