"""Pricing a Claude call loads neither genai-prices nor anything else that is slow; compared by names, not by clock."""

import subprocess
import sys
from pathlib import Path

import tracker.pricing

ROOT = Path(tracker.pricing.__file__).parents[2]
SLOW = {"genai_prices", "pydantic", "anthropic", "textual", "click", "sqlite_utils", "sqlite3", "httpx"}


def modules_after(code: str) -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(shown.stdout.split())


def test_import_alone_loads_nothing_slow_and_reads_no_table() -> None:
    loaded = modules_after("import tracker.pricing")
    assert not SLOW & loaded
    assert not {"csv", "tomllib", "tracker.pricing.other_providers", "tracker.pricing.user_rows"} & loaded


def test_pricing_known_and_worthless_ids_does_not_load_genai_prices() -> None:
    code = """
from tracker.pricing import PriceBook, facts_for
book = PriceBook()
assert book.resolve("claude-opus-5-5", "anthropic", 1795000000000, 10, (None, "standard", "global"))
assert book.resolve("<synthetic>", "anthropic", 1795000000000, 10) is None
assert book.resolve("opus", "anthropic", 1795000000000, 10) is None
assert facts_for("claude-opus-5-5")
"""
    assert not SLOW & modules_after(code)


def test_an_unknown_model_does_load_it() -> None:
    code = """
from tracker.pricing import PriceBook
assert PriceBook().resolve("gpt-5-mini", "openai-native", 1795000000000, 10)
"""
    assert "genai_prices" in modules_after(code)
