"""A session whose task ends, and a prompt about something else, for the tests of the advisor."""

from tests.unit.advisor.conftest import Desk
from tests.unit.advisor.transcripts import Transcript

UNRELATED = (
    "New task: investigate a completely different topic, the nightly backup of the warehouse database fails with a"
    " quota exceeded message from object storage. Look at the retention policy, the lifecycle rules of both buckets,"
    " the cron schedule on the operations host, and the alerting rules. I want a written plan with the sizes of the"
    " last fourteen dumps, the growth per week, and a recommendation whether compression or deduplication is cheaper."
    " Then change the terraform module so that old dumps move to the cold tier after nine days, and add a check that"
    " pages somebody when a dump is missing or smaller than half of the one before it. Do not touch application code."
)


def totals_committed(desk: Desk) -> Transcript:
    """A session whose first task ends with a commit, at a context of 100k."""
    edit = ("Edit", {"file_path": "/home/dev/shop/report.py", "old_string": "a", "new_string": "b"})
    commit = ("Bash", {"command": "git commit -am 'Add totals'"})
    one = desk.transcript()
    one.prompt("Add totals to the report").call(30_000, edit).results("ok")
    one.call(80_000, commit, text="The report totals are committed.").results("[main 1a2b3c4] Add totals")
    one.call(100_000, text="The report has its totals.")
    desk.advise(one.now)
    return one
