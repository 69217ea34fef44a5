"""Tasks (MODEL section 2): turns, where a task starts, how it ended, what it cost, and the user's corrections."""
