"""Puts WHERE clauses together from what a user chose."""

from collections.abc import Iterable
from typing import TypeVar

Value = TypeVar("Value")


def where_clause(choices: Iterable[tuple[str, Value | None]]) -> tuple[str, list[Value]]:
    """The conditions with a value, joined, and their values; a condition whose value is None was not asked for."""
    chosen = [(condition, value) for condition, value in choices if value is not None]
    return " AND ".join(condition for condition, _ in chosen) or "1", [value for _, value in chosen]
