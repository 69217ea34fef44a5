"""Files that `reconcile` and `weigh` are given: saved reports are put together, and what is wrong is one sentence."""

import json
from pathlib import Path

import pytest

from tests.cli.provider_server import cost_result, usage_result
from tests.cli.running import Taximeter
from tests.unit.ledger.plain import MODEL

DAYS = ("--since", "2026-11-17", "--until", "2026-11-20")
pytestmark = pytest.mark.usefixtures("still", "tree")


def saved(path: Path, *days: tuple[str, list[dict[str, object]]]) -> str:
    """A page of a report with these results a day."""
    data = [{"starting_at": f"{day}T00:00:00Z", "results": results} for day, results in days]
    path.write_text(json.dumps({"data": data, "has_more": False, "next_page": None}))
    return str(path)


def test_reports_of_different_days_are_one(taximeter: Taximeter, tmp_path: Path) -> None:
    usage = usage_result(MODEL, 5, 0, 0, 0, 7)
    files = [
        saved(tmp_path / f"{day}.json", (f"2026-11-{day}", [usage]), (f"2026-11-{day + 1}", [])) for day in (19, 17)
    ]
    report = taximeter("reconcile", *files, *DAYS, "--json").json()
    assert [(row["day"], row["class"]) for row in report["rows"]] == [
        ("2026-11-17", "other_machine"),
        ("2026-11-19", "other_machine"),
        ("2026-11-20", "counted_twice"),
    ]


def test_two_reports_in_one_file_are_refused(taximeter: Taximeter, tmp_path: Path) -> None:
    results = [usage_result(MODEL, 5, 0, 0, 0, 7), cost_result(MODEL, "10")]
    ran = taximeter("reconcile", saved(tmp_path / "both.json", ("2026-11-20", results)), *DAYS)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "both.json: several reports in one" in ran.err


def test_differences_are_csv_too(taximeter: Taximeter, tmp_path: Path) -> None:
    usage = saved(tmp_path / "usage.json", ("2026-11-20", [usage_result(MODEL, 31, 3_000, 300, 0, 149, searches=2)]))
    costs = saved(tmp_path / "cost.json", ("2026-11-20", [cost_result(MODEL, "1.522")]))
    header, row = taximeter("reconcile", usage, costs, *DAYS, "--csv").rows()
    assert dict(zip(header, row, strict=True)) == {
        "report": "usage",
        "day": "2026-11-20",
        "model": MODEL,
        "class": "unclear",
        "difference_input": "1",
        "difference_cache_read": "0",
        "difference_cache_write_5m": "0",
        "difference_cache_write_1h": "0",
        "difference_output": "-1",
        "difference_web_searches": "2",
        "difference_cost_usd": "0.010000000",
        "why": row[-1],
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("nowhere.md", "nowhere.md: No such file or directory"),
        ("empty.md", "empty.md: empty"),
        ("large.md", "large.md: larger than 4 MB"),
        ("--tools words.md", "words.md: not JSON"),
        ("--tools none.json", "none.json: no tool definitions"),
        ("--tools odd.json", "odd.json: no tool definitions"),
    ],
)
def test_what_cannot_be_weighed_is_one_sentence(
    words: str, says: str, taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("empty.md", "\n"),
        ("large.md", "a" * ((4 << 20) + 1)),
        ("words.md", "words"),
        ("none.json", '{"tools": []}'),
        ("odd.json", '[{"name": "a"}, "b"]'),
    ):
        Path(name).write_text(text)
    ran = taximeter("weigh", "--offline", *words.split())
    assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert says in ran.err


def test_tables_are_written_as_parquet_or_it_is_said_what_is_missing(taximeter: Taximeter, tmp_path: Path) -> None:
    ran = taximeter("export", str(tmp_path / "out"), "--format", "parquet")
    try:
        from pyarrow import parquet  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        assert (ran.code, ran.out) == (1, "")
        assert "parquet needs pyarrow" in ran.err
    else:
        assert parquet.read_table(tmp_path / "out" / "call.parquet").num_rows == 3
