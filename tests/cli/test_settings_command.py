"""`settings`: what can be set, what it does, and another value for it."""

import os
import re
from pathlib import Path

import pytest

from hooks.status_segments import SEGMENTS
from store.ledger import ledger_path
from tests.cli.running import Taximeter, too_wide
from tracker.advisor.evaluate import KINDS
from tracker.plan_data.table import plans_on
from tracker.reports.settings import setting_of


@pytest.fixture
def file(isolated_home: Path) -> Path:
    isolated_home.mkdir(exist_ok=True)
    return isolated_home / "settings.toml"


def test_every_setting_is_listed_with_where_its_value_is_from(file: Path, taximeter: Taximeter) -> None:
    file.write_text('[plan]\nid = "max"\n[budget.projects]\n"dev/api" = 50\n[capacity.max]\nmid = 420.5\n')
    listed = taximeter("settings", "--json").json()
    assert (listed["path"], listed["problems"]) == (str(file), [])
    rows = {row["name"]: row for row in listed["settings"]}
    assert {name: row["value"] for name, row in rows.items() if row["origin"] == "file"} == {
        "plan.id": "max",
        "capacity.max.mid": 420.5,
        "budget.projects.dev/api": 50,
    }
    assert rows["budget.alerts"]["value"] == rows["budget.alerts"]["default"] == [0.5, 0.8, 1.0]
    shown = taximeter("settings")
    assert shown.code == 0
    for name, row in rows.items():
        lines = [line for line in shown.out.splitlines() if f"  {name} " in line]
        if not name.startswith("capacity.PLAN."):
            assert len(lines) == 1
            assert lines[0].startswith("●") == (row["origin"] == "file")
            assert lines[0].endswith(f"  {row['does']}")
    assert "$420.50" in shown.out
    assert str(file) in shown.out.replace("\n", " ")
    assert not ledger_path().exists()


def test_on_a_narrow_terminal_every_sentence_is_whole(
    file: Path, taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.cli.output.is_terminal", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    for words in ("settings", "settings capacity"):
        shown = taximeter(*words.split()).out
        assert too_wide(shown) == []
        listed = taximeter(*words.split(), "--json").json()["settings"]
        left_out = {row["name"] for row in listed if "capacity" not in words and row["name"].startswith("capacity.")}
        for row in listed:
            (beside,) = [line for line in shown.splitlines() if f" {row['name']} " in line] or [row["does"]]
            assert row["does"] in beside
            assert (beside == row["does"]) == (row["name"] in left_out)
    taximeter("settings", "statusline.format", "{task} · {today} · {context} · {cache} · {limits} · {nudge}")
    shown = taximeter("settings").out
    (line,) = [line for line in shown.splitlines() if "statusline.format" in line]
    assert line.split() == "● statusline.format {task} · {to… template: {task} · {context} · {nudge}".split()
    assert too_wide(shown) == []


def test_a_section_is_listed_alone(taximeter: Taximeter) -> None:
    listed = taximeter("settings", "display", "--json").json()["settings"]
    assert [row["name"] for row in listed] == ["display.currency", "display.currency_rate", "display.theme"]
    taximeter("settings", "capacity.max.mid", "420")
    listed = taximeter("settings", "capacity.max", "--json").json()["settings"]
    assert [row["value"] for row in listed if row["name"] == "capacity.max.mid"] == [420]
    assert {row["name"].rpartition(".")[0] for row in listed} == {"capacity.max"}


def test_what_a_project_may_spend_names_it(taximeter: Taximeter) -> None:
    for project in ("api", "web"):
        assert taximeter("settings", f"budget.projects.{project}", "50").code == 0
    listed = taximeter("settings", "budget.projects", "--json").json()["settings"]
    words = "monthly dollars for paths with"
    assert [row["does"] for row in listed] == [f"{words} api", f"{words} web"]


def test_on_a_terminal_a_setting_is_named_with_what_it_can_be(
    taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert taximeter("settings", "display.theme").out == "dark\n"
    monkeypatch.setattr("tracker.cli.settings.is_terminal", lambda: True)
    assert taximeter("settings", "display.theme").out.splitlines() == [
        "display.theme: dark, the default",
        "colours of the dashboard (dark, light, colour-blind)",
    ]
    assert taximeter("settings", "plan.active_days").out.splitlines() == [
        "plan.active_days: –, the default",
        "working days a month; unset: observed (a whole number)",
    ]


def test_a_template_names_every_segment() -> None:
    assert re.findall(r"{(\w+)}", setting_of("statusline.format").form) == list(SEGMENTS)


def test_a_list_without_a_value_of_the_file_names_none(taximeter: Taximeter) -> None:
    assert "●" not in taximeter("settings").out
    taximeter("settings", "plan.seats", "2")
    assert taximeter("settings").out.count("●") == 2


def test_a_blank_value_is_refused(taximeter: Taximeter) -> None:
    assert "plan.id: the value is empty (--unset restores the default)" in taximeter("settings", "plan.id", " ").err


@pytest.mark.parametrize(
    ("words", "said", "written"),
    [
        ("plan.id max", "plan.id: max", '[plan]\nid = "max"\n'),
        ("plan.annual yes", "plan.annual: yes", "[plan]\nannual = true\n"),
        ("plan.extra_usage off", "plan.extra_usage: no", "[plan]\nextra_usage = false\n"),
        ("plan.tax 0.19", "plan.tax: 0.19", "[plan]\ntax = 0.19\n"),
        ("budget.month $1,200", "budget.month: $1,200.00", "[budget]\nmonth = 1200\n"),
        ("budget.alerts 0.5,0.9", "budget.alerts: 0.5 0.9", "[budget]\nalerts = [0.5, 0.9]\n"),
        ("budget.projects.my.api 5", "budget.projects.my.api: $5.00", '[budget.projects]\n"my.api" = 5\n'),
        ("capacity.max.mid 420", "capacity.max.mid: $420.00", "[capacity.max]\nmid = 420\n"),
        (
            "nudges.kinds compact new_session",
            "nudges.kinds: compact new_session",
            '[nudges]\nkinds = ["compact", "new_session"]\n',
        ),
        ("statusline.format {task} {cache}", "statusline.format: {task} {cache}", None),
        ("display.currency eur", "display.currency: EUR", '[display]\ncurrency = "EUR"\n'),
        ("privacy.prompt_chars 0", "privacy.prompt_chars: 0", "[privacy]\nprompt_chars = 0\n"),
    ],
)
def test_a_setting_can_be_set_shown_and_unset(
    words: str, said: str, written: str | None, file: Path, taximeter: Taximeter
) -> None:
    file.write_text("# mine\n")
    name = words.partition(" ")[0]
    before = taximeter("settings", name, "--json").json()
    ran = taximeter("settings", *words.split())
    assert (ran.code, ran.out, ran.err) == (0, f"{said}\n", "")
    assert written is None or file.read_text() == f"# mine\n\n{written}"
    as_typed = taximeter("settings", name).out.rstrip("\n")
    assert taximeter("settings", name, *as_typed.split()).out == f"{said}\n"
    assert taximeter("settings", name, "--unset").code == 0
    assert taximeter("settings", name, "--json").json() == before
    assert file.read_text().startswith("# mine\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("plan.tolerence 1", "there is no setting 'plan.tolerence': did you mean plan.tolerance?"),
        ("month 200", "there is no setting 'month': did you mean budget.month?"),
        ("plan max", "there is no setting 'plan': did you mean plan.id"),
        ("xyz", "there is no setting 'xyz' (taximeter settings lists them)"),
        ("plans", "there is no setting 'plans': did you mean plan"),
        ("budget.projects.TEXT 5", "budget.projects.TEXT: put part of a project's path for TEXT"),
        ("budget.projects.TEXT --unset", "budget.projects.TEXT: put part of a project's path for TEXT"),
        ("capacity.PLAN.mid", "capacity.PLAN.mid: put a plan's id for PLAN"),
        ("plan.id maxx", "plan.id: there is no 'maxx' (known: api, pro, max, ultra,"),
        ("capacity.maxx.mid 3", "capacity.maxx: there is no 'maxx' (known: api, pro, max, ultra,"),
        ("nudges.kinds compact compakt", "nudges.kinds: there is no 'compakt' (known: compact,"),
        ("display.theme blue", "display.theme: there is no 'blue' (known: dark, light, colour-blind)"),
        ("statusline.format {tasks}", "statusline.format: there is no 'tasks' (known: task, today,"),
        ("plan.annual maybe", "plan.annual: yes or no, not 'maybe'"),
        ("plan.tax 0,19", "plan.tax: not a number: '0,19' (a share, as 0.2)"),
        ("plan.tax 19", "plan.tax: expected a number <= 1.0"),
        ("plan.seats 2.5", "plan.seats: expected a whole number"),
        ("budget.month nan", "budget.month: not a number: 'nan' (dollars)"),
        ("budget.month 12,50", "budget.month: not a number: '12,50' (dollars)"),
        ("budget.alerts 0.5 20", "budget.alerts[1]: expected a number <= 10.0"),
        ("display.currency euro", "display.currency: expected three capital letters"),
        ("plan.id max --unset", "give either a value or --unset, not both"),
        ("--unset", "--unset needs the name of a setting"),
        ("plan --unset", "there is no setting 'plan'"),
        ("budget.projects. 5", "there is no setting 'budget.projects.'"),
    ],
)
def test_what_cannot_be_set_is_one_line_and_changes_nothing(
    words: str, said: str, file: Path, taximeter: Taximeter
) -> None:
    file.write_text("[plan]\nseats = 2\n")
    ran = taximeter("settings", *words.split())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"taximeter: error: {said}")
    assert ran.err.count("\n") == 1
    assert file.read_text() == "[plan]\nseats = 2\n"


def test_an_invalid_value_is_reported_and_can_be_replaced(file: Path, taximeter: Taximeter) -> None:
    file.write_text('[plan]\nid = "maxx"\ntax = "none"\n[capacity.pro]\nlow = 5\nhigh = 2\n')
    ran = taximeter("settings")
    assert ran.code == 0
    assert ran.err.splitlines()[0] == f"taximeter: {file}: plan.tax: expected a number, got text"
    assert taximeter("settings", "plan.tax", "0.19").code == 0
    problems = taximeter("settings", "--json").json()["problems"]
    assert [problem.partition(": ")[0] for problem in problems] == ["[plan] id = 'maxx'"]
    assert taximeter("settings", "plan.id", "--unset").code == 0
    assert "[capacity.pro] low, mid and high" in taximeter("settings", "--json").json()["problems"][0]
    file.write_text("[plan\n")
    ran = taximeter("settings")
    assert (ran.code, ran.err.count("not valid TOML")) == (0, 1)
    assert taximeter("settings", "plan.tax", "0.19").code == 2
    assert file.read_text() == "[plan\n"


def test_a_file_that_is_a_link_stays_one_and_private(file: Path, tmp_path: Path, taximeter: Taximeter) -> None:
    kept = tmp_path / "dotfiles.toml"
    kept.write_text("# mine\n")
    file.symlink_to(kept)
    assert taximeter("settings", "plan.seats", "3").code == 0
    assert file.is_symlink()
    assert kept.read_text() == "# mine\n\n[plan]\nseats = 3\n"
    assert os.name == "nt" or kept.stat().st_mode & 0o077 == 0


def test_the_shell_completes_names_and_values(monkeypatch: pytest.MonkeyPatch, taximeter: Taximeter) -> None:
    monkeypatch.setenv("_TAXIMETER_COMPLETE", "bash_complete")

    def completed(words: str) -> list[str]:
        monkeypatch.setenv("COMP_WORDS", f"taximeter settings {words}")
        monkeypatch.setenv("COMP_CWORD", str(1 + len(words.split(" "))))
        return [line.removeprefix("plain,") for line in taximeter().out.split()]

    assert completed("plan.t") == ["plan.tax", "plan.tolerance"]
    assert completed("plan.id ") == list(plans_on("2026-11-20"))
    assert completed("display.theme l") == ["light"]
    assert completed("plan.annual ") == ["yes", "no"]
    assert completed("nudges.kinds compact ") == list(KINDS)
    assert completed("plan.idd ") == completed("plan.tax ") == []
