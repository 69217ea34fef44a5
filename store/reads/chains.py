"""What a chain of calls is called, in every report."""

# Clients before attribution name the type only where the agent is started: "Explore: look for the parser".
_STARTED_TYPE = "NULLIF(substr({0}.target, 1, instr({0}.target, ': ') - 1), 'agent')"

# The type of a chain of a query with `named_chains`: of its calls, of the call that started it, else its kind
# (compaction, side). NULL for main chains and where no record has the type.
AGENT_TYPE = (
    f"COALESCE(chain.agent_type, {_STARTED_TYPE.format('launch')}, started.type,"
    " NULLIF(NULLIF(chain.kind, 'subagent'), 'main'))"
)


def named_chains(sessions: str = "1") -> str:
    """The joins that AGENT_TYPE needs after `chain`; `sessions`: a condition on `tool_use.session_id`, for speed."""
    return (
        " LEFT JOIN tool_use AS launch ON launch.session_id = chain.session_id AND launch.id = chain.spawn_tool_use"
        f" LEFT JOIN (SELECT session_id, spawned, MIN({_STARTED_TYPE.format('tool_use')}) AS type FROM tool_use"
        f" WHERE spawned IS NOT NULL AND {sessions} GROUP BY session_id, spawned) AS started"
        " ON started.session_id = chain.session_id AND started.spawned = chain.key "
    )
