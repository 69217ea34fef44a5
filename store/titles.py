"""Titles of sessions and tasks."""

import re

# What Claude Code puts before an approved plan and below it, the same for all of them; the plan's heading is its first.
_PLAN = re.compile(
    r"Implement the following plan:\s+(?:#+\s+)?(?:Plan:\s+)?(.+?)"
    r"(?=\s+#+\s|\s+If you need specific details from before exiting plan mode|$)"
)
_HEADING_MARK = re.compile(r"#+\s+(?=\S)")
# "Good morning. Please pick up where we left off": of what, another prompt says, or nobody.
_RESUMES = re.compile(
    r"(?:(?:good \w+|hi|hello|hey)\b[^.!?]*[.!?,]\s*)?(?:please |ok,? |let'?s |can you )*"
    r"(?:pick(?:ing)? up|resum(?:e|ing)|continu(?:e|ing)|carry on|go on) (?:from |with )?"
    r"(?:where (?:we|you|i) (?:last |had )?(?:left off|stopped)"
    r"|(?:the |our )?(?:previous|last|earlier) (?:session|conversation|chat))(?: please)?[\s.!]*",
    re.IGNORECASE,
)
_RESUMES_CHARS = 160


def plan_in(prompt: str) -> str:
    """The heading of the plan that a prompt asks the agent to carry out; empty for any other prompt."""
    plan = _PLAN.match(prompt)
    return plan.group(1) if plan else ""


def title_in(prompt: str) -> str:
    """A title made from a prompt: its plan's heading, or the prompt without a leading Markdown heading mark."""
    mark = _HEADING_MARK.match(prompt)
    return plan_in(prompt) or (prompt[mark.end() :] if mark else prompt)


def only_resumes(text: str) -> bool:
    """Whether a prompt or title asks to resume earlier work without saying what that was."""
    return len(text) <= _RESUMES_CHARS and _RESUMES.fullmatch(text) is not None
