"""Pure functions of MODEL.md: cost split, cache misses, growth, tasks, nudges, plans. No file, clock or database."""
