"""The watcher under events, faults and kills."""
