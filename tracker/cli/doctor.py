"""`doctor`: shows which folders were read, what was found, and whether the figures add up."""

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from store.damage import damaged_ledgers
from store.files import KnownFile, known_files, read_state
from store.invariants import check_invariants
from store.ledger import home, ledger_path, open_ledger
from store.plain_text import plain
from store.reads.spend import totals, uncounted_models
from store.records import Agent
from tracker.cli.common import Invocation, reading_options, say_damaged
from tracker.cli.empty import looked_in
from tracker.cli.output import print_json, whole_words
from tracker.clock import ago
from tracker.ingest import discover_files
from tracker.sources.base import FoundFile, ReadState, Sources
from tracker.words import counted, unpriced_text

_CLEANUP_DEFAULT_DAYS = 30  # the client's own default
_MAX_FILES = 10  # damaged files to list
_REWRITE_SECONDS = 60  # a file still incomplete after that is damaged


@click.command()
@reading_options
def doctor(invocation: Invocation) -> None:
    """Show where it looked, what it found, and whether the figures add up.

    It also names what is wrong in settings.toml, prices.toml and plans.toml. Exit code 1 if an invariant of the ledger
    is broken.

    \b
    taximeter doctor
    taximeter doctor --json
    """
    found = examine(invocation)
    if invocation.as_json:
        print_json(found)
    else:
        _show(found)
    if any(check["broken"] for check in found["invariants"]):
        raise SystemExit(1)


def examine(invocation: Invocation) -> dict[str, Any]:
    """Everything that the command reports."""
    from hooks.install.claude_code_status import hook_status
    from tracker.cli import install_cline
    from tracker.cli.install import hooks_json
    from tracker.cli.sync import open_and_sync, sources_of
    from tracker.cli.user_settings import file_problems

    ledger, wrong = ledger_path(), file_problems()
    problems: list[str] = []
    if invocation.no_sync:
        db = open_ledger(on_damage=say_damaged)
    else:
        db, report = open_and_sync(invocation, usable_only=True)
        problems = [one for one in report.problems if one not in wrong]
    sources = sources_of(invocation)
    known = _without_old_paths(known_files(db))
    counts = totals(db)
    is_cline_meant = invocation.cline_dirs or not invocation.explicit
    cline = install_cline.look_if_there(invocation) if is_cline_meant else None
    claude_roots = [root for source, roots in sources if source.agent == Agent.CLAUDE_CODE for root in roots]
    return {
        "schema_version": 1,
        "ledger": {
            "path": str(ledger),
            "bytes": sum(path.stat().st_size for path in (ledger, Path(f"{ledger}-wal")) if path.exists()),
            "mode": oct(ledger.stat().st_mode & 0o777),
            "set_aside": [str(path) for path in damaged_ledgers(ledger)],
        },
        "folders": [
            {
                "agent": source.agent,
                "path": str(root),
                "files": sum(Path(path).is_relative_to(root) for path in known),
                "retention_days": retention_days(root) if source.agent == Agent.CLAUDE_CODE else None,
            }
            for source, roots in sources
            for root in roots
            if ledger.parent not in root.parents  # our own plugin's folder: see `taximeter status cline`
        ],
        "looked_in": looked_in(invocation),
        "hooks": hooks_json(hook_status(claude_roots, home())),
        "cline_hooks": cline and install_cline.as_json(cline),
        "files": len(known),
        "gone_files": sum(file.gone for file in known.values()),
        "bad_lines": sum(file.bad_lines for file in known.values()),
        "files_with_bad_lines": [
            {"path": path, "bad_lines": file.bad_lines} for path, file in sorted(known.items()) if file.bad_lines
        ],
        "torn_files": [] if invocation.no_sync else _torn_files(db, known, sources, problems),
        "calls": counts.calls,
        "sessions": counts.sessions,
        "unpriced_calls": counts.unpriced_calls,
        "unpriced_models": counts.unpriced_models,
        "uncounted_models": sorted(uncounted_models(db)),
        "settings_problems": wrong,
        "problems": problems,
        "invariants": [check._asdict() for check in check_invariants(db)],
    }


def _without_old_paths(known: Mapping[str, KnownFile]) -> dict[str, KnownFile]:
    """Files without those that moved: after a folder is renamed, its files are known by both names."""
    there = {(file.inode, Path(path).name): file.size for path, file in known.items() if not file.gone}
    return {
        path: file
        for path, file in known.items()
        if not (file.gone and file.inode and there.get((file.inode, Path(path).name), -1) >= file.size)
    }


def _torn_files(
    db: sqlite3.Connection, known: Mapping[str, KnownFile], sources: Sources, problems: Sequence[str]
) -> list[str]:
    """Readable files that a sync left incomplete and that nobody is writing: truncated by a crash."""
    read = {path: (file.inode, file.size, file.mtime_ns) for path, file in known.items()}
    return sorted(
        file.path
        for _, file in discover_files(sources, [])
        if abs(time.time() - file.mtime_ns / 1e9) > _REWRITE_SECONDS
        and (read.get(file.path) != (file.inode, file.size, file.mtime_ns) or _lacks_an_end(db, file))
        and not any(file.path in problem for problem in problems)
    )


def _lacks_an_end(db: sqlite3.Connection, file: FoundFile) -> bool:
    """Whether a transcript's last line is incomplete, and therefore unread."""
    _, state = read_state(db, file.path)
    if file.kind != "transcript" or state is None:
        return False
    return msgspec.msgpack.decode(state, type=ReadState).offset < file.size


def retention_days(root: Path) -> int:
    """Days after which Claude Code deletes transcripts (`cleanupPeriodDays`)."""
    try:
        with open(root / "settings.json", encoding="utf-8") as handle:
            value = json.load(handle).get("cleanupPeriodDays")
    except (OSError, ValueError, AttributeError):
        return _CLEANUP_DEFAULT_DAYS
    return value if isinstance(value, int) and value > 0 else _CLEANUP_DEFAULT_DAYS


def _hooks_text(folder: dict[str, Any], fired: dict[str, dict[str, Any]]) -> str:
    """Text on what is installed in a Claude Code folder, when it last ran, and what is wrong."""
    parts = [counted(len(folder["hooks"]), "hook")] if folder["hooks"] else []
    parts += ["plugin"] * folder["plugin"] + ["status line"] * folder["status_line"]
    if not parts:
        return f"{folder['path']}: {'; '.join(['none (taximeter install claude-code)', *folder['problems']])}"
    ours = fired if folder["plugin"] else {*folder["hooks"], "statusline"} & fired.keys()
    ran = _fired_text([fired[name]["at_ms"] for name in ours])
    return f"{folder['path']}: {', '.join(parts)}; {'; '.join([ran, *folder['problems']])}"


def _cline_hooks_text(cline: dict[str, Any]) -> str:
    """The same of all of Cline's folders together; its plugin fires whenever it notes a request."""
    from hooks.install.cline_status import FOREIGN, MISSING

    there = [file["what"] for file in cline["files"] if file["state"] not in (MISSING, FOREIGN)]
    hooks = sum(what != "plugin" for what in there)
    parts = [counted(hooks, "hook")] if hooks else []
    parts += ["plugin"] * ("plugin" in there)
    if not parts:
        return f"Cline: {'; '.join(['none (taximeter install cline)', *cline['problems']])}"
    times = [*(run["at_ms"] for run in cline["fired"].values()), cline["last_row_at_ms"]]
    ran = _fired_text([at for at in times if at is not None])
    return f"Cline: {', '.join(parts)}; {'; '.join([ran, *cline['problems']])}"


def _fired_text(times_ms: Sequence[int]) -> str:
    return f"last fired {ago(max(times_ms))}" if times_ms else "not fired yet"


def _show(found: dict[str, Any]) -> None:
    def line(good: bool, text: str) -> None:
        mark = click.style("✔", fg="green") if good else click.style("✘", fg="red")
        click.echo(f"{mark}{whole_words(f'  {text}')[1:]}")

    ledger = found["ledger"]
    line(True, f"ledger   {ledger['path']} ({ledger['bytes'] / 1e6:.1f} MB, mode {ledger['mode'][2:]})")
    for path in ledger["set_aside"]:
        line(False, f"a damaged ledger was set aside: {path} (delete it if you do not need it)")
    if not found["folders"]:
        line(False, f"no folder of an agent found; looked in {', '.join(found['looked_in'])}")
        click.echo("  name one with --claude-dir or --cline-dir, or try taximeter demo")
    for folder in found["folders"]:
        days = folder["retention_days"]
        kept = f"; the client deletes them after {counted(days, 'day')}" if days else ""
        line(folder["files"] > 0, f"{folder['agent']}   {folder['path']}: {counted(folder['files'], 'file')}{kept}")
    for folder in found["hooks"]["folders"]:
        line(not folder["problems"], f"hooks   {_hooks_text(folder, found['hooks']['fired'])}")
    if cline := found["cline_hooks"]:
        line(not cline["problems"], f"hooks   {_cline_hooks_text(cline)}")
    line(
        True,
        f"{counted(found['calls'], 'call')} of {counted(found['sessions'], 'session')};"
        f" {found['gone_files']:,} of {counted(found['files'], 'file')} gone, their calls are kept",
    )
    line(not found["bad_lines"], f"{counted(found['bad_lines'], 'damaged line')} skipped")
    damaged = sorted(found["files_with_bad_lines"], key=lambda file: -file["bad_lines"])
    _list_files([f"{file['bad_lines']:>5}  {file['path']}" for file in damaged])
    torn = found["torn_files"]
    if torn:
        line(False, f"{counted(len(torn), 'file')} cut off by a crash: the last line is not in the ledger")
    _list_files([f"{'':7}{path}" for path in torn])
    unpriced = unpriced_text(found["unpriced_models"], found["uncounted_models"])
    models = f": {unpriced}" if unpriced else ""
    line(not unpriced, f"{counted(found['unpriced_calls'], 'call')} without a price{models}")
    for problem in found["settings_problems"]:
        line(False, problem)
    for problem in found["problems"]:
        line(False, f"cannot read {problem}")
    for check in found["invariants"]:
        broken = f": {counted(check['broken'], 'row')}" if check["broken"] else ""
        line(not broken, f"{check['statement']}{broken}")


def _list_files(lines: Sequence[str]) -> None:
    for line in lines[:_MAX_FILES]:
        click.echo(f"    {plain(line)}")
    if len(lines) > _MAX_FILES:
        click.echo(f"           and {counted(len(lines) - _MAX_FILES, 'more file')} (--json has all)")
