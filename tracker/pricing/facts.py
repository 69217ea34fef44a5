"""What a model is apart from its price: facts.csv holds a line per model (PRICES section 1.4)."""

from functools import cache

import msgspec

from tracker.pricing.names import normalise


class ModelFacts(msgspec.Struct, frozen=True):
    """Facts of one model as of the newest known state (windows grew; prices.csv dates them)."""

    model: str
    context_window: int  # tokens
    tokenizer: str  # old | new: the new one makes about 30 % more tokens of the same text (PRICES 1.4)


@cache
def all_facts() -> dict[str, ModelFacts]:
    """The facts of every model of the bundled table, by its id there."""
    import csv
    from pathlib import Path

    with Path(__file__).with_name("facts.csv").open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        return {line["model"]: msgspec.convert(line, ModelFacts, strict=False) for line in lines}


def facts_for(model: str) -> ModelFacts | None:
    """The facts of a model under any form of its id; `None` if it is not in the table."""
    return all_facts().get(normalise(model).canonical)
