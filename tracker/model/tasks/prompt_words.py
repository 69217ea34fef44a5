"""Classifies a prompt by its opening words, with English patterns: a reply, a last step, something new.

For other languages the other features must suffice. Nothing here raises.
"""

import re

_ACKNOWLEDGEMENT_CHARS = 40
_FAILURE_WITHIN_CHARS = 160
_COMMAND_WITHIN_CHARS = 80
_WAY_BACK_CHARS = 150
_NOTICES = ("Operation stopped by hook",)


def _one_of(*patterns: str) -> str:
    return "(?:" + "|".join(patterns) + ")"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_ACKNOWLEDGEMENT = _compiled(
    _one_of(
        "y|yes|yep|yeah|yup|ok|okay|k|sure|no|nope|right|correct|exactly|perfect|great|nice|good|cool",
        "thanks?|thank you|continue|go on|go ahead|proceed|do it|do both|do that|please do",
        "lgtm|looks good|sounds good|ship it|approved?",
        "next|done|hi|hello|try again|retry|same|both|all|option [0-9a-z]|[0-9b-hj-z]",
        r"[ai](?![ '’]\w)",  # "a", "a) and b)", but not "A test for …", "I want …"
    )
    + r"\b"
)

_REMARK = _compiled(r"i\b")

_CONTINUATION = _compiled(
    r"(?:(?:ok|okay|yes|yeah|ah|oh|hm+|no|great|nice|thanks?|cool|good|well|and|so)[\s,.!:;-]+)*"
    + _one_of(
        "also|still|but|and|or|so|then|instead|actually|wait|sorry|hmm+|again|why did|why do|why is it",
        "what about|how about|what if|are you|did you|do you|have you|can you also|could you also",
        "you (?:said|wrote|did|were|can|should|forgot|missed|mentioned|have|are|need)",
        "it(?:'s| is| was| does| did| still| works| worked| seems| looks| should)",
        "that(?:'s| is| was| did| does| should| worked)",
        "this (?:is|was|does|did|still|seems|looks|should|one|also|works)|these|those",
        "the (?:issue|problem|error|same|result|output|test|tests|other|first|second|last)",
        "now it|now the|not|only|just|make (?:it|that)|change (?:it|that)|move (?:it|that)|remove (?:it|that|this|the)",
        "rename|revert|undo|use|keep|leave|let'?s (?:keep|use|do|go with|stick)",
        "i (?:mean|meant|think|don'?t|didn'?t|see|still|get|got|just ran|would|agree|prefer|like)",
        "one (?:more thing|last)|feedback|review comment|looking at|instead of|rather than|same",
    )
    + r"\b"
)
_ANSWER = _compiled(
    _one_of(
        r"(?:yes|yeah|yep|yup|no|nope|nah|correct|right|exactly|sure|agreed?|you'?re right|both)\b",
        r"(?:do|go (?:with|for|ahead)) (?:it|that|this|both|with)\b|(?:option )?[a-d0-9][.):,]|option [a-d0-9]\b|#\d\b",
        r".{0,25}\b(?:do|fix|tackle|implement|with|start with|let'?s do|do the) (?:#?\d|[A-D])\b",
    )
)
_FAILURE = _compiled(
    r"\b"
    + _one_of(
        "doesn'?t work|does not work|didn'?t work|not working",
        "still (?:not|fails?|failing|broken|get|see|happens)|same (?:error|issue|problem)",
    )
    + r"\b"
)
_PASTED = _compiled(
    _one_of(
        r"\$ |> |# |\(\w+\) \w+@|\w+@[\w.-]+[:$]|---|\[\d|\d{4}-\d\d-\d\d",
        r"traceback|error[:\s]|fatal[:\s]|warning[:\s]|panic:|exception\b|npm err",
    )
)

_LAST_STEP = _compiled(
    r"(?:please |ok(?:ay)?[\s,.]+|now |then |and |yes[\s,.]+|great[\s,.]+|can you |could you |let'?s )*/?(?:\w+:)?"
    + _one_of(
        "commit|push|merge|ship|deploy|rebase|squash|pr|lint",
        "(?:create|open|make) (?:a |the )?(?:pr|pull request|commit)",
        "run (?:the )?(?:tests?|lint|linter|checks?|build)|update (?:from|to|the (?:branch|pr))",
        "(?:add|write|update|extend|fix|create)"
        "(?: (?:a|an|the|some|more|any|unit|integration|e2e|explicit|failing|missing|proper))*"
        " (?:tests?|test cases?|docs?|documentation|readme|changelog|comments?|lint)|document (?:this|that|it)",
    )
    + r"\b"
)
_LAST_STEP_COMMAND = _compiled(
    r"(?:^|\s)/(?:[\w-]+:)?(?:[\w-]*review\w*|commit\w*|push|pr|merge|execute\w*|write-plan|simplify|continue|test\w*"
    r"|lint|ship)\b"
)
_REVIEW = _compiled(
    _one_of(
        r"\b(?:code ?rabbit|copilot|bugbot|reviewer|nit(?:pick)?s?|(?:low|medium|high) severity)\b",
        r"\b(?:review|pr|pull request) (?:comments?|feedback|review)\b",
        r"\b(?:comments?|feedback) (?:from|on|to|about)\b|\b(?:new|these|this|got|one) (?:comments?|feedback)\b",
        r"\bconsider (?:adding|using|extract|testing|whether|moving)|\bshould be updated\b",
        r"\bthis (?:could|can|may|might|makes|means|comment)\b",
    )
)
_UPKEEP = _compiled(
    _one_of(
        r"\b(?:conflicts?|rebase|lint\w*|github actions|cherry.?pick|parent branch)\b|--- FAIL\b",
        r"\b(?:ci|build|tests?) (?:is |are )?(?:still )?(?:fail\w*|broken)\b",
        r"\bfail\w* (?:the )?(?:build|lint|ci|tests?)\b",
    )
)

_FILLER = (
    r"(?:(?:ok|okay|alright|great|nice|cool|good|perfect|thanks?|thank you|hi|hello|hey|so|oh|ah|hm+|um+|and|also|now"
    r"|then|well|please|yes|yeah|yep|no|nah|let'?s|can (?:you|we)|could (?:you|we)|i'?ll do (?:it|that)(?: manually)?"
    r"|done)[\s,.!:;…-]+)*"
)
_SAYS_SO = _one_of(
    r"(?:debug|bug|todo|idea|feature|brainstorm)\s*:",
    r"(?:new|another(?: \w+)?|different|separate) (?:task|change|topic|feature|issue|bug|thing|problem|one)\b",
    r"separately\b|unrelated\b|switching\b|moving on\b|btw\b|by the way\b",
    r"(?:move|switch|turn|start) (?:to|on|with|over)\b",
    r"(?:the |what'?s (?:the )?)?next (?:problem|issue|task|thing|item|in|up|feature|one)\b|next\s?[:,]",
    r"one (?:more|other) (?:change|feature|question|task)\b|(?:get|go|going) back to (?!main|master|develop|trunk)",
)
_NEW = _compiled(
    _FILLER
    + _SAYS_SO
    + r"|.{0,60}\b(?:while (?:we'?re|we are|you'?re) waiting|what'?s next)\b"
    + r"|.{0,40}\b(?:one|two|three|a few|some|a couple of) (?:(?:more|other) (?:thing|issue|bug|change|improvement)s?"
    + r"|issues?|bugs?|problems?)\b"
    + r"|/(?:[\w-]+:)?(?:quick|todos?|(?:add|check|new|insert)-\w+|brainstorm\w*|new|feature|bug|issue|task|start"
    + r"|debug\w*|investigate|discuss\w*|research\w*|spec\w*)\b"
)
_NEWS = _compiled(
    _FILLER
    + _one_of(
        r"i (?:just |have just |'ve just |now )?(?:had|got|noticed|found|tried|started|saw|see|ran|need|want)\b",
        r"i'?ve (?:just )?(?:got|noticed|found|tried|started|seen)\b",
        r"i(?:'m| am) (?:now )?(?:running|seeing|getting|facing|working)\b|i(?:'d| would) like\b",
        r"we (?:want|need|got|have) (?:to|a|an|another)\b|we'?re (?:getting|seeing)\b",
        r"there(?:'?s| is| are) (?:now |also )?(?:a|an|another|some)\b|(?:getting|seeing|got) (?:a|an|this)\b",
        r"users? (?:report|see|can)|a (?:user|customer|coworker|colleague)\b|testing this\b|given\b",
    )
)
# Switching to the main branch ends a task; it does not start the next.
_WAY_BACK = _compiled(
    _FILLER
    + r"(?:(?:i think )?(?:you|we) need to )?"
    + r"(?:(?:get|go|switch|move|check) (?:back )?(?:to|out|over to)|back to) (?:the )?(?:main|master|develop|trunk)\b"
)


def is_notice(text: str) -> bool:
    """Whether the client wrote this line in place of the user, for example that a hook stopped the prompt."""
    return text.startswith(_NOTICES)


def is_acknowledgement(text: str, chars: int) -> bool:
    """Whether it is a bare answer ("yes", "ok, go ahead", "2"), which never starts a task."""
    line = text.strip()
    return chars <= _ACKNOWLEDGEMENT_CHARS and (len(line) <= 2 or bool(_ACKNOWLEDGEMENT.match(line)))


def is_remark(text: str, chars: int) -> bool:
    """Whether it is a few words that begin with "I": in published sessions nearly all answer the agent."""
    return chars <= _ACKNOWLEDGEMENT_CHARS and bool(_REMARK.match(text.strip()))


def is_continuation(text: str) -> bool:
    """Whether it opens like a continuation: an answer, "also", "still", a reference back, or only pasted output."""
    line = text.strip()
    failed = _FAILURE.search(line[:_FAILURE_WITHIN_CHARS])
    return bool(_CONTINUATION.match(line) or _ANSWER.match(line) or _PASTED.match(line) or failed)


def is_finishing(text: str) -> bool:
    """Whether it asks for a last step of the current work: commit, push, test, document, review, build."""
    line = text.strip()
    return bool(
        _LAST_STEP.match(line)
        or _LAST_STEP_COMMAND.search(line[:_COMMAND_WITHIN_CHARS])
        or _REVIEW.search(line)
        or _UPKEEP.search(line)
        or (len(line) <= _WAY_BACK_CHARS and _WAY_BACK.match(line))
    )


def announces_new(text: str) -> bool:
    """Whether it announces something else ("another issue", "moving on"), or is a command that begins work."""
    return bool(_NEW.match(text.strip()))


def brings_news(text: str) -> bool:
    """Whether it opens with something new to the conversation: "I just got …", "I'd like …", "there is a …"."""
    return bool(_NEWS.match(text.strip()))
