"""settings.toml and prices.toml reach every command, and what is wrong with them is one line."""

from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.cli.running import Taximeter
from tests.unit.ledger.plain import FILE, answer, encoded
from tracker.cli.common import Invocation
from tracker.cli.sync import open_and_sync
from tracker.reader_options import ReaderOptions

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
def test_an_invalid_value_is_a_one_line_error(
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


OWN_PRICES = '[[price]]\nmodel = "claude-opus-5-5"\ninput = {}\noutput = 20\n'


def taken_in_background(tree: Path) -> list[int]:
    """Costs of the calls in the ledger once a background process has taken in what is new."""
    invocation = Invocation()
    invocation.add_dirs([tree], [])
    db, _ = open_and_sync(invocation, usable_only=True)
    return [cost for (cost,) in db.execute("SELECT cost FROM call ORDER BY message_id")]


def write_on(tree: Path, number: int) -> None:
    with (tree / "projects" / FILE).open("ab") as handle:
        handle.write(encoded(answer(number)))


def test_calls_ingested_while_the_prices_could_not_be_read_get_them_once_they_can(
    tree: Path, taximeter: Taximeter, isolated_home: Path
) -> None:
    at_list = taken_in_background(tree)[0]
    write(isolated_home, "prices.toml", OWN_PRICES.format(8))
    write_on(tree, 4)
    *_, own = taken_in_background(tree)
    write(isolated_home, "prices.toml", "[[price]\n")
    write_on(tree, 5)
    assert taken_in_background(tree) == [at_list] * 3 + [own, at_list]
    write(isolated_home, "prices.toml", OWN_PRICES.format(4))
    write_on(tree, 6)
    assert taximeter("spend").code == 0
    *before, fifth, sixth = taken_in_background(tree)
    assert before == [at_list] * 3 + [own], "what was recorded at another price is for `reprice`"
    assert fifth == sixth
    assert fifth not in (own, at_list)
    write(isolated_home, "prices.toml", OWN_PRICES.format(8))
    write_on(tree, 7)
    assert taken_in_background(tree) == [*before, fifth, sixth, own]
    assert taximeter("doctor").code == 0


def test_removing_an_invalid_price_file_leaves_list_prices(tree: Path, isolated_home: Path) -> None:
    write(isolated_home, "prices.toml", "[[price]\n")
    at_list = taken_in_background(tree)
    (isolated_home / "prices.toml").unlink()
    assert taken_in_background(tree) == at_list
    write(isolated_home, "prices.toml", OWN_PRICES.format(8))
    assert taken_in_background(tree) == at_list


@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize("name", ["settings.toml", "prices.toml", "plans.toml"])
def test_doctor_and_status_name_a_file_that_cannot_be_used(
    name: str, is_folder: bool, tree: Path, taximeter: Taximeter, isolated_home: Path
) -> None:
    assert tree
    if is_folder:  # not to be opened, whoever tries
        (isolated_home / name).mkdir(parents=True)
    else:
        write(isolated_home, name, "month = \n")
    for command in ("doctor", "status"):
        ran = taximeter(command)
        assert ran.code == 0, ran.err
        assert ran.out.count(str(isolated_home / name)) == 1
        (told,) = taximeter(command, "--json").json()["settings_problems"]
        assert told.startswith(f"{isolated_home / name}: " + "cannot be read: Is a directory" * is_folder)
    if is_folder:
        (isolated_home / name).rmdir()
    write(isolated_home, name, "")
    assert taximeter("doctor", "--json").json()["settings_problems"] == []


def test_followers_use_settings_and_prices_as_they_are_now(isolated_home: Path) -> None:
    said: list[str] = []
    reader, db = ReaderOptions(said.append), open_ledger()

    def price_of_input() -> int:
        price = reader.read(db).pricer.resolve("claude-opus-5-5", None, 0, 0)
        assert price is not None
        return price.input

    listed, chars = price_of_input(), reader.read(db).prompt_chars
    assert reader.read(db) is reader.read(db)
    write(isolated_home, "settings.toml", "[privacy]\nprompt_chars = 0\n")
    write(isolated_home, "prices.toml", OWN_PRICES.format(1000))
    assert (price_of_input(), reader.read(db).prompt_chars) == (1_000_000_000, 0)
    write(isolated_home, "settings.toml", "[privacy\n")
    write(isolated_home, "prices.toml", "[[price\n")
    assert (price_of_input(), reader.read(db).prompt_chars) == (listed, 0)
    assert [sentence.partition(": ")[0] for sentence in said] == [
        str(isolated_home / "prices.toml"),
        str(isolated_home / "settings.toml"),
    ]
    (isolated_home / "settings.toml").unlink()
    assert reader.read(db).prompt_chars == chars
