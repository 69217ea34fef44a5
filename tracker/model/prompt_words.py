"""What the opening words of a prompt tell about it, by rule and in English: answer, follow-up, or something new.

In other languages only length, words and files speak; nothing here ever raises.
"""

import re

_ACKNOWLEDGEMENT = re.compile(
    r"^(?:y|yes|yep|yeah|yup|ok|okay|k|sure|no|nope|right|correct|exactly|perfect|great|nice|good|cool|thanks?|thank you"
    r"|continue|go on|go ahead|proceed|do it|do both|do that|please do|lgtm|looks good|sounds good|ship it|approved?|next"
    r"|done|hi|hello|try again|retry|same|both|all|option [0-9a-z]|[0-9a-z])\b",
    re.IGNORECASE,
)
_ACKNOWLEDGEMENT_CHARS = 40
_CONTINUATION = re.compile(
    r"^(?:(?:ok|okay|yes|yeah|ah|oh|hm+|no|great|nice|thanks?|cool|good|well|and|so)[\s,.!:;-]+)*"
    r"(?:also|still|but|and|or|so|then|instead|actually|wait|sorry|hmm+|again|why did|why do|why is it|what about"
    r"|how about|what if|are you|did you|do you|have you|can you also|could you also|you (?:said|wrote|did|were|can|should|forgot"
    r"|missed|mentioned|have|are|need)|it(?:'s| is| was| does| did| still| works| worked| seems| looks| should)|that(?:'s| is| was| did| does| should| worked)"
    r"|this (?:is|was|does|did|still|seems|looks|should|one|also|works)|these|those|the (?:issue|problem|error|same|result|output|test|tests|other|first|second|last)\b"
    r"|now it|now the|not |only |just |make it|make that|change it|change that|move it|move that|remove (?:it|that|this|the)"
    r"|rename|revert|undo|use |keep |leave |let'?s (?:keep|use|do|go with|stick)|i (?:mean|meant|think|don'?t|didn'?t|see|still|get|got|just ran|would|agree|prefer|like)"
    r"|one (?:more|last)|feedback|review comment|looking at|instead of|rather than|same )\b",
    re.IGNORECASE,
)
_FAILURE = re.compile(
    r"\b(?:doesn'?t work|does not work|didn'?t work|not working|still (?:not|fails?|failing|broken|get|see|happens)|same (?:error|issue|problem))\b",
    re.IGNORECASE,
)
_PASTED = re.compile(
    r"^\s*(?:\$ |> |# |\(\w+\) \w+@|\w+@[\w.-]+[:$]|traceback|error[:\s]|fatal[:\s]|warning[:\s]|panic:|exception\b|npm err|---|\[\d|\d{4}-\d\d-\d\d)",
    re.IGNORECASE,
)
_POINTING = re.compile(r"\b(?:this|that|it|these|those|them|above|there)\b", re.IGNORECASE)
_NEW = re.compile(
    r"^(?:(?:ok|okay|great|nice|thanks?|cool|good|perfect|alright|now|next|please|hi|hello|hey)[\s,.!:;-]+)*"
    r"(?:(?:can|could|would|will) (?:you|we) (?:please )?)?(?:let'?s (?:now )?(?:work|add|implement|build|create|look|start|move|tackle|switch|turn)\b"
    r"|(?:add|implement|build|create|write|fix|investigate|design|plan|refactor|migrate|set ?up|research|analy[sz]e|review|debug|explore|introduce|draft|prepare)\b"
    r"|i (?:want|need|would like|have a|am getting|'?m getting|am seeing|just had|am running|noticed|found)\b"
    r"|we (?:want|need|have|should)\b|there(?:'s| is| are)\b|different (?:topic|question|issue)|new (?:task|topic|feature|issue|bug)|another (?:issue|bug|task|thing|topic|question)"
    r"|separately|unrelated|switching|moving on|next (?:task|up|thing|issue|item|step)|in (?:the )?\S+[,.]? (?:there|we|the)\b|how (?:do|does|can|sure|would|is|are|should)\b|what(?:'s| is| are| does| would)\b|why (?:does|are|is)\b|where\b|when\b|is there\b|are there\b)",
    re.IGNORECASE,
)
_FINISHING = re.compile(
    r"^(?:please |ok(?:ay)?[\s,.]+|now |then |and |yes[\s,.]+|great[\s,.]+|can you |could you |let'?s )*"
    r"/?(?:\w+:)?(?:commit|push|merge|ship|create (?:a |the )?(?:pr|pull request)|open (?:a |the )?(?:pr|pull request)|make (?:a |the )?(?:pr|commit)"
    r"|rebase|squash|run (?:the )?(?:tests?|lint|linter|checks?|build)|pr\b|deploy)\b",
    re.IGNORECASE,
)


def is_acknowledgement(text: str, chars: int) -> bool:
    """A bare answer: "yes", "ok, go ahead", "2". Never starts a task."""
    line = text.strip()
    return chars <= _ACKNOWLEDGEMENT_CHARS and (len(line) <= 2 or bool(_ACKNOWLEDGEMENT.match(line)))


def is_continuation(text: str) -> bool:
    """Opens as if the talk went on: "also", "still", "but", a reference back, or output pasted without a word."""
    line = text.strip()
    return bool(_CONTINUATION.match(line) or _PASTED.match(line) or _FAILURE.search(line[:160]))


def is_finishing(text: str) -> bool:
    """Asks to commit, push, test or open a pull request: the last step of what is at hand."""
    return bool(_FINISHING.match(text.strip()))


def is_fresh_request(text: str) -> bool:
    """Opens with a request or question that stands by itself."""
    return bool(_NEW.match(text.strip()))


def points_back(text: str) -> bool:
    """Uses a word that needs something said before within its opening words."""
    return bool(_POINTING.search(" ".join(text.split()[:8])))
