"""The prompt cache (MODEL section 4): lifetime of entries, cost of misses, and their causes."""
