"""The items that a rubric has for a run, and those among them that the checks have answered."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from string import Template

from toolworld.datasets import CheckResult
from toolworld.ground import JsonObject, JsonValue, encode, shortened
from toolworld.judges.rubric.judgement import ItemJudgement
from toolworld.judges.rubric.rubric import BEST, WORST, Each, Rubric, RubricItem, Scale
from toolworld.judges.rubric.shown_run import ShownRun

LONGEST_REASON = 600

_ANSWERS: dict[Scale, dict[str | int, float | None]] = {
    "1-5": {number: float(number) for number in range(1, 6)},
    "pass-fail": {"pass": BEST, "fail": WORST},
    "true-false": {"true": BEST, "false": WORST, "unclear": None},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """An item as it is asked about one run."""

    name: str
    question: str
    scale: Scale
    decided: ItemJudgement | None = None
    """What the checks say, where they decide it."""

    @property
    def answers(self) -> list[JsonValue]:
        """The answers that it allows."""
        return [*_ANSWERS[self.scale]]

    def score(self, answer: str | int) -> float | None:
        """The score of an answer; None for one that is unclear."""
        return _ANSWERS[self.scale][answer]


def items_of(rubric: Rubric, run: ShownRun) -> list[Asked]:
    """The items that a rubric has for a run, in its order; those for which the run has nothing are left out."""
    return [asked for item in rubric.items for asked in _expanded(item, run)]


def _expanded(item: RubricItem, run: ShownRun) -> Iterator[Asked]:
    if item.each is None:
        yield Asked(item.name, item.question, item.scale, _decided(item, run))
    elif item.each == "change":
        for number, (text, is_made) in enumerate(_changes(run)):
            name, question = f"{item.name}/{number + 1}", Template(item.question).safe_substitute(each=text)
            why = f"{'made' if is_made else 'not made'}: {text}"
            score = BEST if is_made else WORST
            yield Asked(name, question, item.scale, ItemJudgement(item=name, score=score, why=why, by="checks"))
    else:
        for number, text in enumerate(_sentences(item.each, run)):
            # as JSON, so that no text can look like a part of the questions
            question = Template(item.question).safe_substitute(each=encode(text).decode())
            yield Asked(f"{item.name}/{number + 1}", question, item.scale)


def _sentences(each: Each, run: ShownRun) -> Sequence[str]:
    if each == "statement":
        return run.statements
    parts = re.split(r"(?<=[.!?])\s+|\n+", run.policy)
    return [part.strip(" -*#\t") for part in parts if len(part.split()) > 3]


def _changes(run: ShownRun) -> Iterator[tuple[str, bool]]:
    """The changes that a task asks for, each with whether the check of the state found it made; none without one."""
    states = _checks(run, ("state",))
    asked = run.expected.get("changes")
    if not states or not isinstance(asked, list):
        return
    missed = {_place(pair.expected.model_dump(mode="json")) for one in states for pair in one.changes if pair.expected}
    for change in asked:
        if isinstance(change, dict):
            yield shortened(encode(change).decode(), LONGEST_REASON // 2), _place(change) not in missed


def _place(change: JsonObject) -> tuple[JsonValue, ...]:
    """Where a change is made: the record, or the singleton."""
    return change.get("collection"), change.get("key"), change.get("name")


def _checks(run: ShownRun, names: Sequence[str]) -> list[CheckResult]:
    checks = run.verdict.checks if run.verdict is not None else ()
    return [one for one in checks if one.name in names]


def _decided(item: RubricItem, run: ShownRun) -> ItemJudgement | None:
    """What the checks say of an item: nothing where one of them is unclear, or none had anything to look at.

    A failed check decides it alone, and a score of it is low: the worst, and at most one more by how much was right.
    """
    checks = _checks(run, item.decided_by)
    looked = [one for one in checks if one.outcome != "skipped"]
    failed = [one for one in looked if one.outcome == "fail"]
    is_open = any(one.outcome == "unclear" or one.to_check > one.checked for one in checks)
    if not looked or (is_open and not failed):
        return None
    least = min((one.score or 0.0 for one in failed), default=1.0)
    score = BEST if not failed else WORST if item.scale != "1-5" else round(WORST + least, 2)
    reasons = [f"{one.name}: {reason.text}" for one in failed for reason in one.reasons[:3]]
    turns = {reason.turn for one in failed for reason in one.reasons if reason.turn is not None}
    why = "; ".join(reasons) or f"{', '.join(one.name for one in looked)}: all that was checked is right"
    return ItemJudgement(
        item=item.name, score=score, why=shortened(why, LONGEST_REASON), turns=tuple(sorted(turns)), by="checks"
    )
