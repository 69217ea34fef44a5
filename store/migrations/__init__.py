"""The schema, as append-only migrations of sqlite-utils. A released migration is never edited.

Importing this costs nothing; sqlite-utils (a tenth of a second) is imported when an older ledger is brought up to date.
"""

from store.migrations import additions, alongside, recorded, tasks  # importing a module adds its migrations
from store.migrations.steps import create, library

__all__ = ["additions", "alongside", "create", "library", "recorded", "tasks"]
