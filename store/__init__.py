"""The ground floor: records, money, schema, and every SQL statement. Imports nothing of the other packages.

Types and words, without SQL: records, task_rows, money, titles, projects, plain_text, first_words, advice_format.
The file itself: ledger, damage, migrations, invariants.
What writes: write (with merge, prices, spend) what agents recorded, samples what they show, tasks what is derived,
task_edits, metered and nudges what the user says and is told. What only asks: reads.
"""
