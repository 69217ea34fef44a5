"""A user's own prices win, for the calls they speak of, and a wrong file is refused with its place named."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tracker.pricing import PriceBook

FULL = """
[[price]]
model = "anthropic/claude-opus-5.5"
effective_from = 2026-10-01
input = 3.6
output = "18"
cache_write_5m = 4.5
cache_write_1h = 7.2
cache_read = 0.18
long_context_threshold = 200000
long_input = 7.2
long_output = 36
fast_input = 9
fast_output = 45
source = "contract of October"
checked_on = 2026-10-01

[[price]]
model = "my-proxy-model"
input = 1
output = 2

[[price]]
model = "my-proxy-model"
provider = "OpenRouter"
input = 0.5
output = 1
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_file(text: str, name: str = "prices.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


@pytest.fixture
def own(write: Callable[..., Path]) -> PriceBook:
    return PriceBook(write(FULL))


def test_a_user_s_row_wins_over_the_bundled_one_from_its_date_on(own: PriceBook, at: Callable[[str], int]) -> None:
    before = own.resolve("claude-opus-5-5", "anthropic", at("2026-09-30"), 1)
    after = own.resolve("claude-opus-5-5", "anthropic", at("2026-10-01"), 1)
    assert before is not None
    assert after is not None
    assert before.id == "claude-opus-5-5@2026-09-22/standard"
    assert re.fullmatch(r"user:any/claude-opus-5-5@2026-10-01/standard#[0-9a-f]{8}", after.id)
    rates = (after.input, after.output, after.write_5m, after.write_1h, after.cache_read)
    assert rates == (3_600_000, 18_000_000, 4_500_000, 7_200_000, 180_000)
    assert (after.source, after.checked_on) == ("contract of October", "2026-10-01")


def test_its_tiers_and_multipliers_work_like_a_list_price_s(own: PriceBook, at: Callable[[str], int]) -> None:
    now = at("2026-11-21")
    long = own.resolve("claude-opus-5-5", None, now, 200_001, (None, None, "us"))
    fast = own.resolve("claude-opus-5-5", None, now, 1, ("fast", None, None))
    assert long is not None
    assert fast is not None
    assert (long.tier, long.input, long.output) == ("long/us", 7_920_000, 39_600_000)
    assert (fast.tier, fast.input) == ("standard/fast", 9_000_000)
    # Cache rates that the row leaves out are the input rate of its tier.
    assert (long.write_5m, long.write_1h, long.cache_read) == (7_920_000, 7_920_000, 7_920_000)


def test_a_model_that_no_table_knows_gets_its_price(own: PriceBook, at: Callable[[str], int]) -> None:
    for moment in ("1999-01-01", "2026-11-21"):
        price = own.resolve("My-Proxy-Model", "litellm", at(moment), 1)
        assert price is not None
        assert price.id.startswith("user:any/my-proxy-model@1970-01-01/standard#")
        assert price.input == 1_000_000


def test_a_row_for_one_provider_wins_over_one_for_all(own: PriceBook, at: Callable[[str], int]) -> None:
    price = own.resolve("my-proxy-model", "openrouter", at("2026-11-21"), 1)
    assert price is not None
    assert price.id.startswith("user:openrouter/my-proxy-model@1970-01-01/standard#")
    assert price.input == 500_000


def test_edited_rates_are_another_row(write: Callable[..., Path], at: Callable[[str], int]) -> None:
    """Calls of before point at the row of before."""
    ids = []
    for output in ("2", "3", "2.000"):
        book = PriceBook(write(f'[[price]]\nmodel = "my-model"\ninput = 1\noutput = {output}\n'))
        price = book.resolve("my-model", None, at("2026-11-21"), 1)
        assert price is not None
        ids.append(price.id)
    assert ids[0] == ids[2] != ids[1]


def test_an_opaque_bedrock_profile_can_be_priced_by_its_user(
    write: Callable[..., Path], at: Callable[[str], int]
) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"
    book = PriceBook(write(f'[[price]]\nmodel = "{arn}"\ninput = 5\noutput = 25\n'))
    price = book.resolve(arn, "bedrock", at("2026-11-21"), 1)
    assert price is not None
    assert price.output == 25_000_000


def test_user_rows_are_listed_before_the_bundled_ones(own: PriceBook) -> None:
    rows = own.price_rows_for("claude-opus-5-5")
    assert [(row.is_users, row.effective_from) for row in rows] == [(True, "2026-10-01"), (False, "2026-09-22")]


def test_without_a_file_there_are_no_user_prices(tmp_path: Path, at: Callable[[str], int]) -> None:
    book = PriceBook(tmp_path / "prices.toml")
    assert book.resolve("my-proxy-model", "ollama", at("2026-11-21"), 1) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[price]]\nmodel = "m"\ninput = 1\n', r"prices\.toml: price 1 \(m\): input and output need each other"),
        ("[[price]]\ninput = 1\noutput = 2\n", r"price 1 \(no model\): model is missing"),
        ('[[price]]\nmodel = "<synthetic>"\ninput = 1\noutput = 2\n', "model is missing"),
        ('[[price]]\nmodel = "m"\n', "input and output are missing"),
        ('[[price]]\nmodel = "m"\ninput = "free"\noutput = 2\n', "input is not a number that can be used: 'free'"),
        ('[[price]]\nmodel = "m"\ninput = nan\noutput = 2\n', "input is not a number"),
        ('[[price]]\nmodel = "m"\ninput = inf\noutput = 2\n', "input is not a number"),
        ('[[price]]\nmodel = "m"\ninput = 1e30\noutput = 2\n', r"prices\.toml: price 1 \(m\): input is not a number"),
        (
            '[[price]]\nmodel = "m"\ninput = 1\noutput = 10000.1\n',
            r"output is not a number that can be used: '10000.1'",
        ),
        ('[[price]]\nmodel = "m"\ninput = -1\noutput = 2\n', "input is negative"),
        ('[[price]]\nmodel = "m"\ninput = 0.0000001\noutput = 2\n', "input is not a number that can be used"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 2\ncache_writes = 3\n', "unknown key 'cache_writes'"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 2\nlong_input = 3\nlong_output = 3\n', "need each other"),
        ('[[price]]\nmodel = "m"\ninput = 1\noutput = 2\neffective_from = "soon"\n', "soon"),
        ('[price]\nmodel = "m"\n', "one table each"),
        ('[prices]\nmodel = "m"\n', "unknown table 'prices'"),
        ("[[price", "prices.toml"),
        (
            '[[price]]\nmodel = "m"\ninput = 1\noutput = 2\n[[price]]\nmodel = "M"\ninput = 2\noutput = 4\n',
            r"prices\.toml: price 2 \(m\): price 1 is for the same calls",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_a_reason(text: str, said: str, write: Callable[..., Path]) -> None:
    with pytest.raises(ValueError, match=said):
        PriceBook(write(text))


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_bytes('source = "Preis für uns"'.encode("latin-1"))
    with pytest.raises(ValueError, match=r"prices\.toml: .*utf-8"):
        PriceBook(path)
