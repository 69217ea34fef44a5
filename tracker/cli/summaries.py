"""One line on each command, for the help; a test holds them to the commands' own first sentences."""

SUMMARIES = {
    "spend": "Cost by day, week, month, model, project, session or agent.",
    "sessions": "List sessions with what they cost.",
    "calls": "List every model call.",
    "sync": "Take in everything that agents have written since the last time.",
    "prices": "Show the price table, or the rows of one model.",
    "reprice": "Apply a corrected price table to calls already recorded.",
    "doctor": "Say where it looked, what it found, and whether the figures add up.",
    "demo": "Try every report on bundled sample sessions, in a throw-away home.",
}
