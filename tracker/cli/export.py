"""`export`: every table as files."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import click
import msgspec

from tracker.cli.common import Invocation, ledger_options, open_modelled
from tracker.cli.output import csv_row, owner_only
from tracker.errors import UserError

_ROWS_AT_ONCE = 1_000
_Rows = Sequence[Sequence[object]]
_Write = Callable[[_Rows], object]


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "jsonl", "both", "parquet"]),
    default="both",
    show_default=True,
    help="File format; parquet needs pyarrow.",
)
@ledger_options
def export(invocation: Invocation, folder: Path, form: str) -> None:
    """Write every table of the ledger to files: one CSV and one JSON-lines file per table.

    Like the ledger, only you can read them.
    Amounts are integer nano-dollars, times epoch milliseconds in UTC; docs/ledger.md has every column.

    \b
    taximeter export ./ledger-export
    taximeter export ./ledger-export --format parquet
    """
    from store.reads.tables import exportable_tables, table_rows

    db = open_modelled(invocation)
    forms = tuple(_WRITERS) if form == "both" else (form,)
    folder.mkdir(parents=True, exist_ok=True)
    for table in exportable_tables(db):
        names, rows = table_rows(db, table)
        if form == "parquet":
            _write_parquet(folder / f"{table}.parquet", names, list(rows))
            continue
        count = 0
        with ExitStack() as files:
            writes = [files.enter_context(_WRITERS[one](folder / f"{table}.{one}", names)) for one in forms]
            while some := list(islice(rows, _ROWS_AT_ONCE)):
                count += len(some)
                for write in writes:
                    write(some)
        click.echo(f"{count:>9,}  {table}")


@contextmanager
def _csv_file(path: Path, names: list[str]) -> Iterator[_Write]:
    with open(path, "w", encoding="utf-8", newline="", opener=owner_only) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        yield lambda rows: writer.writerows(map(csv_row, rows))


@contextmanager
def _jsonl_file(path: Path, names: list[str]) -> Iterator[_Write]:
    encode = msgspec.json.Encoder().encode_lines
    with open(path, "wb", opener=owner_only) as file:
        yield lambda rows: file.write(encode(dict(zip(names, row, strict=True)) for row in rows))


_WRITERS = {"csv": _csv_file, "jsonl": _jsonl_file}


def _write_parquet(path: Path, names: list[str], rows: _Rows) -> None:
    try:
        import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from pyarrow import parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise UserError("parquet needs pyarrow: install it beside taximeter, or use --format both") from None
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})
    with open(path, "wb", opener=owner_only) as handle:
        parquet.write_table(table, handle)
    click.echo(f"{len(rows):>9,}  {path.stem}")
