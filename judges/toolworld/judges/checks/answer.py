"""Was the user answered, and told what they had to be told?"""

import re
from decimal import Decimal

from toolworld.datasets import CheckResult
from toolworld.judges.context import JudgeContext

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w|\.\d)")
_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")


async def check_answer(context: JudgeContext) -> CheckResult:
    """Find every fact in what the agent said; a user who got no word at all was not served.

    The score is the share of the facts that were told.
    """
    trajectory, facts = context.trajectory, context.task.truth.facts
    if not trajectory.messages and trajectory.answer is None:
        if facts:
            return _failed(0.0, "no answer was given, and there are facts to tell")
        return CheckResult(name="answer", outcome="skipped", evidence=("the host did not hear what the agent said",))
    if not trajectory.agent_texts:
        return _failed(0.0, "the agent never said a word to the user")
    text = _normalized(" ".join(trajectory.agent_texts))
    missing = [fact for fact in facts if not any(_is_told(wording, text) for wording in fact.split("|"))]
    if missing:
        return _failed(1 - len(missing) / len(facts), *(f"not told: {fact}" for fact in missing))
    evidence = tuple(f"told: {fact}" for fact in facts) or ("the user was answered",)
    return CheckResult(name="answer", outcome="pass", score=1.0, evidence=evidence)


def _failed(score: float, *evidence: str) -> CheckResult:
    return CheckResult(name="answer", outcome="fail", score=score, evidence=evidence)


def _is_told(wording: str, text: str) -> bool:
    """Whether a wording is in the text as a whole: a number by its value (10.00 tells 10, and 100 does not)."""
    wanted = _normalized(wording)
    if _NUMBER.fullmatch(wanted):
        return any(Decimal(found) == Decimal(wanted) for found in _NUMBER.findall(text))
    return re.search(rf"(?<![\w.]){re.escape(wanted)}(?!\w|[.]\d)", text) is not None


def _normalized(text: str) -> str:
    """Text without case, currency signs, commas that group thousands, and runs of white space."""
    grouped = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text.casefold())
    return re.sub(r"\s+", " ", re.sub(r"[$£€](?=\d)", " ", grouped)).strip()
