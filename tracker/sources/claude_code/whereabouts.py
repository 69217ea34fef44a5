"""Locates each line (session, chain, copy or original, time) and collects the facts of its session and chains."""

from collections.abc import Iterable

from store.records import Call, Chain, CopyRank, Session
from tracker.sources.claude_code.carry import Carry
from tracker.sources.claude_code.fold import Place
from tracker.sources.claude_code.lines import AGENT, Line, epoch_ms

_COPY_SLACK_MS = 1000
_KNOWN_INLINE_LINES = 64
_TEAM_LEAD = "team-lead"  # as its teammates call it


def chain_kind(key: str) -> str:
    """The kind of a chain, as in `store.records.Chain`."""
    return "main" if not key else "compaction" if key.startswith("acompact") else "subagent"


class Whereabouts:
    """Follows one file line by line; what must outlast a piece is in the carry."""

    def __init__(self, carry: Carry, path_agent: str | None, stem: str) -> None:
        """`stem`: the file's name without its extension, used as session id if neither path nor lines give one."""
        self._carry = carry
        self._path_agent = path_agent
        self._stem = stem
        self._other_sessions: dict[str, Session] = {}
        self._chain_prompts: dict[str, str] = {}
        self._chain_types: dict[str, str] = {}
        self._chain_starts: dict[str, str] = {}

    def time(self, line: Line) -> int:
        """When the line was written (epoch ms); a line without a time takes that of the previous line."""
        carry = self._carry
        at = epoch_ms(line.timestamp)
        if at is None:
            at = carry.last_at or carry.first_seen_at or 0
        carry.last_at = at
        if carry.earliest_at is None or at < carry.earliest_at:
            carry.earliest_at = at
        if carry.latest_at is None or at > carry.latest_at:
            carry.latest_at = at
        return at

    def place(self, line: Line, position: int, at: int) -> Place:
        """The line's place; a copy's session is the one that made the original (CLAUDE_CODE section 8, point 3)."""
        carry = self._carry
        origin, rank = self.origin(line, at)
        if rank == CopyRank.OWN and (carry.own_start_at is None or at < carry.own_start_at):
            carry.own_start_at = at
        chain = self._chain(line)
        if chain:
            self.note_chain(chain, at)
            if line.attributionAgent:
                self._chain_types[chain] = line.attributionAgent
        turn = carry.turn if not chain else None
        return Place(origin, chain, carry.session, rank, turn, position, carry.asked_at.get(chain), carry.retries)

    def origin(self, line: Line, at: int) -> tuple[str, int]:
        """The session in which the line originated, and its copy rank."""
        carry = self._carry
        session = line.sessionId or carry.session or self._stem
        if not carry.session:
            carry.session = session
        rank = CopyRank.OWN
        branched = line.forkedFrom.sessionId if line.forkedFrom is not None else None
        if branched and branched != session:
            # From 2.1.329 on, answers that `/branch` copied name their session as a fork's do, the fork's only mark.
            rank, origin = CopyRank.BRANCH, line.requestSessionId or branched
        elif line.requestSessionId and line.requestSessionId != session:
            rank, origin = CopyRank.FORK, line.requestSessionId
        elif session != carry.session:
            rank, origin = CopyRank.FOREIGN, session
        else:
            origin = session
            if carry.first_seen_at is not None and at < carry.first_seen_at - _COPY_SLACK_MS:
                rank = CopyRank.FORK
        if rank and origin != carry.session:
            if rank != CopyRank.FOREIGN and (carry.parent_at is None or at >= carry.parent_at):
                carry.parent, carry.parent_at = origin, at
            self._note_other_session(origin, line, at)
        return origin, rank

    def note_chain(self, chain: str, at: int) -> None:
        """Note that a subagent's chain was active at that time."""
        known = self._carry.chains.get(chain)
        if known is None or at < known:
            self._carry.chains[chain] = at

    def note_chain_prompt(self, chain: str, prompt_id: str | None) -> None:
        """Note the prompt that a subagent's chain began with."""
        if prompt_id:
            self._chain_prompts.setdefault(chain, prompt_id)

    def note_chain_start(self, chain: str, tool_use: str | None) -> None:
        """Note the tool use that started a subagent's chain."""
        if tool_use:
            self._chain_starts.setdefault(chain, tool_use)

    def _chain(self, line: Line) -> str:
        if self._path_agent is not None:
            return self._path_agent
        if not line.isSidechain:
            return ""
        if line.agentId:
            return line.agentId
        known = self._carry.inline_chains
        chain = known.pop(line.parentUuid, None) if line.parentUuid else None
        if chain is None:
            chain = f"inline-{line.uuid or 'unknown'}"
        if line.uuid:
            known[line.uuid] = chain
            # Parallel tool results have the same parent: remember it a little longer.
            if line.parentUuid:
                known[line.parentUuid] = chain
            while len(known) > _KNOWN_INLINE_LINES:
                known.pop(next(iter(known)))
        return chain

    def _note_other_session(self, session: str, line: Line, at: int) -> None:
        known = self._other_sessions.get(session)
        first = at if known is None or known.first_at is None else min(at, known.first_at)
        last = at if known is None or known.last_at is None else max(at, known.last_at)
        self._other_sessions[session] = Session(AGENT, session, 0, first, last, line.cwd, line.gitBranch, line.version)

    def facts(self, line: Line) -> str | None:
        """Record the line's facts about its session; returns the branch if the main chain changed to it."""
        carry = self._carry
        changed_to = None
        if line.cwd and carry.cwd is None:
            carry.cwd = line.cwd
        if line.gitBranch and line.gitBranch != carry.branch:
            if carry.branch is not None and self._path_agent is None:
                changed_to = line.gitBranch
            carry.branch = line.gitBranch
        if line.version:
            carry.version = line.version
        if line.entrypoint:
            carry.entrypoint = line.entrypoint
        if line.teamName:
            if line.teamName not in carry.teams:
                carry.teams.append(line.teamName)
            if line.agentName and line.agentName != _TEAM_LEAD:
                carry.teammate = line.agentName
        return changed_to

    def changes_nothing(self, line: Line, at: int) -> bool:
        """Whether a line of the file's own session changes no fact, as most lines of a call after its first."""
        carry = self._carry
        start = carry.own_start_at
        return (
            line.version == carry.version
            and line.gitBranch == carry.branch
            and line.entrypoint == carry.entrypoint
            and line.requestSessionId is None
            and line.forkedFrom is None
            and start is not None
            and at >= start
        )

    def sessions(self, title: str | None, title_rank: int, billing: str | None) -> list[Session]:
        """The file's own session, and other sessions that it mentions."""
        carry, others = self._carry, list(self._other_sessions.values())
        if not carry.session:
            return others
        is_main = self._path_agent is None
        own = Session(
            agent=AGENT,
            native_id=carry.session,
            rank=2 if is_main else 1,
            first_at=carry.earliest_at,
            last_at=carry.latest_at,
            cwd=carry.cwd,
            branch=carry.branch,
            version=carry.version,
            entrypoint=carry.entrypoint,
            title=title,
            title_rank=title_rank,
            billing=billing if is_main else None,
            parent=carry.parent if is_main else None,
            own_start_at=carry.own_start_at,
            team="\n".join(carry.teams) or None if is_main else None,
            teammate=carry.teammate if is_main else None,
        )
        return [own, *others]

    def chains_of(self, calls: Iterable[Call]) -> list[Chain]:
        """Every chain of these calls, and those whose first prompt was seen."""
        keys = dict.fromkeys((call.session, call.chain) for call in calls)
        keys.update(dict.fromkeys((self._carry.session, chain) for chain in self._chain_prompts))
        return [
            Chain(
                AGENT,
                session,
                key,
                chain_kind(key),
                self._carry.chains.get(key),
                self._chain_starts.get(key),
                self._chain_prompts.get(key),
                self._chain_types.get(key),
            )
            for session, key in keys
        ]
