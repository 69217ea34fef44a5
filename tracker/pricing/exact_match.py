"""Whether genai-prices found the requested model, or only a related one.

The package's patterns, such as "starts with claude-opus-4-5" or "contains gemini-1.5-pro", are meant for snapshots, but
also match later models whose name begins alike. The part of an id that a pattern does not match must not name another
model.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genai_prices.types import MatchLogic, ModelInfo

# Allowed before the pattern's text: a path, a region, a vendor.
_HARMLESS_PREFIX = re.compile(r"(?:.*[/.])?")
# Allowed after it: a word or date of the snapshot, a Bedrock revision.
_HARMLESS_SUFFIX = re.compile(
    r"""
    (?:-?(?:latest|preview|exp))?
    (?:[-@]?(?:\d{8}|\d{4}-\d\d-\d\d|\d\d-\d\d(?:-\d{4})?|\d\d-\d{4}|\d{3,4})|\d\d)?
    (?:(?:-v\d)?:\d+)?
    """,
    re.VERBOSE,
)
_COMPACT_DATE = re.compile(r"(20\d\d)(\d\d)(\d\d)$")


def names_exactly(model: "ModelInfo", model_id: str) -> bool:
    """Whether the lower-case `model_id` names exactly `model`; like the package, also tries the date with dashes."""
    return any(_matches(model.match, text) for text in (model_id, _COMPACT_DATE.sub(r"\1-\2-\3", model_id)))


def _matches(logic: "MatchLogic", text: str) -> bool:
    from genai_prices import types

    if not logic.is_match(text):
        return False
    if isinstance(logic, types.ClauseOr):
        return any(_matches(part, text) for part in logic.or_)
    if isinstance(logic, types.ClauseAnd):
        # Regular expressions beside the text only exclude variants.
        return any(_matches(part, text) for part in logic.and_ if not isinstance(part, types.ClauseRegex))
    if isinstance(logic, types.ClauseStartsWith):
        return _is_harmless("", text[len(logic.starts_with) :])
    if isinstance(logic, types.ClauseEndsWith):
        return _is_harmless(text[: -len(logic.ends_with)], "")
    if isinstance(logic, types.ClauseContains):
        before, _, after = text.partition(logic.contains.lower())
        return _is_harmless(before, after)
    if isinstance(logic, types.ClauseRegex):
        found = re.search(logic.regex, text)
        return found is not None and _is_harmless("", text[found.end() :])
    return True


def _is_harmless(before: str, after: str) -> bool:
    return bool(_HARMLESS_PREFIX.fullmatch(before) and _HARMLESS_SUFFIX.fullmatch(after))
