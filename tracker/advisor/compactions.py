"""Measures the user's own compactions: their trigger, what they keep, what is read again (MODEL section 8)."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise, takewhile
from statistics import fmean, median

from store.reads.habits import Compaction, FileUse, HabitCall
from tracker.advisor.followed import BY_ITSELF
from tracker.advisor.trigger import client_of, lesson_key
from tracker.model.advice.compaction import Aftermath, observed_summary_tokens
from tracker.model.defaults import CHARS_PER_TOKEN


def triggers(compactions: Iterable[Compaction], model_of: Mapping[int, str]) -> dict[str, int]:
    """`lesson_key` -> context in tokens at which the client compacted automatically."""
    sizes: dict[str, list[int]] = {}
    for compaction in compactions:
        model = model_of.get(compaction.session_id)
        if model is not None and compaction.detail == BY_ITSELF and compaction.tokens_before:
            key = lesson_key(client_of(compaction.agent, compaction.session), model, compaction.tokens_before)
            sizes.setdefault(key, []).append(compaction.tokens_before)
    return {key: round(median(found)) for key, found in sizes.items()}


def aftermath(
    compactions: Iterable[Compaction],
    mains: Iterable[Sequence[HabitCall]],
    uses: Callable[[Iterable[int]], Sequence[FileUse]],
) -> Aftermath:
    """S_k, R and n_R from at least three compactions; `uses` is called only then, with the sessions that compacted.

    Read again means: read before the compaction, and once more between it and the next edit.
    """
    marks: dict[int, list[int]] = {}
    for compaction in compactions:
        marks.setdefault(compaction.session_id, []).append(compaction.position)
    prompts: list[tuple[int, int]] = []
    places: dict[int, list[int]] = {}
    for chain in mains:
        session = chain[0].session_id
        for before, after in pairwise(chain if session in marks else ()):
            between = [mark for mark in marks[session] if before.position < mark <= after.position]
            if between:
                prompts.append((chain[0].context, after.context))
                places.setdefault(session, []).append(between[0])
    kept = observed_summary_tokens(prompts)
    if kept is None:
        return Aftermath()
    again = list(_read_again(places, uses(places)))
    return Aftermath(
        summary_kept=kept,
        reread=fmean(sum(read.result_chars for read in reads) / CHARS_PER_TOKEN for reads in again),
        extra_calls=fmean(len({read.message_id for read in reads}) for reads in again),
    )


def _read_again(places: Mapping[int, Sequence[int]], uses: Iterable[FileUse]) -> Iterator[list[FileUse]]:
    """For each compaction, the repeated reads up to the next edit; `places` are the compactions' positions by session.

    Later repeated reads have other reasons.
    """
    epochs: dict[int, list[list[FileUse]]] = {
        session: [[] for _ in range(len(marks) + 1)] for session, marks in places.items()
    }
    for use in uses:
        epochs[use.session_id][bisect_right(places[use.session_id], use.position)].append(use)
    for first, *later in epochs.values():
        known = {use.target for use in first if not use.is_edit}
        for epoch in later:
            yield [use for use in takewhile(lambda use: not use.is_edit, epoch) if use.target in known]
            known |= {use.target for use in epoch if not use.is_edit}
