"""settings.toml and prices.toml reach every command, and what is wrong with them is one line."""

from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.cli.running import Taximeter

REPORTS = ("spend", "tasks", "sync", "nudges", "backtest", "plans", "budget")


def write(home: Path, name: str, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / name).write_text(text, encoding="utf-8")


def kept_words() -> list[str]:
    return [text for (text,) in open_ledger().execute("SELECT text FROM turn")]


def test_no_words_of_prompts_are_kept_where_the_user_says_so(
    tree: Path, taximeter: Taximeter, isolated_home: Path
) -> None:
    assert tree
    write(isolated_home, "settings.toml", "[privacy]\nprompt_chars = 0\n")
    assert taximeter("sync").code == 0
    assert set(kept_words()) == {""}


def test_as_many_characters_are_kept_as_the_user_says(tree: Path, taximeter: Taximeter, isolated_home: Path) -> None:
    assert tree
    write(isolated_home, "settings.toml", "[privacy]\nprompt_chars = 4\n")
    assert taximeter("sync").code == 0
    assert all(0 < len(text) <= 4 for text in kept_words())


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("name", ["settings.toml", "prices.toml"])
def test_a_file_that_cannot_be_used_is_one_line(
    name: str, report: str, tree: Path, taximeter: Taximeter, isolated_home: Path
) -> None:
    assert tree
    write(isolated_home, name, "month = \n")
    ran = taximeter(report)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("taximeter: error: ")
    assert name in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[statusline]\nformat = "{tasks} {nudge}"\n', "statusline.format: there is no 'tasks' (known: task, today,"),
        ('[nudges]\nkinds = ["compact", "compakt"]\n', "nudges.kinds: there is no 'compakt' (known: compact,"),
        ('[display]\ntheme = "blue"\n', "display.theme: there is no 'blue' (known: dark, light, colour-blind)"),
        ('[budget]\nmonth = "200"\n', "budget.month: expected a number, got text"),
        ("[nudges]\nkinds = 3\n", "nudges.kinds: expected a list, got a whole number"),
        ("[nudges]\nquiet = 1\n", "nudges.quiet: expected true or false, got a whole number"),
    ],
)
def test_a_word_that_would_silently_do_nothing_is_one_line(
    text: str, said: str, tree: Path, taximeter: Taximeter, isolated_home: Path
) -> None:
    assert tree
    write(isolated_home, "settings.toml", text)
    ran = taximeter("spend")
    assert (ran.code, ran.out) == (2, "")
    assert f"settings.toml: {said}" in ran.err
    assert ran.err.count("\n") == 1


def test_braces_that_name_nothing_are_text_of_the_status_line(
    tree: Path, taximeter: Taximeter, isolated_home: Path
) -> None:
    assert tree
    write(isolated_home, "settings.toml", '[statusline]\nformat = "{} {→ {task}}"\n')
    assert taximeter("spend").code == 0


def test_a_range_out_of_order_names_its_plan(tree: Path, taximeter: Taximeter, isolated_home: Path) -> None:
    assert tree
    write(isolated_home, "settings.toml", "[capacity.pro]\nlow = 5\nhigh = 2\n")
    assert "[capacity.pro] low, mid and high must be" in taximeter("plans").err
