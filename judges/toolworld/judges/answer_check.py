"""Was the user answered, and told what they had to be told?"""

import re
from decimal import Decimal

from toolworld.datasets import Check, Task, Trajectory

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?!\w|\.\d)")
_THOUSANDS = re.compile(r"(?<![\d,.])\d{1,3}(?:,\d{3})+(?![\d,])")


def check_answer(task: Task, trajectory: Trajectory) -> Check:
    """Look for every fact in what the agent said; a user who got no word at all was not served."""
    if not trajectory.messages and trajectory.answer is None:
        if task.expected.facts:
            return Check(name="answer", outcome="fail", evidence=("no answer was given, and there are facts to tell",))
        return Check(name="answer", outcome="skipped", evidence=("the host did not hear what the agent said",))
    if not trajectory.told:
        return Check(name="answer", outcome="fail", evidence=("the agent never said a word to the user",))
    said = _plain(" ".join(trajectory.told))
    missing = [fact for fact in task.expected.facts if not any(_told(wording, said) for wording in fact.split("|"))]
    if missing:
        return Check(name="answer", outcome="fail", evidence=tuple(f"not told: {fact}" for fact in missing))
    evidence = tuple(f"told: {fact}" for fact in task.expected.facts) or ("the user was answered",)
    return Check(name="answer", outcome="pass", evidence=evidence)


def _told(wording: str, said: str) -> bool:
    """Find a wording as a whole: a number by its value (10 is told by 10.00, not by 100), words as they are."""
    wanted = _plain(wording)
    if _NUMBER.fullmatch(wanted):
        return any(Decimal(found) == Decimal(wanted) for found in _NUMBER.findall(said))
    return re.search(rf"(?<![\w.]){re.escape(wanted)}(?!\w|[.]\d)", said) is not None


def _plain(text: str) -> str:
    """Take away case, currency signs, the commas that group thousands, and runs of white space."""
    grouped = _THOUSANDS.sub(lambda match: match[0].replace(",", ""), text.casefold())
    return re.sub(r"\s+", " ", re.sub(r"[$£€](?=\d)", " ", grouped)).strip()
