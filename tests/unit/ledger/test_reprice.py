"""Looking every price up again changes what a corrected table changes, and nothing else."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from store.invariants import check_invariants
from store.prices import apply_prices, put_prices, stored_prices
from store.records import Price
from tracker.ingest import sync
from tracker.pricing import PriceBook
from tracker.reader_options import options_of
from tracker.rebuild import rebuild
from tracker.reprice import reprice_ledger
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource

from .plain import FILE, OTHER, OTHER_FILE, answer, encoded, prompt, usage
from .reading import ledger_of, price_book, write_tree

LONGER = """
[[price]]
model = "claude-haiku-5-5"
input = 0.2
output = 1
long_context_threshold = 100000
long_input = 1
long_output = 5
"""


def of_parts(*parts: tuple[int, int]) -> dict[str, Any]:
    """A call of Haiku 5.5 that was several requests, each of (input, output) tokens."""
    iterations = [{"type": "message", "input_tokens": read, "output_tokens": made} for read, made in parts]
    counts = usage(
        input_tokens=sum(read for read, _ in parts),
        output_tokens=sum(made for _, made in parts),
        cache_read_input_tokens=0,
        cache_creation_input_tokens=0,
        cache_creation=...,
        iterations=iterations,
    )
    return answer(1, message={"model": "claude-haiku-5-5", "usage": counts})


@pytest.mark.parametrize(
    ("parts", "cost"),
    [
        (((60_000, 100), (70_000, 100)), 130_000 * 100 + 200 * 500),
        (((130_000, 100), (140_000, 100)), 270_000 * 500 + 200 * 2500),
        (((60_000, 100), (130_000, 100)), 60_000 * 100 + 100 * 500 + 130_000 * 500 + 100 * 2500),
        (((130_000, 200),), 130_000 * 500 + 200 * 2500),
    ],
)
def test_the_same_table_gives_requests_inside_a_call_the_same_cost(
    parts: tuple[tuple[int, int], ...], cost: int, tmp_path: Path
) -> None:
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), of_parts(*parts))})
    with ledger_of(tmp_path, root) as db:
        assert db.execute("SELECT cost FROM call").fetchall() == [(cost,)]
        assert reprice_ledger(db, price_book(), dry_run=False) == []
        assert db.execute("SELECT cost FROM call").fetchall() == [(cost,)]


@pytest.mark.parametrize("is_gone", [False, True])
@pytest.mark.parametrize(
    ("parts", "cost"),
    [
        (((60_000, 100), (70_000, 100)), 130_000 * 200 + 200 * 1000),
        (((130_000, 100), (140_000, 100)), 270_000 * 1000 + 200 * 5000),
    ],
)
def test_a_corrected_table_prices_them_for_prompts_of_the_same_length(
    parts: tuple[tuple[int, int], ...], cost: int, is_gone: bool, tmp_path: Path
) -> None:
    """Also where an upgraded ledger does not know the parts, because the file is gone."""
    (tmp_path / "prices.toml").write_text(LONGER)
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), of_parts(*parts))})
    with ledger_of(tmp_path, root) as db:
        db.execute("UPDATE call SET parts = NULL WHERE ?", (is_gone,))
        (changed,) = reprice_ledger(db, PriceBook(tmp_path / "prices.toml"), dry_run=False)
        assert changed.after == cost
        assert reprice_ledger(db, PriceBook(tmp_path / "prices.toml"), dry_run=False) == []


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_corrected_table_prices_short_and_long_requests_inside_a_call_if_it_knows_them(
    is_gone: bool, tmp_path: Path
) -> None:
    (tmp_path / "prices.toml").write_text(LONGER)
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), of_parts((60_000, 100), (130_000, 100)))})
    with ledger_of(tmp_path, root) as db:
        db.execute("UPDATE call SET parts = NULL WHERE ?", (is_gone,))
        before = db.execute("SELECT cost, provider FROM call").fetchall()
        reprice_ledger(db, PriceBook(tmp_path / "prices.toml"), dry_run=False)
        corrected = 60_000 * 200 + 100 * 1000 + 130_000 * 1000 + 100 * 5000
        assert db.execute("SELECT cost, provider FROM call").fetchall() == (before if is_gone else [(corrected, "any")])


def test_a_call_whose_usage_nobody_wrote_down_stays_without_a_cost(tmp_path: Path) -> None:
    line = answer(1) | {"message": {"id": "msg_1", "model": "gpt-5-mini"}}
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), line, answer(2))})
    with ledger_of(tmp_path, root) as db:
        assert reprice_ledger(db, price_book(), dry_run=False) == []
        assert db.execute("SELECT model, cost FROM call WHERE cost IS NULL").fetchall() == [("gpt-5-mini", None)]


def own_prices(folder: Path, output: float) -> PriceBook:
    """A table in which the user says what Opus 5.5 costs."""
    (folder / "prices.toml").write_text(
        f'[[price]]\nmodel = "claude-opus-5-5"\ninput = {output / 5}\noutput = {output}\n'
    )
    return PriceBook(folder / "prices.toml")


def read_on(db: sqlite3.Connection, root: Path, book: PriceBook) -> list[tuple[int, str]]:
    """Costs and providers of the calls after reading what is new at the prices of `book`."""
    sync(db, [(ClaudeCodeSource(), [root])], Options(book))
    return db.execute("SELECT cost, provider FROM call ORDER BY message_id").fetchall()


@pytest.mark.parametrize("output", [0.5, 2000.0])
def test_a_transcript_that_is_read_again_leaves_its_calls_the_price_that_they_were_recorded_at(
    output: float, tmp_path: Path
) -> None:
    note, lines = {"type": "note"}, [prompt(), answer(1), answer(2)]
    root = write_tree(tmp_path / "claude", {FILE: encoded(*lines)})
    with ledger_of(tmp_path, root) as db:
        before = read_on(db, root, price_book())
        book = own_prices(tmp_path, output)
        write_tree(
            root, {FILE: encoded(note, *lines), OTHER_FILE: encoded(*(one | {"sessionId": OTHER} for one in lines))}
        )
        assert read_on(db, root, book) == before
        assert reprice_ledger(db, book, dry_run=True), "what is recorded is changed where it is asked for"
        reprice_ledger(db, book, dry_run=False)
        after = read_on(db, root, book)
        write_tree(root, {FILE: encoded(note, note, *lines)})
        assert read_on(db, root, own_prices(tmp_path, 7.0)) == after != before
        (tmp_path / "prices.toml").unlink()
        write_tree(root, {FILE: encoded(note, *lines)})
        assert read_on(db, root, price_book()) == after


def test_a_call_goes_on_at_the_price_that_its_first_line_was_recorded_at(tmp_path: Path) -> None:
    first, last = (answer(1, message={"usage": usage(output_tokens=count)}) for count in (3, 300))
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), first)})
    with ledger_of(tmp_path, root) as db:
        ((before, _),) = read_on(db, root, price_book())
        write_tree(root, {FILE: encoded(prompt(), first, last)})
        # The list price of Opus 5.5 is $20 per million tokens of output.
        assert [cost for cost, _ in read_on(db, root, own_prices(tmp_path, 2000.0))] == [before + 297 * 20_000]


class Corrected(PriceBook):
    """The bundled table with all rates of one row raised: what a newer version of the program may bring."""

    def resolve(self, *call: Any) -> Price | None:
        """As the table, a tenth dearer."""
        price = super().resolve(*call)
        return price and self.price(price.id)

    def price(self, price_id: str) -> Price:
        """The same."""
        price = super().price(price_id)
        return msgspec.structs.replace(price, input=price.input * 11 // 10, output=price.output * 11 // 10)


def test_a_corrected_list_price_leaves_recorded_calls_their_rates_until_reprice(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), answer(1))})
    with ledger_of(tmp_path, root) as db:
        rebuild(db)
        before = db.execute("SELECT cost FROM call").fetchall()
        write_tree(root, {OTHER_FILE: encoded(prompt("", OTHER), answer(2, OTHER))})
        sync(db, [(ClaudeCodeSource(), [root])], Options(Corrected()))
        rebuild(db)
        ((first, second),) = db.execute("SELECT min(cost), max(cost) FROM call").fetchall()
        assert [(first,)] == before
        assert second > first
        assert [check for check in check_invariants(db) if check.broken] == []
        (changed,) = reprice_ledger(db, Corrected(), dry_run=False)
        assert (changed.calls, changed.before, changed.after) == (1, first, second)
        rebuild(db)
        assert [check for check in check_invariants(db) if check.broken] == []


_READ = "SELECT model, cost, provider FROM call ORDER BY model"
_LATER, _EARLIER = f"{10**20} another version", "1 another version"  # stamps of installs made then


@pytest.fixture
def upgraded(tmp_path: Path) -> Iterator[tuple[sqlite3.Connection, list[Any]]]:
    """A ledger with a call without a price and two at other lists', and the calls as they would be priced now."""
    models = ["glm-4.6", "glm-5.1", "gpt-5"]
    lines = [answer(number, message={"model": model}) for number, model in enumerate(models, 1)]
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), *lines)})
    with ledger_of(tmp_path, root) as db:
        priced = db.execute(_READ).fetchall()
        options_of(db)
        earlier = "genai-prices-0:{}"
        for model, cost, provider in (("glm-5.1", 5, "zhipuai"), ("gpt-5", 7, "openai")):
            (row,) = (one for one in stored_prices(db) if one.model == model)
            put_prices(db, [msgspec.structs.replace(row, id=earlier.format(model), provider=provider)])
            db.execute("UPDATE call SET price_id = ?, cost = ? WHERE model = ?", (earlier.format(model), cost, model))
        db.execute("UPDATE call SET price_id = NULL, cost = NULL WHERE model = 'glm-4.6'")
        yield db, [*priced[:2], ("gpt-5", 7, "openai")]


def costs(db: sqlite3.Connection) -> list[int | None]:
    return [cost for _, cost, _ in db.execute(_READ)]


def test_an_upgrade_prices_unpriced_calls_and_those_of_other_lists(
    upgraded: tuple[sqlite3.Connection, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No command is needed for it, and a call of the same list keeps the price that it was shown at."""
    db, priced = upgraded
    options_of(db)
    assert costs(db) == [None, 5, 7]
    monkeypatch.setattr("tracker.reader_options._tables_stamp", lambda: _LATER)
    options_of(db)
    assert db.execute(_READ).fetchall() == priced
    assert db.execute("SELECT SUM(cost) FROM spend").fetchone()[0] == sum(cost for _, cost, _ in priced)


def test_an_upgrade_does_not_wait_for_another_writer(
    tmp_path: Path, upgraded: tuple[sqlite3.Connection, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    db, priced = upgraded
    monkeypatch.setattr("tracker.reader_options._tables_stamp", lambda: _LATER)
    db.execute("PRAGMA busy_timeout = 50")
    with ledger_of(tmp_path) as other:
        other.execute("BEGIN IMMEDIATE")
        options_of(db)
        assert costs(db) == [None, 5, 7]
        other.execute("ROLLBACK")
    options_of(db)
    assert db.execute(_READ).fetchall() == priced
    assert db.execute("PRAGMA busy_timeout").fetchone() == (50,)


def test_with_two_installs_on_one_ledger_the_newer_ones_prices_hold(
    upgraded: tuple[sqlite3.Connection, list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what the older one reads meanwhile; the older one gives no call the price of its lists."""
    db, priced = upgraded
    monkeypatch.setattr("tracker.reader_options._tables_stamp", lambda: _EARLIER)
    options_of(db)
    assert costs(db) == [None, 5, 7]
    monkeypatch.undo()
    options_of(db)
    assert db.execute(_READ).fetchall() == priced


def test_a_new_price_looks_at_no_session_but_the_call_s(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), answer(1))})
    with ledger_of(tmp_path, root) as db:
        call, price = db.execute("SELECT id, price_id FROM call").fetchone()

        def steps() -> int:
            """Of SQLite's machine, in tens."""
            done: list[None] = []
            db.set_progress_handler(lambda: done.append(None), 10)
            apply_prices(db, [(price, 7, call)])
            db.set_progress_handler(None, 0)
            return len(done)

        steps()  # the statements are compiled
        alone = steps()
        others = [("claude-code", f"other {number}") for number in range(300)]
        db.executemany("INSERT INTO session (agent, native_id) VALUES (?, ?)", others)
        assert steps() < 2 * alone
        assert db.execute("SELECT cost, provider FROM call").fetchall() == [(7, "anthropic")]
