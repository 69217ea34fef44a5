"""The status line: what it shows, what it keeps, and that nothing makes it fail."""

import json
import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.advice import shown_nudges, write_advice, write_today
from hooks.spool_reader import drained
from hooks.status_format import DEFAULT_FORMAT, fill_format
from hooks.status_segments import ALARM, PLAIN, SEGMENTS, WARNING, segments
from store.advice_format import Nudge
from store.ledger import open_ledger
from store.schema_version import SCHEMA_VERSION
from tests.unit.hooks.odd_advice import ANYTHING, ODD_ADVICE
from tests.unit.hooks.program import FAR_FUTURE_MS, NUDGE_TEXT, STATUSES, SUBSCRIBER, shown, spool_lines

NOW_MS = 1_795_225_800_000
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def with_cache(expires_in_seconds: float) -> dict[str, Any]:
    cache = {"warm": True, "ttl": "5m", "expires_at": int(time.time() + expires_in_seconds)}
    return {**SUBSCRIBER, "prompt_cache": cache}


def texts(status: dict[str, Any], advice: dict[str, Any] | None = None, *, is_refreshed: bool = True) -> dict[str, str]:
    made = segments(status, advice or {}, "", NOW_MS, is_refreshed=is_refreshed)
    return {name: text for name, (text, _) in made.items()}


# -- what it shows ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: "+".join(sorted(status))[-40:])
def test_every_status_of_the_client_makes_one_line_at_most(status: dict[str, Any], home: Path) -> None:
    line = shown(home, status)
    assert line.count("\n") == 1
    assert line.startswith("session $")


def test_the_clients_own_figures_stand_where_there_is_no_advice() -> None:
    status = {
        "cost": {"total_cost_usd": 0.0931},
        "context_window": {"total_input_tokens": 82_126, "used_percentage": 8},
        "prompt_cache": {"expires_at": NOW_MS // 1000 + 190},
        "rate_limits": {
            "five_hour": {"used_percentage": 42, "resets_at": NOW_MS // 1000 + 1},
            "seven_day": {"used_percentage": 17},
        },
    }
    assert texts(status) == {
        "task": "session $0.09 API-equivalent",
        "today": "",
        "context": "context 82k (8%)",
        "cache": "cache 3:10",
        "limits": "5h 42% 7d 17%",
        "nudge": "",
    }


def test_the_advice_brings_the_task_the_day_and_the_compact_level() -> None:
    status = {"cost": {"total_cost_usd": 9.9}, "context_window": {"total_input_tokens": 82_126, "used_percentage": 8}}
    advice = {"task_cost_nano": 1_234_567_890, "today_cost_nano": 5_000_000_000, "compact_at_tokens": 90_700}
    made = texts(status, advice)
    assert (made["task"], made["today"], made["context"]) == ("task $1.23", "today $5.00", "context 82k/91k")
    assert texts(status, {**advice, "api_equivalent": True})["task"] == "task $1.23 API-equivalent"
    floors = texts(status, {**advice, "task_is_floor": True, "today_is_floor": True})
    assert (floors["task"], floors["today"]) == ("task ≥$1.23", "today ≥$5.00")
    assert texts(status, {**advice, "compact_at_tokens": 80_000})["context"] == "context 82k/80k compact"


@pytest.mark.parametrize(
    ("latest", "shown_context"),
    [
        (
            {"input_tokens": 4, "cache_creation_input_tokens": 1000, "cache_read_input_tokens": 12_496},
            "context 14k (7%)",
        ),
        (None, ""),
    ],
)
def test_the_context_is_what_the_latest_request_had_before_it(
    latest: dict[str, int] | None, shown_context: str
) -> None:
    """Client 2.1.90 has a total of its own: what was read uncached since it was started, `/clear` or not."""
    window = {"total_input_tokens": 508, "current_usage": latest, "used_percentage": 7}
    assert texts({"context_window": window})["context"] == shown_context


def test_the_cost_of_a_day_that_is_over_is_left_out() -> None:
    advice = {"today_cost_nano": 5_000_000_000}
    assert texts({}, {**advice, "today_ends_at": NOW_MS + 1})["today"] == "today $5.00"
    assert texts({}, {**advice, "today_ends_at": NOW_MS})["today"] == ""


def test_an_unpriced_task_shows_the_clients_total_not_zero() -> None:
    assert texts({"cost": {"total_cost_usd": 2}}, {"task_cost_nano": None})["task"] == "session $2.00"
    assert texts({}, {"task_cost_nano": None})["task"] == ""


@pytest.mark.parametrize(
    ("limits", "is_subscriber"),
    [
        ({"five_hour": {"used_percentage": 0}}, True),
        ({"seven_day": {"used_percentage": 17}}, True),
        ({"seven_day": {"used_percentage": 17, "resets_at": 5}}, True),
        ({"spend_limit": {"used_percentage": 17}}, False),  # a gateway's, which is paid by use
        ({"five_hour": {"used_percentage": None}}, False),
        ({}, False),
    ],
)
def test_the_clients_total_of_a_subscriber_is_what_the_api_would_cost(
    limits: dict[str, Any], is_subscriber: bool
) -> None:
    task = texts({"cost": {"total_cost_usd": 2}, "rate_limits": limits})["task"]
    assert task == ("session $2.00 API-equivalent" if is_subscriber else "session $2.00")


def test_a_clock_counts_down_only_where_the_line_is_redrawn(zone: Callable[[str], None]) -> None:
    zone("UTC")
    status = {"prompt_cache": {"expires_at": NOW_MS // 1000 + 59}}
    assert texts(status)["cache"] == "cache 0:59"
    assert texts(status, is_refreshed=False)["cache"] == "cache until " + time.strftime(
        "%H:%M", time.gmtime(NOW_MS // 1000 + 59)
    )
    assert texts({"prompt_cache": {"expires_at": NOW_MS // 1000 - 1}})["cache"] == "cache cold"
    assert texts({"prompt_cache": {"expires_at": None}})["cache"] == ""


def limits(five_hour: float, seven_day: float) -> dict[str, Any]:
    return {"rate_limits": {"five_hour": {"used_percentage": five_hour}, "seven_day": {"used_percentage": seven_day}}}


@pytest.mark.parametrize(
    ("segment", "status", "shown_as"),
    [
        ("context", {"context_window": {"total_input_tokens": 79_000}}, ("context 79k/80k", PLAIN)),
        ("context", {"context_window": {"total_input_tokens": 80_000}}, ("context 80k/80k compact", WARNING)),
        ("cache", {"prompt_cache": {"expires_at": NOW_MS // 1000 + 60}}, ("cache 1:00", PLAIN)),
        ("cache", {"prompt_cache": {"expires_at": NOW_MS // 1000 + 59}}, ("cache 0:59", WARNING)),
        ("cache", {"prompt_cache": {"expires_at": NOW_MS // 1000 + 1}}, ("cache 0:01", WARNING)),
        ("cache", {"prompt_cache": {"expires_at": NOW_MS // 1000}}, ("cache cold", WARNING)),
        ("limits", limits(74, 17), ("5h 74% 7d 17%", PLAIN)),
        ("limits", limits(75, 17), ("5h 75% 7d 17%", WARNING)),
        ("limits", limits(90, 17), ("5h 90% 7d 17%", ALARM)),
        ("limits", limits(17, 90), ("5h 17% 7d 90%", ALARM)),
    ],
)
def test_what_is_nearly_used_up_stands_out(segment: str, status: dict[str, Any], shown_as: tuple[str, str]) -> None:
    assert segments(status, {"compact_at_tokens": 80_000}, "", NOW_MS, is_refreshed=True)[segment] == shown_as


@pytest.mark.parametrize(("used", "until"), [(74, ""), (75, r" until \d\d:\d\d")])
def test_a_window_that_is_nearly_full_says_until_when(used: int, until: str) -> None:
    status = {"rate_limits": {"five_hour": {"used_percentage": used, "resets_at": NOW_MS // 1000 + 600}}}
    assert re.fullmatch(rf"5h {used}%{until}", texts(status)["limits"])


def test_a_window_that_has_been_reset_is_not_known_any_more() -> None:
    limits = {
        "five_hour": {"used_percentage": 99, "resets_at": NOW_MS // 1000},
        "seven_day": {"used_percentage": 17, "resets_at": NOW_MS // 1000 + 1},
    }
    made = segments({"rate_limits": limits}, {}, "", NOW_MS, is_refreshed=True)
    assert made["limits"] == ("7d 17%", "")
    assert texts({"rate_limits": {"five_hour": limits["five_hour"]}})["limits"] == ""


def test_the_nudge_is_on_the_line_as_long_as_it_is_true(home: Path) -> None:
    session = SUBSCRIBER["session_id"]
    write_advice(
        str(home),
        session,
        {"nudge": {"id": "n", "text": NUDGE_TEXT + "\x1b[31m\n", "kind": "c", "expires_at": FAR_FUTURE_MS}},
    )
    assert shown(home).endswith(f" · {NUDGE_TEXT} [31m \n")
    write_advice(str(home), session, {"nudge": {"id": "n", "text": NUDGE_TEXT, "kind": "c", "expires_at": 1}})
    assert NUDGE_TEXT not in shown(home)


@pytest.mark.parametrize(
    ("events", "form", "is_said"),
    [([], "{nudge}", True), (["Stop"], "{nudge}", False), (None, "{nudge}", False), ([], "{context}", False)],
)
def test_a_nudge_without_a_hook_is_shown_in_the_line_and_counts_once(
    home: Path, events: list[str] | None, form: str, *, is_said: bool
) -> None:
    session = SUBSCRIBER["session_id"]
    (home / "settings.toml").write_text(f'[statusline]\nformat = "{form}"\n')
    nudge: Nudge = {"id": "n", "text": NUDGE_TEXT, "kind": "c", "expires_at": FAR_FUTURE_MS}
    write_advice(str(home), session, {"nudge": nudge if events is None else {**nudge, "events": events}})
    assert [NUDGE_TEXT in shown(home) for _ in range(2)] == [form == "{nudge}"] * 2
    assert list(shown_nudges(str(home), session)) == ["n"] * is_said
    told = [one["nudge_id"] for one in spool_lines(home) if one["event"] == "NudgeShown"]
    assert told == ["n"] * is_said


def test_today_is_the_days_whatever_session_asks(home: Path) -> None:
    write_advice(str(home), SUBSCRIBER["session_id"], {"task_cost_nano": 1_000_000_000})
    write_today(str(home), {"today_cost_nano": 5_000_000_000, "today_ends_at": FAR_FUTURE_MS})
    assert shown(home).startswith("task $1.00 API-equivalent · today $5.00 · ")
    assert " · today $5.00 · " in shown(home, {**SUBSCRIBER, "session_id": "another"})


def test_colour_is_left_out_where_it_is_not_wanted(home: Path) -> None:
    status = with_cache(30)
    plain, coloured = shown(home, status), shown(home, status, no_color="")
    assert "\x1b" not in plain
    assert "\x1b[33mcache" in coloured
    assert ANSI.sub("", coloured) == plain


# -- what it keeps ---------------------------------------------------------------------------------------------------


def test_limits_and_total_are_in_the_ledger(home: Path) -> None:
    open_ledger().close()
    shown(home)
    db = open_ledger()
    window = SUBSCRIBER["rate_limits"]["five_hour"]
    assert db.execute("SELECT used_percent, resets_at FROM limit_sample WHERE kind = 'five_hour'").fetchall() == [
        (window["used_percentage"], window["resets_at"] * 1000)
    ]
    cost_nano = round(SUBSCRIBER["cost"]["total_cost_usd"] * 1e9)
    assert db.execute("SELECT source, cost FROM client_total").fetchall() == [("statusline", cost_nano)]
    db.close()
    assert not (home / "spool" / "events.jsonl").exists()


def test_without_a_ledger_the_sample_waits_in_the_spool_and_none_is_made(home: Path) -> None:
    shown(home)
    assert not (home / "ledger.db").exists()
    with drained(str(home)) as taken:
        assert [sample.session for sample in taken.samples] == [SUBSCRIBER["session_id"]]
        assert taken.samples[0].cost_nano == round(SUBSCRIBER["cost"]["total_cost_usd"] * 1e9)


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be looked at as one" * 40])
def test_a_broken_ledger_is_left_alone(content: bytes, home: Path) -> None:
    (home / "ledger.db").write_bytes(content)
    shown(home)
    assert (home / "ledger.db").read_bytes() == content
    with drained(str(home)) as taken:
        assert len(taken.samples) == 1


def test_a_ledger_of_a_newer_version_is_left_alone_and_the_sample_waits(home: Path) -> None:
    with closing(open_ledger()) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        shown(home)
        assert db.execute("SELECT COUNT(*) FROM limit_sample").fetchone() == (0,)
        assert db.execute("SELECT COUNT(*) FROM client_total").fetchone() == (0,)
    with drained(str(home)) as taken:
        assert len(taken.samples) == 1


def test_a_busy_ledger_does_not_hold_it_up(home: Path) -> None:
    db = open_ledger()
    db.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    shown(home)
    assert time.monotonic() - began < 5
    db.execute("ROLLBACK")
    assert db.execute("SELECT COUNT(*) FROM limit_sample").fetchone() == (0,)
    db.close()
    with drained(str(home)) as taken:
        assert len(taken.samples) == 1


def test_a_session_that_has_cost_nothing_leaves_nothing(home: Path) -> None:
    shown(home, {"session_id": "s", "cost": {"total_cost_usd": 0}})
    assert not (home / "spool" / "events.jsonl").exists()


# -- another status line ---------------------------------------------------------------------------------------------


def test_the_line_that_was_there_runs_first_on_the_same_input(home: Path) -> None:
    both = shown(home, SUBSCRIBER, "--after", "cat | tr -d '\\n' | wc -c; printf 'theirs'")
    count, theirs, ours = both.splitlines()
    assert int(count) == len(json.dumps(SUBSCRIBER))
    assert theirs == "theirs"
    assert ours == shown(home).rstrip("\n")


@pytest.mark.parametrize("command", ["exit 3", "no-such-command-here", "true", "echo oops >&2"])
def test_a_line_that_fails_leaves_ours(command: str, home: Path) -> None:
    assert shown(home, SUBSCRIBER, "--after", command) == shown(home)


def test_a_payload_larger_than_a_pipe_reaches_the_other_line(home: Path) -> None:
    large = {**SUBSCRIBER, "extra": "x" * 300_000}
    assert shown(home, large, "--after", "wc -c").split()[0] == str(len(json.dumps(large)))
    assert shown(home, large, "--after", "true").startswith("session")


# -- what never should happen ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b"null", b"[" * 100_000, b'{"session_id": 4}'])
def test_broken_input_shows_nothing_and_ends_well(raw: bytes, home: Path) -> None:
    assert shown(home, raw) == ""


def test_an_unwritable_home_still_shows_the_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert shown(tmp_path / "file" / "state").startswith("session")


ODD_STATUS = st.dictionaries(
    st.sampled_from(["cost", "context_window", "prompt_cache", "rate_limits", "session_id"]),
    ANYTHING
    | st.dictionaries(
        st.sampled_from(
            ["total_cost_usd", "total_input_tokens", "used_percentage", "expires_at", "five_hour", "seven_day"]
        ),
        ANYTHING | st.dictionaries(st.sampled_from(["used_percentage", "resets_at"]), ANYTHING),
    ),
)


@given(ODD_STATUS, ODD_ADVICE, st.text(), st.integers(0, 10**14), st.booleans(), st.none() | st.integers(0, 300))
def test_odd_figures_never_raise_and_break_no_line(
    status: dict[str, object], advice: dict[str, object], nudge: str, now_ms: int, refreshed: bool, columns: int | None
) -> None:
    made = segments(status, advice, nudge, now_ms, is_refreshed=refreshed)
    assert set(made) == set(SEGMENTS)
    line = fill_format(DEFAULT_FORMAT, made, columns=columns, colour=False)
    assert "".join(line.split("\n")).isprintable()
    assert line.count("\n") < (len(SEGMENTS) if columns else 1)


@given(ODD_STATUS, st.integers(0, 10**14))
def test_odd_samples_fit_the_ledger_or_are_left_out(status: dict[str, object], now_ms: int) -> None:
    from hooks.status_sample import read_sample

    sample = read_sample("s", status, now_ms)
    values = [sample.at, sample.cost_nano, sample.started_at]
    values += [one.resets_at for one in sample.limits]
    db = sqlite3.connect(":memory:")
    for value in values:
        assert value is None or isinstance(value, int)
        db.execute("SELECT ?", (value,))
    db.close()
