"""Tasks (MODEL section 2): turns, task boundaries, status, cost, and the user's corrections."""
