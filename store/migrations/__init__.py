"""The schema, as append-only migrations of sqlite-utils. A released migration is never edited.

Importing this costs nothing; sqlite-utils (a tenth of a second) is imported when an older ledger is brought up to date.
"""

from store.migrations.steps import MIGRATIONS

# Importing a module adds its migrations: the order of these lines is theirs.
from store.migrations import recorded  # isort: skip
from store.migrations import tasks  # isort: skip
from store.migrations import alongside  # isort: skip
from store.migrations import additions  # isort: skip

__all__ = ["MIGRATIONS", "additions", "alongside", "recorded", "tasks"]
