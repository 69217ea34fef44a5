"""The ground floor: records, money, schema, and every SQL statement. Imports nothing of the other packages.

Types and words, without SQL: records, task_rows, money, titles, projects, plain_text, first_words, advice_format.
The file itself: ledger, folder_lock, damage, schema_version and migrations, invariants.
What writes: write (with merge, prices, spend) what agents recorded, files how far it was read, samples what they show,
repositories what git tells, tasks what is derived, kept what else was worked out, task_edits, metered and nudges what
the user says and is told. What only asks: reads. Conditions of both: clauses.
"""
