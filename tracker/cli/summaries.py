"""One line on each command, for the help; a test holds them to the commands' own first sentences."""

SUMMARIES = {
    "tasks": "Cost of each task, and of a completed one on average.",
    "task": "One task opened: split, context, turns, subagents, misses; or corrected.",
    "spend": "Cost by day, week, month, model, project, session or agent.",
    "sessions": "List sessions with what they cost.",
    "calls": "List every model call.",
    "watch": "Follow the agents: a line a call, a line a nudge.",
    "context": "How a session's context grows, what comes next, and three ways to go on.",
    "cache": "What the prompt cache saved, and what its misses cost.",
    "plans": "Break-even, projection, limit risk, and which plan or the API would be the cheapest.",
    "sync": "Take in everything that agents have written since the last time.",
    "prices": "Show the price table, or the rows of one model.",
    "reprice": "Apply a corrected price table to calls already recorded.",
    "install": "Let an agent tell Taximeter what it does: hooks and status line.",
    "uninstall": "Take hooks and status line out of an agent's settings; the ledger stays.",
    "status": "Say what is installed, when each hook last fired, and how long it took.",
    "export": "Write every table of the ledger to files: one CSV and one JSON-lines file a table.",
    "doctor": "Say where it looked, what it found, and whether the figures add up.",
    "demo": "Try every report on bundled sample sessions, in a throw-away home.",
    "hook": "Take one event of an agent from standard input; agents run this, not people.",
    "statusline": "Print the status line for what an agent says on standard input.",
}
