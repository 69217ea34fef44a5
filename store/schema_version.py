"""This program's schema version, in a module of its own because the status line must import nothing else."""

SCHEMA_VERSION = 20  # how many migrations there are; a test holds it to store.migrations
