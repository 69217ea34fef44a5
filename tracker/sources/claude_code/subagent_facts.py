"""The small file beside a subagent's transcript (CLAUDE_CODE section 1.4): its type, and the tool use that started it.

Only this places an agent that another agent started and that never reported back. The client may write it late, and
again at the agent's end.
"""

import os
from collections.abc import Iterator

import msgspec

from store.records import NAME_CHARS, Batch, Chain
from tracker.sources.base import DECODE_ERRORS, FoundFile, Piece, ReadState
from tracker.sources.claude_code.lines import AGENT, SubagentFacts, decode_subagent
from tracker.sources.claude_code.whereabouts import chain_kind
from tracker.sources.file_access import inode_of, open_regular

PREFIX, SUFFIX = "agent-", ".meta.json"
KIND = "subagent"  # of a FoundFile
_MOST_BYTES = 1 << 20  # the client writes some hundred


def is_facts_file(path: str) -> bool:
    """Whether a file of this name is one."""
    return path.endswith(SUFFIX) and os.path.basename(path).startswith(PREFIX)


def read_facts(file: FoundFile, session: str | None) -> Iterator[Piece]:
    """The chain of `session` that the file describes, in one piece; none while the file is torn.

    A file of another shape counts as a line that could not be read.
    """
    handle, facts = open_regular(file.path)
    with handle:
        content = handle.read(_MOST_BYTES)
    batch = Batch()
    try:
        found = decode_subagent(content)
    except msgspec.ValidationError:
        found, batch.bad_lines = SubagentFacts(), 1
    except DECODE_ERRORS:
        return
    if session:
        key = os.path.basename(file.path)[len(PREFIX) : -len(SUFFIX)]
        kind = found.agentType[:NAME_CHARS] if found.agentType else None
        batch.chains.append(Chain(AGENT, session, key, chain_kind(key), None, found.toolUseId, None, kind))
    yield Piece(batch, ReadState(inode_of(facts), facts.st_size, facts.st_mtime_ns, facts.st_size))
