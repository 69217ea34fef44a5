"""The schema as text: one column a line, for a golden file that shows every change of it in a review."""

import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

GOLDEN = Path(__file__).with_name("columns.txt")


def columns_text(db: sqlite3.Connection) -> str:
    """Tables with their columns (type, NOT NULL, default, place in the primary key) and indexes."""
    lines = []
    tables = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    for (table,) in tables:
        if table.startswith(("sqlite_", "_")):
            continue  # SQLite's own, and the list of applied migrations
        strict = db.execute("SELECT strict FROM pragma_table_list WHERE name = ?", (table,)).fetchone()[0]
        lines.append(f"{table}{'' if strict else ' (not strict)'}")
        for _, name, kind, not_null, default, key in db.execute("SELECT * FROM pragma_table_info(?)", (table,)):
            parts = [name, kind, "not null" if not_null else "", f"default {default}" if default is not None else ""]
            parts.append(f"key {key}" if key else "")
            lines.append("    " + " ".join(part for part in parts if part))
        indexes = db.execute(
            "SELECT name, \"unique\" FROM pragma_index_list(?) WHERE origin = 'c' ORDER BY name", (table,)
        ).fetchall()
        for name, unique in indexes:
            of = ", ".join(
                row[0] or "(expression)" for row in db.execute("SELECT name FROM pragma_index_info(?)", (name,))
            )
            lines.append(f"    {'unique ' if unique else ''}index {name} on {of}")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the golden file anew from a blank ledger."""
    from store.ledger import open_ledger

    with TemporaryDirectory() as place:
        db = open_ledger(Path(place) / "ledger.db")
        GOLDEN.write_text(columns_text(db))
        db.close()


if __name__ == "__main__":
    main()
