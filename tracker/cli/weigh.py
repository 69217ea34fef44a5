"""`weigh`: the cost of texts that are in every prompt."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import msgspec

from store.money import short_usd
from store.reads.baseline import commonest_model
from tracker import clock
from tracker.claude_folders import user_folders
from tracker.cli.common import Invocation, open_modelled, reading_options
from tracker.cli.output import Column, abbreviate_home, numbers, paragraph, print_json, print_table
from tracker.errors import UserError
from tracker.model.defaults import CHARS_PER_TOKEN
from tracker.reports.weigh import (
    DAYS,
    ESTIMATE_SPREAD,
    Kind,
    Thing,
    WeighReport,
    carriers_of,
    usual_files,
    weigh_report,
)

_LARGEST_BYTES = 4 << 20
_FALLBACK_MODEL = "claude-opus-5-5"


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--tools", type=click.Path(path_type=Path), metavar="FILE", help="JSON with tool definitions (a list).")
@click.option("--handover", type=click.Path(path_type=Path), metavar="FILE", help="A handover brief.")
@click.option("--model", metavar="ID", help="Count for this model; default: the one you use most.")
@click.option("--offline", is_flag=True, help="Send nothing: estimate tokens from characters.")
@reading_options
def weigh(
    invocation: Invocation,
    files: tuple[Path, ...],
    tools: Path | None,
    handover: Path | None,
    model: str | None,
    offline: bool,
) -> None:
    """What instruction files, tool definitions and a handover cost, in tokens and per month.

    The provider counts the tokens (free): the texts are sent to it with the key from ANTHROPIC_API_KEY or the system
    keyring (service taximeter, account api). --offline sends nothing and estimates. Without FILES: the instruction
    files that Claude Code loads here.

    \b
    taximeter weigh
    taximeter weigh CLAUDE.md --tools tools.json
    taximeter weigh --offline
    """
    things = _things(files, tools, handover)
    if not things:
        raise UserError("no instruction files here: name FILES, --tools or --handover")
    until = clock.today().isoformat()
    since = (clock.today() - timedelta(days=DAYS - 1)).isoformat()
    db = open_modelled(invocation)
    chosen = model or commonest_model(db, since, until) or _FALLBACK_MODEL
    count, sources = (None, "an estimate from characters") if offline else _counter(chosen)
    report = weigh_report(db, chosen, things, since, until, count, sources)
    if invocation.as_json:
        print_json(report.as_json())
    else:
        show(report)


def _counter(model: str) -> tuple[Callable[[Thing], int], str]:
    from tracker.provider.api import API_ACCOUNT, KEY_NAMES, count_tokens, find_key

    key = find_key(KEY_NAMES, API_ACCOUNT)
    if key is None:
        raise UserError(
            "no key to ask the provider with: set ANTHROPIC_API_KEY, or estimate with taximeter weigh --offline"
        )

    def count(thing: Thing) -> int:
        return count_tokens(key, model, text=thing.text, tools=thing.tools)

    return count, f"the provider, key from {key.found_in}"


def _things(files: tuple[Path, ...], tools: Path | None, handover: Path | None) -> list[Thing]:
    own = user_folders()
    named = [(str(path), path) for path in files]
    if not files and tools is None and handover is None:
        named = [(_short(path), path) for path in usual_files(Path.cwd(), own)]
    things = [Thing(name, Kind.INSTRUCTIONS, _text(path), carriers=carriers_of(path, own)) for name, path in named]
    if tools is not None:
        things.append(Thing(str(tools), Kind.TOOLS, tools=_tools(tools)))
    if handover is not None:
        things.append(Thing(str(handover), Kind.HANDOVER, _text(handover)))
    return things


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else abbreviate_home(str(path))


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    if len(raw) > _LARGEST_BYTES:
        raise UserError(f"{path}: larger than {_LARGEST_BYTES >> 20} MB")
    text = raw.decode("utf-8", "replace")
    if not text.strip():
        raise UserError(f"{path}: empty")
    return text


def _tools(path: Path) -> tuple[dict[str, Any], ...]:
    try:
        found = msgspec.json.decode(_text(path))
    except msgspec.DecodeError as error:
        raise UserError(f"{path}: not JSON: {error}") from error
    listed = found.get("tools") if isinstance(found, dict) else found
    if not isinstance(listed, list) or not listed or not all(isinstance(tool, dict) for tool in listed):
        raise UserError(f"{path}: no tool definitions (a list of objects, or an object with a list named tools)")
    return tuple(listed)


def show(report: WeighReport) -> None:
    """Draw what was weighed."""
    rows = []
    for one in report.things:
        mark = "~" if one.is_estimate else ""
        carried = one.month_nano is not None
        rows.append(
            [
                one.thing.name,
                one.thing.kind,
                f"{mark}{one.tokens:,}",
                f"~{short_usd(one.per_session_nano)}" if carried else "–",
                f"~{short_usd(one.month_nano)}" if carried else "–",
                f"{one.calls:,}",
            ]
        )
    columns = (Column("what"), Column("kind"), *numbers("tokens", "a session", "a month", "calls"))
    print_table(columns, rows)
    paragraph(f"Tokens of {report.model}, counted by {report.sources}.", dim=True)
    if any(one.is_estimate for one in report.things):
        paragraph(f"An estimate is {CHARS_PER_TOKEN} characters a token, give or take {ESTIMATE_SPREAD:.0%}.", dim=True)
    paragraph(
        f"a month: the calls of {report.since} to {report.until} that carry it (~ modelled). A cold call writes"
        " it, every other call reads it; a session's subagents count as sessions. A handover: if every session began"
        " with it.",
        dim=True,
    )
    if any(not one.calls for one in report.things):
        paragraph("–: no call in this period belongs to that folder.", dim=True)
