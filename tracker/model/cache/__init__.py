"""The prompt cache (MODEL section 4): how long an entry lives, what a miss costs, and why it came."""
