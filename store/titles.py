"""What sessions and tasks are called by."""

import re

# What Claude Code puts before an approved plan, the same for all of them; the plan's own heading follows.
_PLAN = re.compile(r"Implement the following plan:\s+(?:#+\s+)?(?:Plan:\s+)?(.+?)(?=\s+#+\s|$)")
_HEADING_MARK = re.compile(r"#+\s+(?=\S)")


def plan_in(prompt: str) -> str:
    """The heading of the plan that a prompt asks to carry out; empty for any other prompt."""
    plan = _PLAN.match(prompt)
    return plan.group(1) if plan else ""


def title_in(prompt: str) -> str:
    """A title made of a prompt: its plan's heading, or the prompt without the mark of a Markdown heading before it."""
    mark = _HEADING_MARK.match(prompt)
    return plan_in(prompt) or (prompt[mark.end() :] if mark else prompt)
