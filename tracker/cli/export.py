"""`export`: every table as files."""

import csv
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import click
import msgspec

from tracker.cli.common import Invocation, ledger_options, open_modelled
from tracker.cli.output import csv_row, owner_only
from tracker.errors import UserError

_ROWS_AT_ONCE = 1_000


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
    encoder = msgspec.json.Encoder()
    folder.mkdir(parents=True, exist_ok=True)
    for table in exportable_tables(db):
        names, rows = table_rows(db, table)
        if form == "parquet":
            _write_parquet(folder / f"{table}.parquet", names, list(rows))
            continue
        count = 0
        with ExitStack() as files:
            as_csv = as_json = None
            if form in ("csv", "both"):
                path = folder / f"{table}.csv"
                text = files.enter_context(open(path, "w", encoding="utf-8", newline="", opener=owner_only))
                as_csv = csv.writer(text, lineterminator="\n")
                as_csv.writerow(names)
            if form in ("jsonl", "both"):
                as_json = files.enter_context(open(folder / f"{table}.jsonl", "wb", opener=owner_only))
            while some := list(islice(rows, _ROWS_AT_ONCE)):
                count += len(some)
                if as_csv is not None:
                    as_csv.writerows(map(csv_row, some))
                if as_json is not None:
                    as_json.write(encoder.encode_lines(dict(zip(names, row, strict=True)) for row in some))
        click.echo(f"{count:>9,}  {table}")


def _write_parquet(path: Path, names: list[str], rows: Sequence[Sequence[object]]) -> None:
    try:
        import pyarrow as pa  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from pyarrow import parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        raise UserError("parquet needs pyarrow: install it beside taximeter, or use --format both") from None
    table = pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})
    with open(path, "wb", opener=owner_only) as handle:
        parquet.write_table(table, handle)
    click.echo(f"{len(rows):>9,}  {path.stem}")
