"""What sessions and tasks are called by."""

import re

# What Claude Code puts before an approved plan, the same for all of them; the plan's own heading follows.
_PLAN = re.compile(r"Implement the following plan:\s+(?:#+\s+)?(?:Plan:\s+)?(.+?)(?=\s+#+\s|$)")


def title_in(prompt: str) -> str:
    """The heading of the plan that a prompt asks to carry out; any other prompt as it is."""
    plan = _PLAN.match(prompt)
    return plan.group(1) if plan else prompt
