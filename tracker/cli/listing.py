"""`sessions` and `calls`: the ledger as lists."""

from functools import cache
from sys import intern
from typing import Any

import click

from store.money import short_usd, usd
from store.projects import project_name
from store.reads.calls import call_fields, call_rows
from store.reads.sessions import ListedSession, session_rows
from store.records import CallFlag
from tracker.cli.common import (
    Invocation,
    csv_option,
    filter_options,
    limit_option,
    open_chosen,
    reading_options,
)
from tracker.cli.empty import show_nothing
from tracker.cli.output import (
    Column,
    note,
    note_gaps,
    note_left_out,
    numbers,
    print_json,
    print_json_lines,
    print_records,
    print_table,
    short_session,
    terminal_width,
)
from tracker.clock import iso, local, short_time
from tracker.reports.spend import tokens_json
from tracker.words import agent_sign, chain_name, cost_text, tokens

_FLOOR = int(CallFlag.OUTPUT_IS_FLOOR)
_SHORT_SESSION = 8  # characters of a Claude Code session id; Cline's are longer
_SESSION_CSV = (
    "agent", "session", "project", "title", "branch", "first_at", "last_at", "calls", "cost_usd", "models",
    "unpriced_calls", "floor_calls",
)  # fmt: skip


@click.command()
@limit_option
@filter_options
@csv_option
@reading_options
def sessions(invocation: Invocation, limit: int | None, **filters: Any) -> None:
    """List sessions with what they cost, latest first.

    \b
    taximeter sessions --since 7d
    taximeter sessions --project api --json
    """
    db, chosen = open_chosen(invocation, filters)
    found = session_rows(db, chosen)
    rows = found[: invocation.max_rows(limit)]
    if invocation.as_json:
        print_json({"schema_version": 1, "sessions": [_session_json(row) for row in rows]})
    elif invocation.as_csv:
        print_records(_SESSION_CSV, (_session_json(row) | {"models": row.models} for row in rows))
    elif not rows:
        show_nothing(invocation, db)
    else:
        several = terminal_width() >= 100 and len({row.agent for row in rows}) > 1
        columns = (
            Column("session", cut="never"),
            *([Column("agent")] if several else []),
            Column("last", cut="never"),
            Column("project"),
            Column("title"),
            *numbers("calls", "tokens", "cost"),
        )
        print_table(
            columns,
            [
                (
                    short_session(row.native_id),
                    *([agent_sign(row.agent)] if several else []),
                    _minute(row.last_at),
                    project_name(row.project) or "?",
                    row.title or "",
                    f"{row.calls:,}",
                    tokens(sum(row.tokens)),
                    cost_text(row),
                )
                for row in rows
            ],
        )
        note_left_out(len(found) - len(rows), "sessions")
        note_gaps(rows)
        note("taximeter calls --session ID lists the calls of one.")


def _session_json(row: ListedSession) -> dict[str, Any]:
    return {
        "agent": row.agent,
        "session": row.native_id,
        "project": row.project,
        "title": row.title,
        "branch": row.branch,
        "version": row.version,
        "entrypoint": row.entrypoint,
        "billing": row.billing,
        "parent": row.parent,
        "first_at": iso(row.first_at),
        "last_at": iso(row.last_at),
        "calls": row.calls,
        "tokens": tokens_json(row.tokens),
        "cost_usd": usd(row.cost),
        "unpriced_calls": row.unpriced,
        "floor_calls": row.floor,
        "models": row.models.split(","),
    }


@click.command()
@limit_option
@filter_options
@csv_option
@reading_options
def calls(invocation: Invocation, limit: int | None, **filters: Any) -> None:
    """List every model call; --json gives one object per line with every stored field.

    The fields include the call's task and the parts of its cost.

    \b
    taximeter calls --session 5ea3b8df
    taximeter calls --json --since today > calls.jsonl
    """
    db, chosen = open_chosen(invocation, filters, modelled=invocation.is_for_programs)
    most = invocation.max_rows(limit)
    rows = call_rows(
        db,
        chosen,
        limit=most if invocation.is_for_programs or most is None else most + 1,
    )
    if invocation.as_json:
        print_json_lines(call_json(row) for row in rows)
        return
    if invocation.as_csv:
        titles = list(call_json(dict.fromkeys(call_fields(db), 0)))
        made = map(call_json, rows)
        print_records(titles, (one | {"flags": " ".join(one["flags"])} for one in made))
        return
    is_narrow = terminal_width() < 100
    lines = [
        _call_line(row, is_narrow=is_narrow) for row in rows
    ]  # full rows of a long history would take half a gigabyte
    if not lines:
        show_nothing(invocation, db)
    else:
        _show_calls(lines if most is None else lines[-most:], is_narrow=is_narrow)
        if most is not None and len(lines) > most:
            note("Older calls left out: --limit 0 shows all.")


_AMOUNTS = (
    "cost", "reported_cost", "baseline", "carry_over", "own", "waste", "fresh", "generation", "other",
)  # fmt: skip


def call_json(row: dict[str, Any]) -> dict[str, Any]:
    """A call's JSON: times in UTC, amounts as decimal strings, flags by name."""
    made = dict(row)
    for name in ("requested_at", "first_at", "last_at"):
        made[name] = iso(row[name])
    for name in _AMOUNTS:
        del made[name]
        made[f"{name}_usd"] = usd(row[name])
    made["flags"] = _flag_names(row["flags"])
    return made


@cache
def _flag_names(flags: int) -> tuple[str, ...]:
    return tuple(str(flag.name).lower() for flag in CallFlag if flags & flag)


def _call_line(row: dict[str, Any], *, is_narrow: bool) -> tuple[str, ...]:
    """A call's cells; strings shared by many calls are interned."""
    return (
        intern(short_time(row["first_at"]) if is_narrow else _minute(row["first_at"])),
        intern(short_session(row["session"])),
        intern(chain_name(row["chain"], row["agent_type"])),
        intern(row["model"].removeprefix("claude-") if is_narrow else row["model"]),
        tokens(row["input"]),
        tokens(row["cache_read"]),
        tokens(row["write_5m"] + row["write_1h"]),
        ("≥" if row["flags"] & _FLOOR else "") + tokens(row["output"]),
        short_usd(row["cost"]),
        tokens(row["input"] + row["write_5m"] + row["write_1h"]) if is_narrow else "",
    )


def _show_calls(lines: list[tuple[str, ...]], *, is_narrow: bool) -> None:
    whole = [Column(title, cut="never") for title in ("time", "session")]
    columns = (*whole, Column("chain", cut="start"), Column("model"))
    # With a long id there is room for only one column of uncached tokens.
    if is_narrow and any(len(line[1]) > _SHORT_SESSION for line in lines):
        shown = [(*line[:4], line[5], line[9], *line[7:9]) for line in lines]
        print_table((*columns, *numbers("read", "new", "out", "cost")), shown)
    else:
        print_table((*columns, *numbers("in", "read", "written", "out", "cost")), [line[:9] for line in lines])
    floor = any(line[7].startswith("≥") for line in lines)
    note("Times are local." + (" ≥ a floor: the output is not fully recorded." if floor else ""))


def _minute(at_ms: int | None) -> str:
    return "" if at_ms is None else f"{local(at_ms):%Y-%m-%d %H:%M}"
