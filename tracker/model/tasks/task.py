"""Builds tasks from their turns (MODEL section 2): id, title, status and sums. Every figure is a sum over turns."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from store.records import TurnKind
from store.task_rows import PartRow, SessionRow, TaskRow, TaskTurnRow
from store.titles import only_resumes, plan_in, title_in
from tracker.model.tasks.edits import REFINED, Attribute, Overlay
from tracker.model.tasks.links import PartKey, key_of
from tracker.model.tasks.prompt_words import is_acknowledgement
from tracker.model.tasks.session_tasks import SUMMED, decode_facts
from tracker.model.tasks.status import Evidence, GitFacts, Judged, TaskStatus, TurnFacts, judge, meets

ID_CHARS = 8  # among a hundred thousand tasks, the probability that two share an id is one in five hundred
_TITLE_CHARS = 100
_SESSION_TITLE_RANK = 2  # minimum rank: titles by the agent or the user, not summaries
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class TitleFrom:
    """Sources of a title."""

    YOU = "you"
    REFINED = "refined"
    AGENT = "agent"
    PROMPT = "prompt"
    NOTHING = "nothing"


class HiddenTotal(NamedTuple):
    """A session's hidden spend by the client's count, and the sums used to divide it among its turns; nano-dollars."""

    cost: int
    modelled: int  # of `TurnFacts.unrecorded`
    recorded: int


def task_id(agent: str, session: str, root: str) -> str:
    """Id of the task that a turn starts; it does not depend on the ledger."""
    digest = hashlib.blake2b(f"{agent}\0{session}\0{root}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    digits = ""
    for _ in range(ID_CHARS):
        number, digit = divmod(number, 36)
        digits += _DIGITS[digit]
    return f"t{digits}"


def resolve_root(part: PartRow, target_of: Mapping[PartKey, PartRow]) -> PartRow:
    """Follow a part's links to the part that its task starts with; a cycle resolves to its earliest part."""
    seen = [part]
    while (following := target_of.get(key_of(seen[-1]))) is not None:
        if following in seen:
            circle = seen[seen.index(following) :]
            return min(circle, key=lambda one: (one.first_at, one.session_id, one.root))
        seen.append(following)
    return seen[-1]


def task_row(
    identity: str,
    turns: Sequence[TaskTurnRow],
    sessions: Mapping[int, SessionRow],
    *,
    overlay: Overlay,
    git: GitFacts,
    hidden: int | None,
    hidden_totals: Mapping[int, HiddenTotal],
    owns_its_sessions: bool,
) -> TaskRow:
    """Build a task from its turns, in order of time; `owns_its_sessions`: no other task shares its sessions.

    `hidden_totals`: hidden spend of the sessions with a reliable client total.
    """
    facts = [decode_facts(turn.facts) for turn in turns]
    attributes = attributes_of(turns, overlay)
    title, title_from = _title(turns, facts, sessions, attributes, owns_its_sessions)
    status = _status(judge(facts, git), attributes)
    members = [sessions[one] for one in dict.fromkeys(turn.session_id for turn in turns)]
    sums = {name: sum(getattr(turn, name) for turn in turns) for name in SUMMED}
    models = sorted({model for turn in turns for model in turn.models.split(",") if model})
    begins = [turn.context_begin for turn in turns if turn.context_begin is not None]
    ends = [turn.context_end for turn in turns if turn.context_end is not None]
    return TaskRow(
        id=identity,
        title=title,
        title_from=title_from,
        status=status.status,
        evidence=status.evidence,
        if_left=status.if_left,
        excluded=int("excluded" in attributes and bool(attributes["excluded"].value)),
        agents=",".join(dict.fromkeys(session.agent for session in members)),
        project=members[0].project,
        sessions=msgspec.json.encode([session.native_id for session in members]).decode(),
        models=",".join(models),
        branch=members[-1].branch,
        started_at=turns[0].at,
        ended_at=max(turn.ended_at for turn in turns),
        active_ms=_active_ms(turns, facts),
        turns=len(turns),
        **sums,
        hidden=hidden,
        edit_turns=sum(bool(fact.edited) for fact in facts),
        retry_turns=sum(fact.is_retry for fact in facts),
        retry_cost=sum(turn.cost for turn, fact in zip(turns, facts, strict=True) if fact.is_retry),
        context_begin=begins[0] if begins else None,
        context_end=ends[-1] if ends else None,
        unrecorded=sum(
            _unrecorded(turn, fact, hidden_totals.get(turn.session_id)) for turn, fact in zip(turns, facts, strict=True)
        ),
    )


def _active_ms(turns: Iterable[TaskTurnRow], facts: Iterable[TurnFacts]) -> int:
    """Milliseconds of work on a task. A subagent may outlast its turn; overlapping time counts once."""
    total = until = 0
    for turn, fact in zip(turns, facts, strict=True):
        total += max(0, turn.ended_at - max(turn.at, until) - fact.waited_ms)
        until = max(until, turn.ended_at)
    return total


def _unrecorded(turn: TaskTurnRow, fact: TurnFacts, total: HiddenTotal | None) -> int:
    """A turn's share of its session's hidden total, in proportion to modelled spend, else to cost.

    Without a total, the modelled spend itself.
    """
    if total is None:
        return fact.unrecorded
    part, whole = (fact.unrecorded, total.modelled) if total.modelled else (turn.cost, total.recorded)
    return total.cost * part // whole if whole else 0


def attributes_of(turns: Iterable[TaskTurnRow], overlay: Overlay) -> dict[str, Attribute]:
    """The task's attributes from all its turns, the latest of each field."""
    found: dict[str, Attribute] = {}
    if overlay.attributes:
        for turn in turns:
            for field, attribute in overlay.attributes.get((turn.session_id, turn.prompt_uuid), {}).items():
                if field not in found or attribute.order > found[field].order:
                    found[field] = attribute
    return found


def _title(
    turns: Sequence[TaskTurnRow],
    facts: Sequence[TurnFacts],
    sessions: Mapping[int, SessionRow],
    attributes: Mapping[str, Attribute],
    owns_its_sessions: bool,
) -> tuple[str, str]:
    attribute = attributes.get("title")
    if attribute is not None:
        return attribute.value, TitleFrom.REFINED if attribute.by == REFINED else TitleFrom.YOU
    session = sessions[turns[0].session_id]
    texts = _prompts(facts)
    if session.title and owns_its_sessions and session.title_rank >= _SESSION_TITLE_RANK:
        is_vague = session.title_rank == _SESSION_TITLE_RANK and only_resumes(session.title)
        if not (is_vague and _telling(texts)):
            return session.title, TitleFrom.AGENT
    title = title_in(_telling(texts) or next(iter(texts), ""))
    if title:
        return title if len(title) <= _TITLE_CHARS else title[: _TITLE_CHARS - 1].rstrip() + "…", TitleFrom.PROMPT
    if session.title:
        return session.title, TitleFrom.AGENT
    # A session's own file may be gone while those of its subagents remain.
    is_agents = 0 < sum(turn.calls for turn in turns) == sum(turn.subagent_calls for turn in turns)
    return "(only subagents on record)" if is_agents else "(no prompt on record)", TitleFrom.NOTHING


def _prompts(facts: Iterable[TurnFacts]) -> list[str]:
    """The user's words; other texts where there are none: a teammate's session may hold only messages of its team."""
    known = [fact for fact in facts if fact.text.strip()]
    return [fact.text for fact in known if fact.kind != TurnKind.NOTIFICATION] or [fact.text for fact in known]


def _telling(texts: Sequence[str]) -> str:
    """What says most about the task: an approved plan, else the first words that are no mere reply; "" if none are."""
    plans = (plan for text in texts if (plan := plan_in(text)))
    others = (text for text in texts if not is_acknowledgement(text, len(text)) and not only_resumes(text))
    return next(plans, "") or next(others, "")


def _status(judged: Judged, attributes: Mapping[str, Attribute]) -> Judged:
    attribute = attributes.get("status")
    if attribute is None:
        return judged
    if attribute.by != REFINED:
        return Judged(attribute.value, Evidence.YOU)
    strong = judged.evidence is not None and not meets(Evidence.REFINED, judged.evidence)
    return judged if strong or judged.status == TaskStatus.REVERTED else Judged(attribute.value, Evidence.REFINED)
