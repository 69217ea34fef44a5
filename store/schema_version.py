"""How far the schema goes that this program knows; apart from all else, since the status line looks at it too."""

SCHEMA_VERSION = 13  # how many migrations there are; a test holds it to store.migrations
