"""Which work each case of `whatif` is about, and its rows as CSV."""

from pathlib import Path

import pytest

from tests.cli.history import DOLLAR, NOW, last_days, write_history
from tests.cli.running import Taximeter
from tests.unit.advisor.transcripts import Transcript
from tests.unit.ledger.captured import DATA

WHATIF = ("whatif", "--since", "2026-11-01", "--until", "2026-11-21")
pytestmark = pytest.mark.usefixtures("still")


def test_batches_are_of_what_a_program_started_unless_a_share_is_given(taximeter: Taximeter, tmp_path: Path) -> None:
    write_history(tmp_path / "c", last_days(3))
    taximeter.claude_dirs = [write_history(tmp_path / "c", {NOW: 2 * DOLLAR}, first=9, entrypoint="sdk-py")]
    (unattended,) = taximeter(*WHATIF, "--batch", "1", "--json").json()["cases"]
    assert (unattended["calls"], unattended["actual_usd"]) == (8, "20.000000000")
    cases = taximeter(*WHATIF, "--json").json()["cases"]
    (unattended,) = [case for case in cases if case["what"] == "batch"]
    assert (unattended["calls"], unattended["actual_usd"]) == (2, "2.000000000")


def test_the_careful_end_of_a_smaller_baseline_trims_main_conversations_alone(taximeter: Taximeter) -> None:
    taximeter.claude_dirs = [DATA / "s04_subagent"]
    (case,) = taximeter("whatif", "--since", "2020-01-01", "--baseline", "1000", "--json").json()["cases"]
    low, high = float(case["saving_usd"]["low"]), float(case["saving_usd"]["high"])
    assert 0 < low < high


def test_it_is_said_which_way_tokens_grow_on_another_models_tokenizer(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(3), model="claude-opus-4-6")]
    same, newer = taximeter(*WHATIF, "--model", "claude-sonnet-4-5", "--model", "opus", "--json").json()["cases"]
    assert not [words for words in same["assumptions"] if "1.35" in words]
    assert [words for words in newer["assumptions"] if "makes 1.0 to 1.35 times the tokens" in words]


def test_a_single_call_that_is_left_out_is_one_call(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(3))]
    Transcript(tmp_path / "c", model="my-model").prompt("mend the parser").call(20_000)
    assert " 1 call left out: no rates for them" in taximeter("whatif", "--since", "2020-01-01", "--cache").out


def test_rows_as_csv_hold_what_it_would_have_cost(taximeter: Taximeter, tmp_path: Path) -> None:
    taximeter.claude_dirs = [write_history(tmp_path / "c", last_days(3))]
    header, *rows = taximeter(*WHATIF, "--csv").rows()
    assert header == ["what", "change", "calls", "actual_usd", "low_usd", "mid_usd", "high_usd"]
    assert rows == [
        [case["what"], case["change"], str(case["calls"]), case["actual_usd"]]
        + [case["otherwise_usd"][name] for name in ("low", "mid", "high")]
        for case in taximeter(*WHATIF, "--json").json()["cases"]
    ]
