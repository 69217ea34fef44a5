"""The file between those who compute advice and those who show it."""

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.advice import (
    advice_path,
    block_reason,
    claim,
    claim_notice,
    due_nudges,
    read_advice,
    safe_name,
    shown_nudges,
    write_advice,
)
from hooks.quick_json import decode, decode_object, encode_flat
from tests.unit.hooks.odd_advice import ANYTHING, ODD_ADVICE


def test_what_was_written_is_read(isolated_home: Path) -> None:
    home = str(isolated_home)
    assert write_advice(home, "s-1", {"task_cost_nano": 5, "block": {"reason": "é \x1b"}})
    assert read_advice(home, "s-1") == {"task_cost_nano": 5, "block": {"reason": "é \x1b"}}
    assert write_advice(home, "s-1", {"task_cost_nano": 7})
    assert read_advice(home, "s-1") == {"task_cost_nano": 7}
    assert [path.name for path in (isolated_home / "advice").iterdir()] == ["s-1.json"]
    assert (isolated_home / "advice" / "s-1.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("session", ["", ".", "..", "../x", "a/b", "a~b", "a\x00", "x" * 200, ".hidden", "a b"])
def test_an_id_that_is_no_file_name_has_no_advice(session: str, isolated_home: Path) -> None:
    assert advice_path(str(isolated_home), session) is None
    assert not write_advice(str(isolated_home), session, {})
    assert read_advice(str(isolated_home), session) == {}


@given(ODD_ADVICE, st.integers(), st.sampled_from(["Stop", None]))
def test_malformed_advice_never_raises_and_due_nudges_can_be_shown(
    advice: dict[str, object], now_ms: int, event: str | None
) -> None:
    for nudge in due_nudges(advice, now_ms, event):
        assert isinstance(nudge["text"], str)
        assert safe_name(nudge["id"]) is not None
    assert isinstance(block_reason("/nowhere", advice, now_ms), str | None)


def test_claims_of_one_session_are_not_those_of_another(isolated_home: Path) -> None:
    home = str(isolated_home)
    write_advice(home, "s", {})
    assert claim(home, "s", "n")
    assert not claim(home, "s", "n")
    assert claim(home, "s2", "n")
    assert claim(home, "s2", "other")
    assert list(shown_nudges(home, "s")) == ["n"]
    assert abs(shown_nudges(home, "s")["n"] - time.time() * 1000) < 60_000
    assert shown_nudges(str(isolated_home / "nowhere"), "s") == {}


def test_a_notice_is_claimed_beside_what_a_hook_showed(isolated_home: Path) -> None:
    home = str(isolated_home)
    write_advice(home, "s", {})
    assert claim(home, "s", "n")
    assert [claim_notice(home, "s", "n") for _ in range(2)] == [True, False]
    assert list(shown_nudges(home, "s")) == ["n"]
    for nobody_can_mark in ((str(isolated_home / "nowhere"), "s"), (home, "../s")):
        assert claim_notice(*nobody_can_mark, "n")
    assert not list(isolated_home.glob("s~*"))


def test_what_a_session_left_a_month_ago_is_removed(isolated_home: Path) -> None:
    home = str(isolated_home)
    for session in ("old", "new"):
        write_advice(home, session, {})
        claim(home, session, "n")
    for name in ("old.json", "old~n.shown"):
        os.utime(isolated_home / "advice" / name, (1, 1))
    write_advice(home, "third", {})
    names = sorted(path.name for path in (isolated_home / "advice").iterdir())
    assert names == ["new.json", "new~n.shown", "third.json"]


@given(ANYTHING)
def test_json_is_read_as_the_standard_library_reads_it(value: object) -> None:
    assert decode(json.dumps(value)) == value
    assert decode(" \n" + json.dumps(value, ensure_ascii=False, indent=1)) == value


@given(st.binary())
def test_bytes_of_any_kind_are_an_object_or_nothing(raw: bytes) -> None:
    assert isinstance(decode_object(raw), dict)


@given(
    st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False))
)
def test_a_flat_object_is_written_on_one_line(record: dict[str, str | int | float | None]) -> None:
    line = encode_flat(record)
    assert "\n" not in line
    assert json.loads(line) == {key: value for key, value in record.items() if value is not None}


def test_without_the_scanner_json_itself_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from hooks import quick_json

    monkeypatch.setattr(quick_json, "_scan", None)
    monkeypatch.setattr(quick_json, "_quote", None)
    assert quick_json.decode(' {"a": [1.5, "é"]} tail') == {"a": [1.5, "é"]}
    assert quick_json.decode_object(b"{") == {}
    assert json.loads(quick_json.encode_flat({"a": 'é"\n', "b": None, "c": 2})) == {"a": 'é"\n', "c": 2}
