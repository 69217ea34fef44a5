"""`backtest`: tests whether the advice pays, on the user's own history."""

import click

from store.money import short_usd
from store.plain_text import plain
from tracker.advisor.preferences import preferences_of
from tracker.cli.common import (
    Invocation,
    agent_option,
    csv_option,
    midnight_ms,
    open_modelled,
    parse_period,
    project_option,
    reading_options,
)
from tracker.cli.drawing import rule
from tracker.cli.output import (
    Column,
    fit,
    note,
    numbers,
    paragraph,
    print_json,
    print_records,
    print_table,
    short_session,
    terminal_width,
    wrapped,
)
from tracker.cli.progress_bar import progress_bar
from tracker.cli.user_settings import user_settings
from tracker.clock import local
from tracker.model.advice.backtest_score import PolicyName, Score
from tracker.reports.backtest import BacktestReport, backtest_report, rule_name
from tracker.words import MEANT_TO_HOLD, counted, percent, tokens

_VARIANTS = {
    "reread_0.25x": "a quarter as much re-read",
    "reread_3x": "three times as much re-read",
    "summary_as_observed": "summaries as long as yours were ({})",
}
_SHOWN = 6
_CSV = (
    "name", "cost_usd", "captured", "captured_without_last", "regret_usd", "regret_share", "nudges",
    "nudges_per_session", "nudges_per_session_hour", "precision", "won_usd", "lost_usd",
)  # fmt: skip


@click.command()
@click.option("--since", metavar="DAY", help="Sessions begun from this day on: 2026-11-01, yesterday, 7d, 4w.")
@click.option("--until", metavar="DAY", help="Sessions begun up to this day, inclusive.")
@project_option
@agent_option
@csv_option
@reading_options
def backtest(
    invocation: Invocation, since: str | None, until: str | None, project: str | None, agent: str | None
) -> None:
    """Whether the advice pays: your own sessions replayed with it, with fixed rules, and with hindsight.

    Each rule sees only what was known at the time; each replay keeps what every call added and wrote, and the pauses.
    "Of the best" is the share of what perfect hindsight would have saved; "right" is how many nudges, each alone,
    would have saved money. What a summary leaves out is not priced.

    \b
    taximeter backtest
    taximeter backtest --since 4w --project shop
    taximeter backtest --csv       one row per rule
    """
    first, last = parse_period(since, until)
    db = open_modelled(invocation)
    with progress_bar("replaying") as tell:
        report = backtest_report(
            db,
            preferences_of(user_settings()),
            since=midnight_ms(first),
            until=midnight_ms(last, days=1),
            project=project,
            agent=agent,
            say=lambda words: tell(None, words),
        )
    if invocation.as_json:
        print_json(report.as_json())
    elif invocation.as_csv:
        print_records(_CSV, report.as_json()["policies"])
    elif report.result.sessions:
        show(report)
    else:
        _show_nothing({"since": since, "until": until, "project": project, "agent": agent})


def _show_nothing(filters: dict[str, str | None]) -> None:
    named = "".join(f" --{name} {text}" for name, text in filters.items() if text is not None)
    chosen = f" with{plain(named)}" if named else ""
    click.echo(
        wrapped(
            f"No session to replay{chosen}: a replay needs a session with a turn, and a price for each of its calls."
        )
    )
    note("taximeter doctor says where it looked; taximeter sessions lists what is on record.")


def show(report: BacktestReport) -> None:
    """Draw the report for people."""
    cells = min(terminal_width(), 120)
    result = report.result
    sessions = counted(result.sessions, "session")
    first, last = (f"{local(at):%Y-%m-%d}" for at in (report.first_at, report.last_at))
    click.echo(rule(f"Does the advice pay?  {sessions}, {first} to {last}", cells))
    hidden = f", and about {short_usd(report.hidden_nano)} for {counted(report.compactions, 'compaction')}"
    click.echo(
        wrapped(
            f"What happened: {counted(report.calls, 'call')} in main conversations,"
            f" billed {short_usd(report.billed_nano)}{hidden if report.compactions else ''}."
        )
    )
    click.echo()
    _show_rules(report)
    click.echo()
    _show_verdict(report)
    if report.nudges:
        click.echo()
        _show_said(report, cells)
    click.echo()
    words = "Everything but the billed sum is modelled. Sensitivity, assumptions and every nudge: --json."
    if report.left_out:
        words += f" {counted(report.left_out, 'session')} left out: a call without a price, or no turn."
    note(words)


def _show_rules(report: BacktestReport) -> None:
    result = report.result
    never, client = result.score(PolicyName.NEVER), result.score(PolicyName.CLIENT)
    others = [score for score in result.scores if score not in (never, client)]
    shown = [never, *([client] if client.cost_nano != never.cost_nano else [])]
    shown += sorted(others, key=lambda score: -score.cost_nano)
    rows = [
        (
            f"{'▸' if score.name == PolicyName.OURS else ' '} {rule_name(score.name)}",
            f"~{short_usd(score.cost_nano)}",
            short_usd(never.cost_nano - score.cost_nano) if score is not never else "",
            _percent(score.captured) if score is not never else "",
            f"{score.nudges}" if score.nudges else "",
            _percent(score.precision),
            f"{short_usd(score.won_nano)} / {short_usd(score.lost_nano)}" if score.nudges else "",
        )
        for score in shown
    ]
    titles = numbers("cost", "saves", "of the best", "compacts", "right")
    print_table((Column("  compacting"), *titles, *numbers("won / lost each", min_width=100)), rows)


def _show_verdict(report: BacktestReport) -> None:
    result, saving = report.result, report.result.saving
    ours, never = result.score(PolicyName.OURS), result.score(PolicyName.NEVER)
    hour = f", {ours.nudges_per_hour:.1f} an active hour" if ours.nudges_per_hour else ""
    if not ours.nudges:
        click.echo("No compact nudge would have been shown: no session reached its compact level.")
        return
    word, sign = ("saved", 1) if saving.point_nano >= 0 else ("cost", -1)
    low, high = sorted((sign * saving.low_nano, sign * saving.high_nano))
    share = percent(abs(saving.point_nano) / never.cost_nano if never.cost_nano else 0.0)
    paragraph(
        f"Followed each time, compact nudges would have {word} ~{short_usd(abs(saving.point_nano))} ({share});"
        f" over sessions like these {short_usd(low)} to {short_usd(high)}, {MEANT_TO_HOLD}."
    )
    if saving.high_nano < 0:
        note("Here they do not pay; taximeter nudges off compact silences them.")
    if ours.captured is None:
        note("Even with hindsight, compacting would have saved nothing: the sessions ended too soon.")
        return
    fixed = min((score for score in result.scores if score.name.startswith("fixed_")), key=lambda one: one.cost_nano)
    best = short_usd(never.cost_nano - result.score(PolicyName.OPTIMUM).cost_nano)
    paragraph(
        f"Perfect hindsight would have saved ~{best}; the nudges get {_part(ours.captured)} of that,"
        f" the best fixed rule here ({rule_name(fixed.name)}) {_part(fixed.captured)}."
        f"{_without_last(ours, fixed)} {ours.nudges_per_session:.1f} nudges a session{hour}."
    )
    own = tokens(round(report.observed_summary_tokens or 0))
    variants = [
        f"{short_usd(one.saved_nano)} with {_VARIANTS[label].format(own)}" for label, one in result.sensitivity.items()
    ]
    paragraph(f"If compacting costs more or less than assumed, savings are {', '.join(variants)}.", dim=True)


def _show_said(report: BacktestReport, cells: int) -> None:
    click.echo(rule("The nudges that would have been shown, had none been followed", cells))
    rows = [
        (
            f"  {one.kind.replace('_', ' ')}",
            f"{one.said}",
            "" if one.promised_nano is None else f"~{short_usd(one.promised_nano)}",
            "" if one.saved_nano is None else f"~{short_usd(one.saved_nano)}",
            f"{one.right} of {one.judged}" if one.judged else "",
        )
        for one in report.kinds
    ]
    titles = ("shown", "promised each", "would have saved", "right")
    print_table((Column("  kind"), *numbers(*titles)), rows)
    click.echo()
    judged = [one for one in report.nudges if one.saved_nano is not None]
    for one in sorted(judged, key=lambda one: -abs(one.saved_nano or 0))[:_SHOWN]:
        when = local(one.row.due_at)
        head = f"  {when:%Y-%m-%d %H:%M}  {short_session(one.row.session)}  {short_usd(one.saved_nano):>7}  "
        click.echo(head + fit(one.row.text or "", max(20, terminal_width() - len(head))).rstrip())
    note("  Each counted alone, to the end of its session; they overlap, so they do not add up.")


def _without_last(ours: Score, fixed: Score) -> str:
    """Both rules' shares of the best without compactions after work has ended; empty if that makes no difference."""
    shares = [_part(one.captured_without_last) for one in (ours, fixed)]
    if shares == [_part(one.captured) for one in (ours, fixed)]:
        return ""
    return f" Followed only where the session goes on, as nudges ask: {shares[0]} and {shares[1]}."


def _percent(share: float | None) -> str:
    return "" if share is None else percent(share)


def _part(captured: float | None) -> str:
    """A rule's share of the best, as part of a sentence."""
    return _percent(captured) if captured is not None and captured > 0 else "nothing"
