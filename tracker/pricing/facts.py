"""What a model is apart from its price: window, output limit, smallest prefix that is cached, tokenizer.

facts.csv holds a line per model (PRICES sections 1.4 and 4). What no source says is `None`, not a guess.
"""

from functools import cache

import msgspec

from tracker.pricing.names import normalise


class ModelFacts(msgspec.Struct, frozen=True):
    """Facts of one model, in tokens, as of the newest known state (windows grew; prices.csv dates them)."""

    model: str
    context_window: int
    max_output: int | None
    min_cacheable_prefix: int | None
    tokenizer: str  # old | new: the new one makes about 30 % more tokens of the same text (PRICES 1.4)


@cache
def all_facts() -> dict[str, ModelFacts]:
    """The facts of every model of the bundled table, by its id there."""
    import csv
    from pathlib import Path

    with Path(__file__).with_name("facts.csv").open(encoding="utf-8", newline="") as file:
        return {line["model"]: _facts(line) for line in csv.DictReader(file)}


def facts_for(model: str) -> ModelFacts | None:
    """The facts of a model under any form of its id; `None` if it is not in the table."""
    return all_facts().get(normalise(model).canonical)


def _facts(line: dict[str, str]) -> ModelFacts:
    return ModelFacts(
        model=line["model"],
        context_window=int(line["context_window"]),
        max_output=_tokens(line["max_output"]),
        min_cacheable_prefix=_tokens(line["min_cacheable_prefix"]),
        tokenizer=line["tokenizer"],
    )


def _tokens(text: str) -> int | None:
    return int(text) if text else None
