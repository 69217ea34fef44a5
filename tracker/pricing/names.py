"""Normalises model ids: every form in which a client may record a Claude model maps to its id in the price table.

A version names a model, a date only a snapshot: an unknown date means the same model, an unknown version a model
without a price. Nothing is guessed from the family. Forms: PRICES section 1.5.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from tracker.pricing.rows import bundled_rows_by_model, epoch_day

# The client's placeholder for messages it made up itself.
SYNTHETIC = "<synthetic>"
# Aliases in a client's settings for the current model, not models.
SETTINGS_ALIASES = frozenset({"best", "default", "fable", "haiku", "opus", "opusplan", "sonnet"})
# Forms of an id that only these providers use, whatever provider the client names.
FORMS_OF_RESELLERS = frozenset({"bedrock", "openrouter", "vertex"})
LIST_PERMILLE = 1000
REGIONAL_PERMILLE = 1100
# Release of Sonnet 4.5, the first model for which Bedrock and Vertex charge a regional premium (PRICES 1.2).
_REGIONAL_PREMIUM_FROM = "2025-09-29"

_ARN = re.compile(r"arn:aws[a-z-]*:bedrock:[^:]*:[^:]*:(?P<kind>[a-z-]+)/(?P<id>.+)")
_READABLE_ARN_KINDS = frozenset({"inference-profile", "foundation-model"})
_VERTEX_PATH = re.compile(
    r"(?:projects/[^/]+/)?locations/(?P<location>[^/]+)/publishers/anthropic/models/(?P<id>[^/]+)"
)
_GATEWAY = re.compile(r"(?:openrouter/)?anthropic/(?P<id>claude.+)")
_BEDROCK = re.compile(r"(?:bedrock/)?(?:(?P<region>us|eu|apac|au|jp|in|us-gov|global)\.)?anthropic\.(?P<id>claude.+)")
_CLAUDE = re.compile(
    r"""
    claude-
    (?: (?P<family>[a-z]+)-(?P<version>\d{1,2}(?:[.-]\d{1,2})?|preview)
      | (?P<old_version>\d{1,2}(?:[.-]\d{1,2})?)-(?P<old_family>[a-z]+)
    )
    (?P<fast>-fast)?
    (?:-v\d)?
    (?:[-@](?P<snapshot>\d{8}|latest|default))?
    (?P<fast_at_end>-fast)?
    (?P<bedrock_version>-v\d+(?::\d+)?)?
    (?P<variants>(?:[:-]thinking|:beta|:1m|:fast|-?\[1m\])*)
    """,
    re.VERBOSE,
)


class ModelName(NamedTuple):
    """A parsed id. `canonical` is "" for the client's own messages, the tidied id for other vendors' models."""

    canonical: str
    provider: str  # anthropic | bedrock | vertex | openrouter, "" if the form does not tell
    region_multiplier_permille: int
    fast: bool


@lru_cache(maxsize=4096)
def normalise(model: str) -> ModelName:
    """Parse a model id in any form of PRICES section 1.5; case and spacing do not matter.

    Settings aliases and opaque Bedrock application profiles name no model and are returned unchanged. The region
    multiplier is 1100 for a Bedrock or Vertex id with a region (including a bare Bedrock id) from Sonnet 4.5 on, else
    1000.
    """
    text = _tidy(model)
    if text in {"", SYNTHETIC}:
        return ModelName("", "", LIST_PERMILLE, fast=False)
    name, provider, is_regional = _unwrap(text)
    parts = _CLAUDE.fullmatch(name)
    if parts is None:
        return ModelName(_without_1m(name), provider, LIST_PERMILLE, fast=False)
    canonical = _canonical(parts)
    if not provider:
        provider = "vertex" if "@" in name else "bedrock" if parts["bedrock_version"] else "anthropic"
    return ModelName(
        canonical,
        provider,
        REGIONAL_PERMILLE if is_regional and released_since(canonical, _REGIONAL_PREMIUM_FROM) else LIST_PERMILLE,
        fast=bool(parts["fast"] or parts["fast_at_end"] or ":fast" in parts["variants"]),
    )


def fallback_id(model: str) -> str:
    """The id as its provider writes it, without the client's "[1m]" and a cloud's path, for other vendors' tables."""
    text = _tidy(model)
    if (arn := _ARN.fullmatch(text)) and arn["kind"] in _READABLE_ARN_KINDS:
        text = arn["id"]
    return _without_1m(text)


def released_since(canonical: str, date: str) -> bool:
    """Whether a Claude model was released on that day or later; models missing from the table count as newer."""
    rows = bundled_rows_by_model().get(canonical)
    if rows is None:
        return canonical.startswith("claude-")
    return rows[0].effective_day >= epoch_day(date)


def _tidy(model: str) -> str:
    return "-".join(model.lower().split())


def _without_1m(text: str) -> str:
    return text.removesuffix("[1m]").removesuffix("-") if text.endswith("[1m]") else text


def _unwrap(text: str) -> tuple[str, str, bool]:
    """Remove what clouds and gateways add to an id: (id, provider or "", whether a region is named)."""
    if arn := _ARN.fullmatch(text):
        if arn["kind"] not in _READABLE_ARN_KINDS:
            return text, "bedrock", False
        text = arn["id"]
    if path := _VERTEX_PATH.fullmatch(text):
        return path["id"], "vertex", path["location"] != "global"
    if bedrock := _BEDROCK.fullmatch(text):
        return bedrock["id"], "bedrock", bedrock["region"] != "global"
    if gateway := _GATEWAY.fullmatch(text):
        return gateway["id"], "openrouter", False
    return text, "", False


def _canonical(parts: re.Match[str]) -> str:
    family, version = _family_and_version(parts)
    snapshots = _snapshots().get((family, version))
    if snapshots is None:
        return f"claude-{family}-{version}"
    return snapshots.get(parts["snapshot"] or "") or snapshots["newest"]


def _family_and_version(parts: re.Match[str]) -> tuple[str, str]:
    version = (parts["version"] or parts["old_version"]).replace(".", "-").removesuffix("-0")
    return parts["family"] or parts["old_family"], version


@cache
def _snapshots() -> dict[tuple[str, str], dict[str, str]]:
    """The table's ids by family and version: {snapshot date: id, "newest": id}."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for model in sorted(bundled_rows_by_model()):
        parts = _CLAUDE.fullmatch(model)
        if parts is None:
            raise ValueError(f"prices.csv: not a model id: {model!r}")
        ids = found.setdefault(_family_and_version(parts), {})
        ids["newest"] = model
        if parts["snapshot"]:
            ids[parts["snapshot"]] = model
    return found
