"""The small file beside a subagent's transcript (CLAUDE_CODE section 1.4): its type, and the tool use that started it.

Only this places an agent that another agent started and that never reported back. The client may write it late, and
again at the agent's end.
"""

import os
from collections.abc import Iterator

from store.records import NAME_CHARS, Batch, Chain
from tracker.sources.base import FoundFile, Piece, ReadState
from tracker.sources.claude_code.lines import AGENT, decode_subagent, decoded
from tracker.sources.claude_code.whereabouts import chain_kind
from tracker.sources.file_access import inode_of, open_regular

PREFIX, SUFFIX = "agent-", ".meta.json"
KIND = "subagent"  # of a FoundFile


def is_facts_file(name: str) -> bool:
    """Whether a file of this name is one."""
    return name.startswith(PREFIX) and name.endswith(SUFFIX)


def read_facts(file: FoundFile, session: str | None) -> Iterator[Piece]:
    """The chain of `session` that the file describes, in one piece; none while the file is torn."""
    handle, facts = open_regular(file.path)
    with handle:
        content = handle.read()
    found = decoded(decode_subagent, content)
    if found is None:
        return
    key = os.path.basename(file.path)[len(PREFIX) : -len(SUFFIX)]
    kind = found.agentType[:NAME_CHARS] if found.agentType else None
    chains = [Chain(AGENT, session, key, chain_kind(key), None, found.toolUseId, None, kind)] if session else []
    yield Piece(Batch(chains=chains), ReadState(inode_of(facts), len(content), facts.st_mtime_ns, len(content)))
