"""`plans` as a user types it, over files of days."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.cli.running import Taximeter
from tracker.model.plans.projection import month_bounds
from tracker.words import modelled_percent

pytestmark = pytest.mark.usefixtures("still")


def day_file(path: Path, first: date, count: int, usd: float) -> Path:
    """A CSV of working days."""
    days = [first + timedelta(days=step) for step in range(count)]
    rows = [f"{day},{usd}" for day in days if day.weekday() < 5]
    path.write_text("day,usd\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def days(tmp_path: Path) -> Path:
    """Eleven weeks of six dollars a working day, up to Friday 20 November 2026."""
    return day_file(tmp_path / "days.csv", date(2026, 9, 7), 75, 6)


def test_json_keeps_its_contract(taximeter: Taximeter, days: Path) -> None:
    report = taximeter("plans", "--days", str(days), "--json").json()
    assert report["schema_version"] == 1
    assert [one["id"] for one in report["plans"]] == ["api", "pro", "max", "ultra"]
    pro = report["plans"][1]
    assert pro["monthly_usd"] == {"p10": "20.000000000", "p50": "20.000000000", "p90": "20.000000000"}
    assert pro["p_limit_hit"] == 0.0
    assert pro["utilisation"] == pytest.approx(0.5)
    assert report["recommendation"]["plan"] == "pro"
    assert report["recommendation"]["candidates"] == ["pro"]
    assert report["recommendation"]["would_settle"] is None
    assert report["break_even"]["pro"] == {
        "day": "2026-11-05", "expected_day": None, "spend_per_active_day_usd": "0.91",
    }  # fmt: skip
    assert report["break_even"]["max"]["day"] is None
    assert report["break_even"]["max"]["expected_day"] == "2026-11-24"
    assert "api" not in report["break_even"]
    every = taximeter("plans", "--days", str(days), "--all", "--json").json()
    assert {"team-standard", "team-premium"} < set(every["break_even"])
    assert "enterprise" not in every["break_even"]  # API prices on top of its fee: it never pays for itself
    changes = report["answer_changes"]
    assert (changes["below"]["plan"], changes["above"]["plan"]) == ("api", "max")
    assert float(changes["below"]["usd_per_active_day"]) == pytest.approx(20 / 21, rel=0.02)
    assert 15 < float(changes["above"]["usd_per_active_day"]) < 17
    assert changes["cheapest_on_average"] == "pro"
    words = " ".join(taximeter("plans", "--days", str(days)).out.split())
    assert "the cheapest on average is Pro; below ~$0.95 it is API, above ~$1" in words


def test_every_plan_names_label_origin_and_source(taximeter: Taximeter, days: Path) -> None:
    report = taximeter("plans", "--days", str(days), "--all", "--json").json()
    assert {"team-standard", "team-premium", "enterprise"} < {one["id"] for one in report["plans"]}
    for one in report["plans"]:
        assert one["label"] == "modelled"
        assert one["source"]
        assert one["capacity"]["origin"]
    assert report["month"]["labels"] == {
        "logged_usd": "priced", "as_api_key_usd": "modelled", "by_month_end_usd": "modelled",
    }  # fmt: skip
    assert report["assumptions"]


def test_without_a_call_the_json_has_the_same_keys(taximeter: Taximeter, days: Path) -> None:
    nothing = taximeter("plans", "--json").json()
    assert nothing.keys() == taximeter("plans", "--days", str(days), "--json").json().keys()
    assert (nothing["month"], nothing["history"], nothing["tasks"]) == (None, None, [])


@pytest.mark.parametrize("options", [(), ("--all",), ("--no-extra-usage",), ("--plan", "max", "--tax", "0.19")])
def test_the_screen_fits_80_columns_and_says_what_it_rests_on(
    options: tuple[str, ...], taximeter: Taximeter, days: Path
) -> None:
    ran = taximeter("plans", "--days", str(days), *options)
    assert ran.code == 0, ran.err
    assert max(map(len, ran.out.splitlines())) <= 80
    for word in ("priced", "modelled", "Assumptions", "November 2026 so far", "a typical month"):
        assert word in ran.out
    assert "is the cheapest" in ran.out.splitlines()[0] or "Cannot tell" in ran.out.splitlines()[0]


def test_a_file_of_days_has_no_tasks(taximeter: Taximeter, days: Path) -> None:
    ran = taximeter("plans", "--days", str(days), "--tasks")
    assert (ran.code, ran.out) == (2, "")
    assert "a file of days has no tasks" in ran.err


def test_the_screen_and_the_json_have_the_same_numbers(taximeter: Taximeter, tmp_path: Path) -> None:
    path = day_file(tmp_path / "d.csv", date(2026, 9, 7), 75, 13)
    report = taximeter("plans", "--days", str(path), "--json").json()
    screen = taximeter("plans", "--days", str(path)).out
    for one in report["plans"]:
        line = next(line for line in screen.splitlines() if line.strip(" ▸").startswith(f"{one['name']} "))
        band = one["monthly_usd"]
        assert f"${round(float(band['p10'])):,}" in line
        assert f"{round(float(band['p90'])):,}" in line
        if one["id"] != "api":
            assert modelled_percent(one["p_limit_hit"]) in line
    assert "Cannot tell yet: Pro or Max." in screen
    assert report["recommendation"]["plan"] == "cannot_tell"
    assert report["recommendation"]["candidates"] == ["pro", "max"]
    assert report["recommendation"]["would_settle"]


def test_labels_stand_apart_from_amounts_of_any_size(taximeter: Taximeter, tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    days = [date(2026, 9, 7) + timedelta(days=back) for back in range(75)]
    path.write_text("".join(f"{day},{900 if day.isocalendar().week % 2 else 30}\n" for day in days), encoding="utf-8")
    lines = [line for line in taximeter("plans", "--days", str(path)).out.splitlines() if line.endswith("modelled")]
    assert len(lines) == 2
    assert all(line.endswith("  modelled") for line in lines)


def test_every_plan_has_the_share_of_months_in_which_it_is_the_cheapest(taximeter: Taximeter, tmp_path: Path) -> None:
    path = day_file(tmp_path / "days.csv", date(2026, 9, 7), 75, 1)  # a dollar a working day: the fee of Pro
    report = taximeter("plans", "--days", str(path), "--json").json()
    shares = {one["id"]: one["p_cheapest"] for one in report["plans"]}
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["max"] == shares["ultra"] == 0.0
    for plan in report["recommendation"]["candidates"]:
        assert f"cheapest in {shares[plan]:.0%}" in report["recommendation"]["reason"]
    waits = taximeter("plans", "--days", str(path), "--json", "--no-extra-usage").json()["plans"]
    assert {one["p_cheapest"] for one in waits} == {None}, "a fee that leaves work undone compares with none"


def test_terms_change_the_answer(taximeter: Taximeter, tmp_path: Path) -> None:
    path = str(day_file(tmp_path / "d.csv", date(2026, 9, 7), 75, 0.9))
    assert taximeter("plans", "--days", path, "--json").json()["recommendation"]["plan"] == "api"
    assert taximeter("plans", "--days", path, "--annual", "--json").json()["recommendation"]["plan"] == "pro"
    five = taximeter("plans", "--days", path, "--active-days", "30", "--json").json()
    assert five["recommendation"]["plan"] == "pro"
    assert five["break_even"]["pro"]["spend_per_active_day_usd"] == "0.67"
    taxed = taximeter("plans", "--days", path, "--tax", "0.19", "--seats", "2", "--json").json()
    assert taxed["plans"][1]["fee_usd"] == "47.600000000"


@pytest.mark.parametrize("active_days", [1, 10, 22])
def test_active_days_are_days_like_those_seen(active_days: int, taximeter: Taximeter, tmp_path: Path) -> None:
    path = day_file(tmp_path / "d.csv", date(2026, 9, 7), 55, 15)
    report = taximeter("plans", "--days", str(path), "--active-days", str(active_days), "--json").json()
    assert float(report["typical_month_usd"]["p50"]) == pytest.approx(15 * active_days)


def test_seats_have_limits_of_their_own(taximeter: Taximeter, days: Path, tmp_path: Path) -> None:
    """Two seats with $12 a day between them are twice one seat with $6."""
    twice = day_file(tmp_path / "twice.csv", date(2026, 9, 7), 75, 12)
    one = taximeter("plans", "--days", str(days), "--json").json()["plans"][1]
    report = taximeter("plans", "--days", str(twice), "--seats", "2", "--json").json()
    two = report["plans"][1]
    assert (two["utilisation"], two["p_limit_hit"]) == (one["utilisation"], one["p_limit_hit"])
    assert two["monthly_usd"]["p90"] == two["fee_usd"] == "40.000000000"
    assert two["capacity"]["week_usd"]["mid"] == "120.000000000"
    assert any("2 seats share this work evenly" in words for words in report["assumptions"])


def test_the_users_own_plan_is_compared(taximeter: Taximeter, days: Path) -> None:
    ran = taximeter("plans", "--days", str(days), "--plan", "ultra")
    assert "Against Ultra, which you have: ~$180 a month less." in ran.out
    report = taximeter("plans", "--days", str(days), "--plan", "ultra", "--json").json()
    assert report["current"] == {"plan": "ultra", "from": "settings"}
    assert report["recommendation"]["switching_saves_usd"] == "180.000000000"


def test_a_dearer_plan_says_what_it_is_worth(taximeter: Taximeter, tmp_path: Path) -> None:
    path = str(day_file(tmp_path / "d.csv", date(2026, 9, 7), 75, 30))
    ran = taximeter("plans", "--days", path, "--plan", "pro", "--no-extra-usage")
    assert "Max is the cheapest for this work." in ran.out
    assert "Against Pro, which you have: ~$80 a month more, and no work waits." in ran.out


def test_settings_are_used_and_wrong_ones_are_one_line(taximeter: Taximeter, days: Path, isolated_home: Path) -> None:
    isolated_home.mkdir()
    settings = isolated_home / "settings.toml"
    settings.write_text("[plan]\nextra_usage = false\n[capacity.pro]\nlow = 10\nmid = 12\nhigh = 14\n")
    report = taximeter("plans", "--days", str(days), "--json").json()
    assert report["plans"][1]["capacity"]["origin"] == "your settings"
    assert report["plans"][1]["p_limit_hit"] == 1.0
    assert report["recommendation"]["plan"] == "max"
    settings.write_text('[plan]\nid = "prow"\n')
    ran = taximeter("plans", "--days", str(days))
    assert ran.code == 2
    assert "prow" in ran.err
    assert "known: api, pro" in ran.err
    settings.write_text("[plan]\ntolerence = 1\n")
    ran = taximeter("plans", "--days", str(days))
    assert (ran.code, ran.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "day,usd\n",
        "2026-11-02\n",
        "2026-11-02,x\n",
        "2026-11-02,-1\n",
        "soon,1\n",
        "2026-11-02,nan\n",
        "\x00",
        "2026-11-02,1e308\n",
        "0001-01-01,5\n",
        "9999-12-30,5\n",
    ],
)
def test_a_file_that_is_no_list_of_days_is_one_line(text: str, taximeter: Taximeter, tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text(text)
    ran = taximeter("plans", "--days", str(path))
    assert ran.code == 2
    assert "days.csv" in ran.err
    assert ran.err.count("\n") == 1


def test_three_days_give_a_range_but_no_verdict(taximeter: Taximeter, tmp_path: Path) -> None:
    path = str(day_file(tmp_path / "d.csv", date(2026, 11, 16), 3, 6))
    report = taximeter("plans", "--days", path, "--json").json()
    assert report["history"]["range_only"] is True
    assert report["recommendation"]["plan"] == "cannot_tell"
    assert report["recommendation"]["would_settle"] == "4 more days of work."
    assert report["answer_changes"]["below"] is report["answer_changes"]["above"] is None
    screen = taximeter("plans", "--days", path).out
    assert "mostly" not in screen
    assert "no limit" in screen  # as little as is known of the others
    assert "the cheapest plan changes" not in " ".join(screen.split())
    for name in ("by the end of the month", "a typical month"):
        low, high = next(line for line in screen.splitlines() if line.startswith(name)).split("~$")[1].split()[0:3:2]
        assert int(low) < int(high)


def test_one_day_of_each_kind_gives_no_range(taximeter: Taximeter, tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("day,usd\n2026-11-20,3\n2026-11-21,6\n")
    screen = taximeter("plans", "--days", str(path)).out
    for name in ("by the end of the month", "a typical month"):
        assert ", no range yet " in next(line for line in screen.splitlines() if line.startswith(name))


@pytest.mark.parametrize(
    ("last", "month", "working_days"),
    [
        (date(2027, 2, 28), 28, 20),
        (date(2028, 2, 29), 29, 21),
        (date(2026, 3, 31), 31, 22),
        (date(2026, 10, 31), 31, 22),
    ],
)
def test_a_typical_month_has_the_working_days_of_its_length(
    last: date, month: int, working_days: int, taximeter: Taximeter, tmp_path: Path
) -> None:
    assert month_bounds(last)[1].day == month
    first = last - timedelta(days=69)
    path = day_file(tmp_path / "d.csv", first, 70, 10)
    report = taximeter("plans", "--days", str(path), "--json").json()
    assert report["typical_month_usd"]["p50"] == f"{10 * working_days}.000000000"
    assert report["month"]["logged_usd"] == f"{10 * working_days}.000000000"
    assert report["month"]["by_month_end_usd"]["p90"] == report["month"]["logged_usd"]


def test_csv_has_a_row_a_plan(taximeter: Taximeter, days: Path) -> None:
    rows = taximeter("plans", "--days", str(days), "--csv").rows()
    assert [row[0] for row in rows] == ["plan", "api", "pro", "max", "ultra"]
    assert rows[2][3] == "20.000000000"
    figures = ["p_cheapest", "p_limit_hit", "hits_per_month", "utilisation", "overflow_usd", "excluded_usd"]
    assert rows[0] == ["plan", "name", "fee_usd", "p10_usd", "p50_usd", "p90_usd", *figures, "capacity_origin"]
    plans = taximeter("plans", "--days", str(days), "--json").json()["plans"]
    monthly = [[plan["fee_usd"], *(plan["monthly_usd"][name] for name in ("p10", "p50", "p90"))] for plan in plans]
    assert [row[2:6] for row in rows[1:]] == [["" if one is None else one for one in row] for row in monthly]
