"""Glossary of the dashboard's terms, read by help and docs."""

from typing import NamedTuple

from tracker.model.advice.nudge import NudgeKind


class Term(NamedTuple):
    """A term as shown on a screen, and its explanation."""

    word: str
    sentence: str


NUDGE_KINDS: dict[str, str] = {
    NudgeKind.COMPACT: "compact now, if you go on",
    NudgeKind.NEW_SESSION: "the task is over: start the next in a new session",
    NudgeKind.BEFORE_EXPIRY: "go on, or compact, before the cache goes cold",
    NudgeKind.ANSWER_NOW: "answer before the cache goes cold",
    NudgeKind.COLD_RESUME: "the cache is cold: compact or start over first",
    NudgeKind.TTL: "the other cache TTL (5 min, 1 h) would be cheaper",
    NudgeKind.ROUTING: "small jobs could go to a smaller model",
    NudgeKind.BASELINE: "the first prompt of every session is too large",
    NudgeKind.LARGE_RESULT: "one large tool result will be re-read many times",
    NudgeKind.MISS_STORM: "the cache keeps being lost",
}

_SPLIT = (
    Term("baseline", "Re-reading the session's first prompt: system prompt, tools, instruction files."),
    Term("inherited", "Re-reading what was in the context before the task began; a separate session avoids it."),
    Term("own", "Re-reading what the task itself put into the context."),
    Term("fresh", "New input, read for the first time: prompts, files, tool results."),
    Term("output", "What the model wrote, including its thinking."),
    Term("waste", "Paid twice because the cache was lost."),
)

# Where words stand ("any": on every screen) -> the words, in the order of the screen.
TERMS: dict[str, tuple[Term, ...]] = {
    "any": (
        Term("$", "API list prices; under a plan, what an API key would have paid."),
        Term("~", "Modelled, not measured."),
        Term("≥", "A floor: agents did not record all of it."),
        Term("?", "Without a known price."),
    ),
    "now": (
        *_SPLIT,
        Term("▸", "The advised way to go on; savings are compared with going on unchanged."),
        Term("back in", "How soon the saving covers what the action itself costs."),
        Term("compact level", "The context size from which compacting pays, given how long your sessions last."),
        Term(
            "warm, cold",
            "Warm: the next call reads the context from the cache. Cold: all of it is written, and paid for, again.",
        ),
        Term("burn", "Dollars an hour, at the pace of the last fifteen minutes."),
        Term("calls to full", "Calls until the client auto-compacts."),
        Term("top 3 min", "The highest column of the chart, which shows the last hour."),
        Term("5h, wk", "How much of the plan's five-hour and weekly limits is used."),
    ),
    "tasks": (
        Term("✔ ● ↷ ∅ ↺ ⊘", "Completed, open, interrupted, abandoned, reverted, left out of the averages."),
        Term("direct", "The mean cost of a completed task."),
        Term("loaded", "The same, plus the cost of abandoned, interrupted and reverted tasks."),
        Term("p90", "Nine of ten completed tasks cost no more."),
        Term("re-read", "The share paid for re-reading the context."),
        Term("evidence", "What shows that it is done: a commit, a passed check, closed to-dos, an answer."),
        *_SPLIT,
    ),
    "task": (*_SPLIT, Term("paid again", "A cache miss: what had been in the cache is written to it again.")),
    "spend": (
        Term("unrecorded", "Requests that agents do not record; the client's own total includes them."),
        Term("base", "A month of your completed tasks, without retries and waste."),
        Term(
            "retries", "The added cost of second tries at a file; abandoned, waste: of those tasks and of lost caches."
        ),
        Term("buffer", "Your own margin on top."),
    ),
    "cache": (
        Term("survival", "Of the tokens that should have been in the cache, the share that was."),
        Term("rewrite", "How often each token of the context was written: 100% is once."),
        Term("miss", "A call that paid again for what should have been in the cache."),
        Term("cold start", "The first call of a conversation, which finds nothing yet."),
        Term("planned rebuild", "The rewrite that a compaction, /clear or rewind makes necessary; not a miss."),
    ),
    "plans": (
        Term("a month", "What a typical month costs on the plan, with fee and extra usage."),
        Term("hits a limit", "The chance that a month reaches one of its limits."),
        Term("cheapest", "How often the plan would be the cheapest."),
        Term("used", "The share of the weekly capacity."),
        Term("a task", "Fee and extra usage, shared over completed tasks."),
        Term("pays for itself", "The day this month on which API prices reach the fee."),
        Term("capacity from", "The source of the capacity: published measurements, or your own meter."),
    ),
    "nudges": (
        *(Term(kind.replace("_", " "), f"{words[0].upper()}{words[1:]}.") for kind, words in NUDGE_KINDS.items()),
        Term("fate", "Shown in the agent, the status line or here; then followed, dismissed, or neither."),
        Term("promised", "What it would save, if you go on."),
        Term("of the best", "The share of what perfect hindsight would have saved."),
    ),
}
