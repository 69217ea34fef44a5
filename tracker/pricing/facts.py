"""Facts of models other than their price; facts.csv has a line per model (PRICES section 1.4)."""

from functools import cache

import msgspec

from tracker.pricing.names import normalise


class ModelFacts(msgspec.Struct, frozen=True):
    """Facts of one model in its newest known state (windows have grown; prices.csv dates them)."""

    model: str
    context_window: int  # tokens
    tokenizer: str  # old | new: the new one gives about 30 % more tokens for the same text (PRICES 1.4)


@cache
def all_facts() -> dict[str, ModelFacts]:
    """The facts of every model in the bundled table, by id."""
    import csv
    from pathlib import Path

    with Path(__file__).with_name("facts.csv").open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        return {line["model"]: msgspec.convert(line, ModelFacts, strict=False) for line in lines}


def facts_for(model: str) -> ModelFacts | None:
    """The facts of a model, by any form of its id; None if it is not in the table."""
    return all_facts().get(normalise(model).canonical)
