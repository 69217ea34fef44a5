"""The schema, as append-only migrations of sqlite-utils. A released migration is never edited.

Importing this costs nothing; sqlite-utils (a tenth of a second) is imported when an older ledger is brought up to date.
"""

from store.migrations.steps import MIGRATIONS

# Importing a module adds its migrations: the order of these lines is theirs.
from store.migrations import recorded  # isort: skip
from store.migrations import tasks  # isort: skip
from store.migrations import alongside  # isort: skip
from store.migrations import unrecorded  # isort: skip
from store.migrations import teams  # isort: skip
from store.migrations import replies  # isort: skip
from store.migrations import folders  # isort: skip
from store.migrations import checks  # isort: skip

__all__ = ["MIGRATIONS", "alongside", "checks", "folders", "recorded", "replies", "tasks", "teams", "unrecorded"]
