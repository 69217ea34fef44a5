"""What a prompt's opening words tell of it, by rule and in English: answer, follow-up, last step, something new.

In other languages only length, words and files speak; nothing here ever raises.
"""

import re

_ACKNOWLEDGEMENT_CHARS = 40
_FAILURE_WITHIN_CHARS = 160


def _one_of(*patterns: str) -> str:
    return "(?:" + "|".join(patterns) + ")"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_ACKNOWLEDGEMENT = _compiled(
    _one_of(
        "y|yes|yep|yeah|yup|ok|okay|k|sure|no|nope|right|correct|exactly|perfect|great|nice|good|cool",
        "thanks?|thank you|continue|go on|go ahead|proceed|do it|do both|do that|please do",
        "lgtm|looks good|sounds good|ship it|approved?",
        "next|done|hi|hello|try again|retry|same|both|all|option [0-9a-z]|[0-9a-z]",
    )
    + r"\b"
)

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

_FINISHING = _compiled(
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

_FILLER = (
    r"(?:(?:ok|okay|alright|great|nice|cool|good|perfect|thanks?|thank you|hi|hello|hey|so|oh|ah|hm+|um+|and|also|now"
    r"|well|please|yes|yeah|no|i'?ll do (?:it|that)|done)[\s,.!:;…-]+)*"
)
_SAYS_SO = _one_of(
    r"(?:q|question|debug|bug|todo|idea|feature|brainstorm)\s*:",
    r"(?:new|another(?: \w+)?|different|separate) (?:task|change|topic|feature|issue|bug|thing|question|problem|one)\b",
    r"anotherthing\b|separately\b|unrelated\b|switching\b|moving on\b|btw\b|by the way\b",
    r"(?:the |what'?s (?:the )?)?next (?:problem|issue|task|thing|item|step|in|up|feature)\b",
    r"let'?s (?:now )?(?:move|switch|turn|start|tackle|work on|look at|review)\b",
    r"one (?:more|other) (?:change|feature|question|task)\b",
)
_BRINGS_NEWS = _one_of(
    r"i (?:just |have just |'ve just |now )?(?:had|got|noticed|found|tried|started|saw|see|ran|need|want)\b",
    r"i'?ve (?:just )?(?:got|noticed|found|tried|started|seen)\b",
    r"i(?:'m| am) (?:now )?(?:running|seeing|getting|facing|working)\b|i(?:'d| would) like\b",
    r"we (?:want|need|got|have) (?:to|a|an|another)\b|there (?:is|are) (?:now|a|an|another)\b",
    r"users? (?:report|see|can)|a (?:user|customer|coworker|colleague)\b|testing this\b|given\b",
)
_ORDERS_WORK = _one_of(
    r"(?:(?:can|could|would|will) you (?:please |also )?)?(?:add|implement|create|write|build|investigate|research"
    r"|analy[sz]e|design|plan|refactor|debug|migrate|set up|draft|prepare|introduce)\b",
    r"(?:fix|review|update|document)\b",
)
_NEW = _compiled(_FILLER + _one_of(_SAYS_SO, _BRINGS_NEWS, _ORDERS_WORK))


def is_acknowledgement(text: str, chars: int) -> bool:
    """A bare answer: "yes", "ok, go ahead", "2". Never starts a task."""
    line = text.strip()
    return chars <= _ACKNOWLEDGEMENT_CHARS and (len(line) <= 2 or bool(_ACKNOWLEDGEMENT.match(line)))


def is_continuation(text: str) -> bool:
    """Opens as if the talk went on: "also", "still", "but", a reference back, or output pasted without a word."""
    line = text.strip()
    if announces_new(line):
        return False
    failed = _FAILURE.search(line[:_FAILURE_WITHIN_CHARS])
    return bool(_CONTINUATION.match(line) or _PASTED.match(line) or failed)


def is_finishing(text: str) -> bool:
    """Asks to commit, push, test, document or open a pull request: the last step of what is at hand."""
    return bool(_FINISHING.match(text.strip()))


def announces_new(text: str) -> bool:
    """Opens by saying that something else comes now, with news from outside, or with an order that stands by itself."""
    line = text.strip()
    return bool(_NEW.match(line)) and not is_finishing(line)
