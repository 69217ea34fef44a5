"""Nudges: what is known of those shown, kinds in little room, and the figures behind one."""

import json
import re
from dataclasses import replace

import pytest

from tests.tui.fakes import Script, dashboard, drawn, settled, usd
from tracker.model.advice.backtest_score import PolicyName
from tracker.reports.nudges import KindSummary, NudgeReport, Realised
from tui import nudge_words
from tui.nudge_words import input_lines
from tui.screens.nudges import outcome_lines
from tui.snapshot import Snapshot, ViewRequest
from tui.widgets.hindsight import hindsight_lines


async def test_followed_is_counted_of_what_is_known(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.nudges is not None
        kinds = [KindSummary("compact", "on", 8, 1, 7, 0), KindSummary("baseline", "on", 2, 0, 0, 0)]
        return replace(made, nudges=replace(made.nudges, report=replace(made.nudges.report, kinds=kinds)))

    text = await drawn(dashboard(script, start="nudges"))
    assert "10 shown  1 of 7 followed  0 dismissed" in text
    assert next(line for line in text.splitlines() if "● compact" in line).split("● compact")[1].split()[0] == "1/7"
    assert next(line for line in text.splitlines() if "● baseline" in line).split("● baseline")[1].split()[0] == "–"


@pytest.mark.parametrize("screen", ["nudges", "plans"])
async def test_no_words_around_the_figures_are_cut_at_forty_columns(sample_script: Script, screen: str) -> None:
    rows = (await drawn(dashboard(sample_script, start=screen), size=(40, 20))).splitlines()
    names = ("Outcome", "shown", "followed", "not followed", "Log", "Plans", "modelled")
    framing = [row for row in rows if any(name in row for name in names)]
    assert len(framing) >= 2
    assert not [row for row in framing if "…" in row]


def test_what_a_nudge_was_decided_on_is_plain(sample_script: Script) -> None:
    nudges = sample_script(ViewRequest(screen="nudges")).nudges
    assert nudges is not None
    row = nudges.report.rows[0]._replace(inputs='{"file": "a\\u001b]0;x\\u0007"}', reason="a\x1b[31m")
    text = "".join(str(one) for one in input_lines(row, 60))
    assert "]0;x" in text
    assert ", meant to hold 8 of 10 times" in text
    assert text.isprintable()


async def test_promises_of_one_session_are_not_added_up(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.nudges is not None
        row = made.nudges.report.rows[0]._replace(shown_at=1, followed=None)
        rows = [
            row._replace(id=number, session_id=session, saving=saving)
            for number, (session, saving) in enumerate(((1, 10**9), (1, 2 * 10**9), (2, 5 * 10**8)))
        ]
        return replace(made, nudges=replace(made.nudges, report=replace(made.nudges.report, rows=rows)))

    async with dashboard(script, start="nudges").run_test(size=(120, 40)) as pilot:
        assert "promised, not followed ~$2.50" in await settled(pilot)


def test_hindsight_cuts_no_figure(sample_script: Script) -> None:
    nudges = sample_script(ViewRequest(screen="nudges")).nudges
    assert nudges is not None
    report = nudges.hindsight
    assert report is not None
    costs = {PolicyName.NEVER: usd(12_345.67), PolicyName.OURS: usd(12_545.67)}
    scores = tuple(replace(score, cost_nano=costs.get(score.name, usd(1))) for score in report.result.scores)
    dear = replace(report, result=replace(report.result, scores=scores))
    lines = [str(one) for one in hindsight_lines(dear, 116)]
    assert not any("…" in one for one in lines)
    assert any(" ~$12,545.67  costs $200.00 more " in one for one in lines)
    assert max(map(len, lines)) <= 116


async def test_kinds_that_have_no_room_are_counted(sample_script: Script) -> None:
    text = await drawn(dashboard(sample_script, start="nudges"), size=(80, 24))
    assert "● new session" in text
    assert " 6 more " in text


async def test_what_a_nudge_rests_on_is_in_figures_that_people_write(sample_script: Script) -> None:
    async with dashboard(sample_script, start="nudges").run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        text = await settled(pilot)
    assert "calls a turn" in text
    assert not re.search(r"\de[+-]\d", text)


def test_what_a_nudge_rests_on_has_its_units(sample_script: Script) -> None:
    part = sample_script(ViewRequest(screen="nudges")).nudges
    assert part is not None
    inputs = {
        "read_nano": 200.0,
        "output_nano": 20000,
        "one_off_nano": 340720321,
        "saving_nano_per_call": -23565969.4,
        "fresh_nano": None,
        "ttl_ms": 300000,
        "rewrite_share": 0.3261,
        "cold_probability": 0.024,
        "context": 122839,
        "is_plan": False,
        "remaining_calls": 46.06,
        "calls_low": 4.853,
        "calls": 31.4,
    }
    row = part.report.rows[0]._replace(inputs=json.dumps(inputs))
    lines = [re.split(r"  +", str(line)) for line in input_lines(row, 96)[-len(inputs) :]]
    assert lines == [
        ["price of read tokens", "$0.20 a million"],
        ["price of output tokens", "$20.00 a million"],
        ["costs at once", "$0.34"],
        ["saves a call", "-$0.02"],
        ["fresh", "–"],
        ["cache TTL", "5 min"],
        ["written again within the hour", "33%"],
        ["chance of a cold call", "2%"],
        ["context", "122,839"],
        ["paid by a plan", "no"],
        ["calls to come in the session", "46"],
        ["calls before full, at least", "5"],
        ["calls before full", "31"],
    ]


@pytest.mark.parametrize(("actual", "words"), [(0.5, "saved ~$1.50"), (2.5, "cost more ~$0.50")])
def test_followed_nudges_are_held_against_their_forecast(actual: float, words: str) -> None:
    realised = [Realised(1, 9, usd(actual), usd(1.5), 0, 0), Realised(2, 9, 0, usd(0.5), 0, 0)]
    lines = outcome_lines(NudgeReport([], [KindSummary("compact", "on", 3, 2, 2, 1)], realised), 80)
    assert [str(one) for one in lines] == [
        "3 shown  2 of 2 followed  1 dismissed",
        f"2 followed {words} on the forecast",
    ]


def test_what_was_shown_and_is_not_known_to_be_followed_is_said() -> None:
    shown, silent = (
        outcome_lines(NudgeReport([], [KindSummary("compact", "on", count, 0, 0, 0)], []), 80) for count in (3, 0)
    )
    assert str(shown[0]) == "3 shown  outcome not known yet  0 dismissed"
    assert str(silent[0]) == "0 shown  0 dismissed"


def test_what_a_nudge_was_decided_on_has_its_unit(sample_script: Script) -> None:
    nudges = sample_script(ViewRequest(screen="nudges")).nudges
    assert nudges is not None
    inputs = {"is_cold": True, "is_new": False, "plan": None, "waste_nano": 2 * 10**9, "idle_ms": 90_000}
    more = {"cold_share": 0.25, "calls": 1200, "growth": 1234.5, "rate": 0.51234}
    row = nudges.report.rows[0]._replace(inputs=json.dumps(inputs | more))
    figures = [str(one)[34:].strip() for one in input_lines(row, 60)]
    assert figures[-len(inputs | more) :] == [
        "yes", "no", "–", "$2.00", "90 s", "25%", "1,200", "1,234", "0.5123",
    ]  # fmt: skip


def test_what_a_nudge_rests_on_says_why_it_was_not_shown(sample_script: Script) -> None:
    part = sample_script(ViewRequest(screen="nudges")).nudges
    assert part is not None
    row = part.report.rows[0]._replace(fired=1, shown_at=None, dismissed_at=None, followed=None)
    made = [
        row._replace(chosen=0, reason="enough nudges this hour"),
        row._replace(chosen=1, reason="level"),
        row._replace(chosen=1, reason="level", shown_at=row.at),
    ]
    sheets = ["\n".join(str(one) for one in input_lines(one, 96)) for one in made]
    assert "Not shown: enough nudges this hour." in sheets[0]
    assert "Not shown: no hook, status line or dashboard was there to show it." in sheets[1]
    assert ["Reason: the context is above its compact level." in one for one in sheets] == [False, True, True]
    assert "Not shown" not in sheets[2]


def test_titles_of_what_a_nudge_rests_on_leave_a_blank_before_the_figure() -> None:
    assert max(map(len, nudge_words.INPUTS.values())) < nudge_words._TITLE_WIDTH


def test_what_a_nudge_rests_on_has_a_title_for_its_kind(sample_script: Script) -> None:
    part = sample_script(ViewRequest(screen="nudges")).nudges
    assert part is not None
    row = part.report.rows[0]._replace(inputs='{"calls": 807.0, "trigger": 967000, "threshold": 0.3846}')
    titles = [
        str(input_lines(row._replace(kind=kind), 96)[-3])[:34].rstrip()
        for kind in ("baseline", "large_result", "compact")
    ]
    assert titles == ["calls a month", "calls to come", "calls before full"]
    assert [str(one)[34:] for one in input_lines(row, 96)[-2:]] == ["967,000", "38%"]
