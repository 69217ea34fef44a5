"""`sync`, and the ingest with a progress bar that every other command starts with."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from store.ledger import home, ledger_path, open_ledger
from store.plain_text import plain
from store.reads.spend import totals, uncounted_models
from tracker.cli.common import Invocation, dir_options, say_damaged
from tracker.cli.empty import show_no_sessions
from tracker.cli.output import print_json, say
from tracker.cli.progress_bar import progress_bar
from tracker.errors import UsageError
from tracker.ingest import Progress, SyncReport, sync_in_parallel
from tracker.reader_options import ReaderOptions, has_settings, options_of, usable_options
from tracker.sources.all import all_sources
from tracker.sources.base import Source
from tracker.words import counted, unpriced_text

if TYPE_CHECKING:
    from tracker.keeper import LedgerKeeper
    from tracker.watch import WatchTargets


def sources_of(invocation: Invocation) -> list[tuple[Source, list[Path]]]:
    """Every source with the folders to read; UserError if a folder that was named does not exist."""
    for folders, meant in (
        (invocation.claude_dirs, "--claude-dir takes a folder that holds projects/"),
        (invocation.cline_dirs, "--cline-dir takes a .cline folder or an extension's storage folder"),
    ):
        for folder in folders:
            if not folder.is_dir():
                raise UsageError(f"no such folder: {folder} ({meant})")
    return all_sources(home(), invocation.claude_dirs, invocation.cline_dirs)


def watch_targets(
    invocation: Invocation, keeper: "LedgerKeeper", on_trouble: Callable[[str], None] = lambda _sentence: None
) -> "WatchTargets":
    """What to watch: this machine's folders, including ones created later, and Claude Code folders reported by hooks.

    If the user named folders, only those. `on_trouble`: as for ReaderOptions.
    """
    from tracker.watch import WatchTargets

    def find() -> list[tuple[Source, list[Path]]]:
        (claude, roots), *others = sources_of(invocation)
        known = {os.path.realpath(root) for root in roots}
        reported = [folder for folder in keeper.named_folders() if os.path.realpath(folder) not in known]
        return [(claude, [*roots, *reported]), *others]

    return WatchTargets(
        sources_of(invocation),
        ReaderOptions(on_trouble).read,
        [keeper.spool_folder()],
        None if invocation.explicit else find,
    )


def open_and_sync(
    invocation: Invocation, *, workers: int | None = None, usable_only: bool = False
) -> tuple[sqlite3.Connection, SyncReport]:
    """Open the ledger and ingest everything new, with a progress bar on a terminal.

    UserError if the user's settings or prices are invalid; with `usable_only`, invalid parts are ignored and listed in
    the report's problems.
    """
    if not usable_only and has_settings():
        from tracker.cli.user_settings import user_settings

        user_settings()
    sources = sources_of(invocation)
    _tell_of_other_folders(invocation)
    report = SyncReport()
    db = open_ledger(on_damage=say_damaged)
    options, troubles = usable_options(db) if usable_only else (options_of(db), [])
    report.problems += troubles
    with progress_bar("reading") as show:
        db = sync_in_parallel(
            db, ledger_path(), sources, options, report, lambda progress: show(*_how_far(progress)), workers=workers
        )
    return db, report


def _tell_of_other_folders(invocation: Invocation) -> None:
    """Tell the user which folders of the command line hold no records."""
    for folder in invocation.claude_dirs:
        if not (folder / "projects").is_dir():
            hint = f" (name {folder.parent})" if folder.name == "projects" else ""
            say(f"no projects/ in {folder}: nothing is read there{hint}")
    for folder in invocation.cline_dirs:
        if not _has_cline_records(folder):
            hint = f" (name {folder / '.cline'})" if (folder / ".cline").is_dir() else ""
            say(f"no records of Cline or Roo in {folder}: nothing is read there{hint}")


def _has_cline_records(folder: Path) -> bool:
    from tracker.sources.cline.places import given_roots, stores_under

    roots = given_roots([folder], roo=False) + given_roots([folder], roo=True)
    return any(any(stores_under(root)) for root in roots)


def _how_far(progress: Progress) -> tuple[float, str]:
    """Share of the bytes read, and the text beside the progress bar."""
    megabytes = f"{progress.bytes_done / 1e6:,.0f} of {progress.bytes / 1e6:,.0f} MB"
    return progress.share, f"{progress.files_done}/{progress.files} files  {megabytes}"


@click.command("sync")
@dir_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object: files, bytes, calls, new_calls, bad_lines, …")
@click.option(
    "--workers", type=click.IntRange(0, 64), help="Worker processes; default: one per core for large imports."
)
def sync_command(invocation: Invocation, workers: int | None) -> None:
    """Ingest everything that agents have written since the last sync.

    \b
    taximeter sync
    taximeter sync --claude-dir /backup/claude
    """
    db, report = open_and_sync(invocation, workers=workers)
    counts = totals(db)
    if invocation.as_json:
        print_json(
            {
                "schema_version": 1,
                "files": report.files,
                "bytes": report.bytes,
                "calls": counts.calls,
                "new_calls": report.new_calls,
                "bad_lines": report.bad_lines,
                "unpriced_calls": counts.unpriced_calls,
                "seconds": round(report.seconds, 3),
                "problems": report.problems,
            }
        )
        return
    for problem in report.problems:
        say(f"cannot read {problem}")
    if report.problems and not report.files and not counts.calls:
        raise SystemExit(1)
    if not counts.calls and not report.files:
        show_no_sessions(invocation)
        return
    new_calls = max(0, report.new_calls)  # negative when duplicates from earlier files were merged
    click.echo(
        f"{counted(new_calls, 'new call')} from {counted(report.files, 'file')} ({report.bytes / 1e6:,.1f} MB)"
        f" in {report.seconds:.2f} s; {counted(counts.calls, 'call')} in the ledger"
    )
    if report.bad_lines:
        click.echo(f"skipped {counted(report.bad_lines, 'damaged line')} (taximeter doctor lists the files)")
    if counts.unpriced_calls:
        click.echo(
            plain(
                f"{counted(counts.unpriced_calls, 'call')} without a price:"
                f" {unpriced_text(counts.unpriced_models, uncounted_models(db))}"
            )
        )
