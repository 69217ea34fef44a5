"""The ground floor: records, money, schema, ledger writes and queries. Imports nothing of the other packages."""
