"""The captured scenarios, and what their servers billed, worked out here and not by the code under test.

The arithmetic is CLAUDE_CODE section 3 once more, on decimal dollars.
"""

import json
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parents[2] / "data" / "claude_code"
SCENARIOS = sorted(folder.name for folder in DATA.iterdir() if (folder / "truth.json").is_file())
STEPPED = [name for name in SCENARIOS if (DATA / name / "steps.json").is_file()]

# $ per million tokens: input, output, 5 min write, 1 h write, cache read.
_RATES = {
    "claude-3-5-haiku-20241022": ("0.8", "4", "1", "1.6", "0.08"),
    "claude-haiku-4-5-20251001": ("1", "5", "1.25", "2", "0.1"),
    "claude-haiku-5-5": ("0.1", "0.5", "0.125", "0.2", "0.01"),
    "claude-haiku-5-5 above 100,000": ("0.5", "2.5", "0.625", "1", "0.05"),
    "claude-sonnet-4-20250514": ("3", "15", "3.75", "6", "0.3"),
    "claude-sonnet-4-5-20250929": ("3", "15", "3.75", "6", "0.3"),
    "claude-sonnet-4-6": ("3", "15", "3.75", "6", "0.3"),
    "claude-sonnet-5-5": ("2", "10", "2.5", "4", "0.1"),
    "claude-opus-5-5": ("4", "20", "5", "8", "0.2"),
    "claude-opus-5-5 fast": ("8", "40", "10", "16", "0.4"),
}
_NANO = Decimal(1)


class Tokens(NamedTuple):
    """The five counts in the order of the ledger's columns."""

    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int


def as_reported(tokens: Tokens) -> dict[str, Any]:
    """The counts as the API reports them."""
    return {
        "input_tokens": tokens.input,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.write_5m + tokens.write_1h,
        "cache_creation": {"ephemeral_5m_input_tokens": tokens.write_5m, "ephemeral_1h_input_tokens": tokens.write_1h},
        "output_tokens": tokens.output,
    }


class Billed(NamedTuple):
    """One answered request, as the server knows it; cost in nano-dollars."""

    message_id: str
    request_id: str
    model: str
    tokens: Tokens
    cost: int
    in_transcript: bool
    by_subagent: bool


def billed_calls(scenario: str) -> list[Billed]:
    """The requests that were billed in full; cut-off answers (`partial`) and refused ones are left out."""
    requests = json.loads((DATA / scenario / "truth.json").read_text())["requests"]
    return [_billed(request) for request in requests if request["billed"] is True]


def _billed(request: dict[str, Any]) -> Billed:
    usage = request["usage"]
    written = usage["cache_creation_input_tokens"]
    one_hour = min(usage["cache_creation"]["ephemeral_1h_input_tokens"], written)
    tokens = Tokens(
        usage["input_tokens"], usage["cache_read_input_tokens"], written - one_hour, one_hour, usage["output_tokens"]
    )
    searches = usage.get("server_tool_use", {}).get("web_search_requests", 0)
    return Billed(
        request["message_id"],
        request["request_id"],
        request["model"],
        tokens,
        cost_nano(request["model"], tokens, searches, fast=request["speed"] == "fast", geo=usage["inference_geo"]),
        request["in_transcript"],
        request["role_seen"] == "subagent",
    )


def cost_nano(model: str, tokens: Tokens, searches: int = 0, *, fast: bool = False, geo: str | None = None) -> int:
    """What a call costs by CLAUDE_CODE section 3, in nano-dollars, each component rounded half to even."""
    key = f"{model} fast" if fast and f"{model} fast" in _RATES else model
    if f"{key} above 100,000" in _RATES and sum(tokens[:4]) > 100_000:
        key += " above 100,000"
    rate_in, rate_out, rate_5m, rate_1h, rate_read = map(Decimal, _RATES[key])
    multiplier = Decimal("1.1") if geo == "us" else Decimal(1)
    components = zip(tokens, (rate_in, rate_read, rate_5m, rate_1h, rate_out), strict=True)
    total = sum(
        ((count * rate * multiplier * 1000).quantize(_NANO, ROUND_HALF_EVEN) for count, rate in components), Decimal(0)
    )
    return int(total) + searches * 10_000_000


def step_names(scenario: str) -> list[str]:
    """The moments at which the tree was looked at, and "end"."""
    return [*(step["after"] for step in _steps(scenario)), "end"]


def tree_after(scenario: str, step: str) -> dict[str, bytes]:
    """Transcripts by path below `projects` as they stood after a step."""
    whole = tree(scenario)
    if step == "end":
        return whole
    sizes = next(known["bytes"] for known in _steps(scenario) if known["after"] == step)
    return {path: whole[path][:size] for path, size in sizes.items()}


def _steps(scenario: str) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = json.loads((DATA / scenario / "steps.json").read_text())
    return steps


def tree(scenario: str) -> dict[str, bytes]:
    """Every transcript of a scenario by its path below `projects`."""
    projects = DATA / scenario / "projects"
    return {str(path.relative_to(projects)): path.read_bytes() for path in sorted(projects.rglob("*.jsonl"))}
