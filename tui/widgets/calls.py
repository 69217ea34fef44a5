"""The columns of a list of calls: chain, tokens read and written, cost, tool use."""

from store.reads.board import RecentCall
from store.records import CallFlag
from tracker.clock import local
from tracker.reports.cause_words import cause_words
from tracker.words import chain_name, duration
from tui.widgets.columns import Column
from tui.words import fine_usd, model_name, plain

_LONG_PATH = 30


def call_columns(project: str | None) -> tuple[Column[RecentCall], ...]:
    """Columns of a session's calls; targets below `project` are shown relative to it."""
    return (
        Column("time", 8, lambda call: f"{local(call.last_at):%H:%M:%S}", style="$dim"),
        Column(
            "chain",
            11,
            _chain,
            rank=3,
            style=lambda call: "$baseline" if call.chain else "",
            stretches=True,
            of=_chain,
        ),
        Column("model", 11, lambda call: model_name(call.model), rank=5, style="$dim", of=lambda call: call.model),
        Column("in", 6, lambda call: f"{call.input:,}", right=True, rank=7),
        Column("read", 8, lambda call: f"{call.cache_read:,}", right=True, rank=4),
        Column("written", 7, lambda call: f"{call.written:,}", right=True, rank=4),
        Column("out", 5, _output, right=True, rank=2),
        Column("cost", 8, lambda call: fine_usd(call.cost), right=True, style="bold"),
        Column("took", 6, _took, right=True, rank=6, style="$dim"),
        Column(
            "did",
            12,
            lambda call: did(call, project),
            rank=1,
            grows=True,
            style=_warning,
            of=lambda call: (call.cause, call.tool, call.target),
        ),
    )


def did(call: RecentCall, project: str | None) -> str:
    """A call's cache miss and its tool use: `Edit tests/test_invoice.py`."""
    missed = f"▲ {plain(cause_words(call.cause))}  " if call.cause else ""
    target = call.target or ""
    for separator in ("/", "\\"):
        target = target.removeprefix(f"{(project or '').rstrip(separator)}{separator}")
    return missed + plain(f"{call.tool or ''} {short_path(target)}".strip())


def short_path(target: str) -> str:
    """The end of a long path, `…/tests/upload.spec.ts`; anything else unchanged."""
    slash = "/" if "/" in target else "\\"
    if len(target) <= _LONG_PATH or " " in target or slash not in target:
        return target
    *folders, kept = target.split(slash)
    for part in reversed(folders):
        if len(kept) + len(part) + 3 > _LONG_PATH:
            break
        kept = f"{part}{slash}{kept}"
    return f"…{slash}{kept}"


def _took(call: RecentCall) -> str:
    return duration(call.last_at - (call.requested_at or call.first_at))


def _output(call: RecentCall) -> str:
    return ("≥" if call.flags & CallFlag.OUTPUT_IS_FLOOR else "") + f"{call.output:,}"


def _chain(call: RecentCall) -> str:
    return ("↳ " if call.chain else "") + plain(chain_name(call.chain, call.agent_type))


def _warning(call: RecentCall) -> str:
    return "$waste" if call.cause else "$dim"
