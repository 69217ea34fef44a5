"""The ledger: records, money, schema and every SQL statement. Imports none of the other packages.

Types and text helpers without SQL: records, task_rows, money, titles, projects, plain_text, first_words, advice_format.
The ledger file: ledger, folder_lock, damage, schema_version, migrations, invariants.
Writers: write (with merge, prices, spend) for the agents' records, files for read states, samples for status line
readings, repositories for commits, tasks for derived rows, meta for saved results, task_edits, metered and nudges for
what the user enters and is shown. Queries that only read: reads. Conditions that writers and reads share: clauses.
"""
