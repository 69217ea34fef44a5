"""The words of the dashboard that a newcomer may not know: help and docs read the same rows."""

from typing import NamedTuple

from tracker.model.advice.nudge import NudgeKind


class Term(NamedTuple):
    """A word as it stands on a screen, and what it says."""

    word: str
    sentence: str


NUDGE_KINDS: dict[str, str] = {
    NudgeKind.COMPACT: "compact now, if you go on",
    NudgeKind.NEW_SESSION: "the task is over: start the next in a new session",
    NudgeKind.BEFORE_EXPIRY: "go on, or compact, before the cache goes cold",
    NudgeKind.ANSWER_NOW: "answer before the cache goes cold",
    NudgeKind.COLD_RESUME: "the cache is cold: compact or start over first",
    NudgeKind.TTL: "the other cache life (5 min, 1 h) would be cheaper",
    NudgeKind.ROUTING: "small jobs could go to a smaller model",
    NudgeKind.BASELINE: "what is loaded at every start costs too much",
    NudgeKind.LARGE_RESULT: "one large tool result will be re-read for long",
    NudgeKind.MISS_STORM: "the cache keeps being lost",
}

_SPLIT = (
    Term("baseline", "Re-reading the session's first prompt: system prompt, tools, instruction files."),
    Term("inherited", "Re-reading what was there before the task began; a session of its own would not have paid it."),
    Term("own", "Re-reading what the task itself put into the context."),
    Term("fresh", "New input, when it is first read: prompts, files, results of tools."),
    Term("output", "What the model wrote, its thinking included."),
    Term("waste", "Paid twice, as the cache was lost."),
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
        Term("▸", "The way to go on that is advised; savings are against going on as it is."),
        Term("back in", "How soon the saving has paid for what the action itself costs."),
        Term("compact level", "The context from which on compacting pays, by how long your sessions last."),
        Term("warm, cold", "Warm: the next call reads the context from the cache. Cold: it pays for all of it anew."),
        Term("burn", "Dollars an hour, at the pace of the last fifteen minutes."),
        Term("calls to full", "Calls until the client compacts by itself."),
        Term("top 3 min", "What the highest column came to; columns are the last hour."),
        Term("5h, wk", "How much of the plan's five-hour and weekly limits is used."),
    ),
    "tasks": (
        Term("✔ ● ↷ ∅ ↺ ⊘", "Completed, open, interrupted, abandoned, reverted, left out of the averages."),
        Term("direct", "The mean cost of a completed task."),
        Term("loaded", "The same, with what abandoned, interrupted and reverted ones cost."),
        Term("p90", "Nine of ten completed tasks cost no more."),
        Term("re-read", "The share paid for reading the context again."),
        Term("evidence", "How one knows that it is done: a commit, a passed check, closed to-dos, an answer given."),
        *_SPLIT,
    ),
    "task": (*_SPLIT, Term("paid again", "A cache miss: what was in the cache before is written to it again.")),
    "spend": (
        Term("unrecorded", "Requests that agents do not record; the client's own total includes them."),
        Term("base", "A month of your completed tasks, without retries and waste."),
        Term("retries", "What second tries at a file add; abandoned, waste: what those tasks and lost caches add."),
        Term("buffer", "Your own margin on top."),
    ),
    "cache": (
        Term("survival", "Of the tokens that should have been in the cache, the share that was."),
        Term("rewrite", "How often each token of the context was written: 100% is once."),
        Term("miss", "A call that paid again for what should have been in the cache."),
        Term("cold start", "The first call of a conversation, which finds nothing yet."),
        Term("planned rebuild", "What a compaction, /clear or rewind makes necessary; no miss."),
    ),
    "plans": (
        Term("a month", "What a typical month costs under it, with fee and extra usage."),
        Term("hits a limit", "The chance that a month reaches one of its limits."),
        Term("cheapest", "How often it would be the cheapest way to pay."),
        Term("used", "Of what fits in a week."),
        Term("a task", "Fee and extra usage, shared over completed tasks."),
        Term("pays for itself", "The day this month by which API prices come to the fee."),
        Term("capacity from", "Who says how much fits: published measurements, or your own meter."),
    ),
    "nudges": (
        *(Term(kind.replace("_", " "), f"{words[0].upper()}{words[1:]}.") for kind, words in NUDGE_KINDS.items()),
        Term("fate", "Shown in the agent, the status line or here; then followed, dismissed, or neither."),
        Term("promised", "What it would save, if you go on."),
        Term("of the best", "The share of what perfect hindsight would have saved."),
    ),
}
