"""`context`: growth of a session's context, and the price of three options."""

import shlex
from functools import partial
from itertools import pairwise

import click

from store.money import short_usd
from store.nudges import NudgeRow
from store.projects import project_name
from store.reads.live_session import LiveSession
from tracker import clock
from tracker.advisor.habits import current_habits
from tracker.advisor.preferences import preferences_of
from tracker.cli.common import Invocation, csv_option, named_session, open_modelled, reading_options
from tracker.cli.drawing import CurvePoint, curve, rule, tool_and_target
from tracker.cli.empty import show_no_sessions
from tracker.cli.output import (
    fit,
    note,
    paragraph,
    print_csv,
    print_json,
    short_session,
    terminal_width,
    wrapped,
)
from tracker.cli.user_settings import user_settings
from tracker.clock import iso
from tracker.errors import UserError
from tracker.model.advice.options import OptionKind
from tracker.model.defaults import DEFAULTS
from tracker.model.forecast.auto_compaction import TriggerSource
from tracker.reports.carried import ContextContents, context_contents, name_of
from tracker.reports.context import NAMES, ContextReport, Prospect, advised, context_report, effect, horizon, open_nudge
from tracker.words import MEANT_TO_HOLD, countdown, counted, duration, percent, tokens

_SOURCES_SHOWN, _RESULTS_SHOWN, _RESULTS_IN_JSON = 8, 5, 20


@click.command()
@click.argument("session", required=False, metavar="[SESSION]")
@click.option("--turns", type=click.IntRange(1, 100), help="Turns to look ahead; default: as many as are likely.")
@csv_option
@reading_options
def context(invocation: Invocation, session: str | None, turns: int | None) -> None:
    """How a session's context grows, what its next calls cost, and three ways to go on.

    \b
    taximeter context                  the session with the latest call
    taximeter context 5ea3b8df --turns 4
    """
    db = open_modelled(invocation)
    found = named_session(db, session)
    if found is None:
        if invocation.is_for_programs:
            raise UserError("no session is on record (taximeter doctor says where it looked)")
        show_no_sessions(invocation)
        return
    habits = current_habits(db, found.agent, clock.now_ms())
    preferences = preferences_of(user_settings())
    report = context_report(db, found.id, habits, preferences, turns=turns)
    if report is None:
        raise UserError(f"session {found.native_id} has no recorded call in its main conversation")
    contents = partial(context_contents, db, found.id)
    if invocation.as_json:
        held = contents().as_json(_RESULTS_IN_JSON) if not report.was_reset else None
        print_json(report.as_json() | {"holds": held})
    elif invocation.as_csv:
        rows = [(iso(call.first_at), call.context, call.output, call.epoch, call.cause or "") for call in report.calls]
        print_csv(("at", "context", "output", "epoch", "miss"), rows)
    else:
        show(report, open_nudge(db, found.id, preferences, clock.now_ms()), None if report.was_reset else contents())


def show(report: ContextReport, nudge: NudgeRow | None, contents: ContextContents | None) -> None:
    """Draw the report for people."""
    cells = min(terminal_width(), 120)
    session = report.session
    click.echo(click.style(fit(session.title or session.native_id, cells).rstrip(), bold=True))
    words = [short_session(session.native_id), session.agent, report.model, project_name(session.project)]
    note(" · ".join(word for word in words if word))
    click.echo()
    resets = f", {report.resets} reset{'s' if report.resets > 1 else ''} ┆" if report.resets else ""
    missed = sum(call.cause is not None for call in report.calls)
    misses = f", {missed:,} {'miss' if missed == 1 else 'misses'} ×" if missed else ""
    calls = counted(len(report.calls), "call")
    heading = f"Context  {report.size}, first prompt {tokens(report.baseline)} ▒, {calls}{resets}{misses}"
    click.echo(rule(heading, cells))
    points = [
        CurvePoint(call.context, call.epoch != before.epoch, call.cause is not None)
        for before, call in pairwise([report.calls[0], *report.calls])
    ]
    for line in curve(points, cells - 2, 8, baseline=report.baseline):
        click.echo(f"  {line}")
    click.echo(f"  {_cache_words(report)}")
    click.echo()
    if contents is not None:
        _show_contents(contents, cells)
    if report.prospect is None:
        remedy = "" if report.was_reset else " (taximeter prices --help)"
        note(f"No forecast: {report.why_no_forecast}{remedy}.")
        return
    _show_prospect(session, report.prospect, nudge, report.idle_ms, cells)


def _show_contents(contents: ContextContents, cells: int) -> None:
    """What the context is made of, and the largest results that it still has."""
    whole = contents.tokens or 1
    click.echo(rule("It holds  ~ by source, and the largest results", cells))
    sources = contents.sources
    words = [
        f"{name_of(source.kind, source.tool)} {tokens(size)} {percent(size / whole)}"
        for source, size in sources[:_SOURCES_SHOWN]
    ]
    if left := sources[_SOURCES_SHOWN:]:
        size = sum(one for _, one in left)
        words.append(f"{len(left)} more {tokens(size)} {percent(size / whole)}")
    click.echo(wrapped(f"  {' · '.join(words)}"))
    shown = contents.results[:_RESULTS_SHOWN]
    names = tool_and_target([(part.source.tool, part.source.target) for part in shown], max(22, cells - 40))
    for part, name in zip(shown, names, strict=True):
        calls = f"carried by {counted(part.calls, 'call')}"
        click.echo(f"       {name}  {tokens(part.tokens):>6}  {calls:>23}")
    click.echo()


def _cache_words(report: ContextReport) -> str:
    if report.ttl_ms is None:
        return "cache lifetime not on record"
    if report.is_cold:
        return f"{click.style('cold', fg='red')} · {report.lifetime}, idle for {duration(report.idle_ms)}"
    words = f"{click.style('warm', fg='green')} {countdown(report.ttl_ms - report.idle_ms)} · {report.lifetime}"
    if report.prospect is None or not report.prospect.pings:
        return words
    return f"{words} · keeping it warm pays off for at most {counted(report.prospect.pings, 'idle prompt')}"


def _show_prospect(session: LiveSession, ahead: Prospect, nudge: NudgeRow | None, idle_ms: int, cells: int) -> None:
    options = ahead.options
    start = "From here" if idle_ms < DEFAULTS.return_window_ms else "If you resume it"
    click.echo(rule(f"{start}, {horizon(ahead)} (about {counted(options.calls, 'call')})", cells))
    best = advised(options, nudge)
    for option in options.ways:
        mark = "▸" if option.kind == best.kind else " "
        words = effect(option) if option.kind != OptionKind.CONTINUE else ""
        cost = click.style(f"{'~' + short_usd(option.cost_nano):>9}", bold=True)
        click.echo(
            f"  {mark} {fit(NAMES[option.kind], 12)} {cost}"
            f"   {fit(f'{short_usd(option.low_nano)} – {short_usd(option.high_nano)}', 18)}  {words}"
        )
    if nudge is not None:
        said = ". ".join(filter(None, (nudge.text, options.why_not_best(best))))
        paragraph(said, bullet="  ▲ ")
    click.echo()
    growth = f"{tokens(round(ahead.estimate.growth))} a call"
    click.echo(
        f"  grows by ~{growth}, next call ~{short_usd(ahead.next_call)}, compact level ~{tokens(round(ahead.level))}"
    )
    turn = ahead.next_turn
    click.echo(
        f"  next turn ~{short_usd(turn.go_on.cost_nano)}"
        f" ({short_usd(turn.go_on.low_nano)} – {short_usd(turn.go_on.high_nano)}), about {counted(turn.calls, 'call')}"
    )
    is_assumed = ahead.trigger_source == TriggerSource.ASSUMED
    size = f"~{tokens(ahead.trigger)} (assumed)" if is_assumed else tokens(ahead.trigger)
    click.echo(f"  the client auto-compacts at {size}, in about {counted(ahead.to_compaction, 'call')}")
    band = options.forecast.band
    if best.kind == OptionKind.NEW_SESSION:
        brief = f"taximeter handover {shlex.quote(short_session(session.native_id))}"
        note(f"A new session knows nothing of this task: start one for the next task, or hand over with {brief}.")
    note(f"~ modelled; ranges are {MEANT_TO_HOLD} (measured on {band.measured_on}), {options.forecast.condition}.")
