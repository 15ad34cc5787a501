"""What changed where runs are judged again, because a task, a rubric or a judge was mended."""

from collections.abc import Iterator, Mapping, Sequence

from toolworld.datasets import CheckResult, Verdict
from toolworld.ground import Record
from toolworld.judges.rubric.judgement import Judgement


class Change(Record):
    """A run that is judged otherwise than before."""

    run: str
    before: str
    """`pass`, `fail`, `unclear` or `void`; `failure` where a judge by model gave no judgement."""
    after: str
    before_reward: float | None = None
    after_reward: float | None = None
    """Of a verdict the reward, of a judgement the mean score."""
    where: tuple[str, ...]
    """The checks or items that are otherwise."""
    why: str
    """What is said of these now."""


def changed_verdicts(before: Mapping[str, Verdict], after: Sequence[Verdict]) -> Iterator[Change]:
    """The runs whose verdicts are otherwise: in the outcome, the reward, or that of a check.

    Args:
        before: The verdicts as they were, by the id of the run.
        after: As they are; those of runs that had none are left out.
    """
    for one in after:
        old = before.get(one.trajectory)
        if old is None:
            continue
        outcomes = {check.name: (check.outcome, check.score) for check in old.checks}
        differing = [check for check in one.checks if outcomes.pop(check.name, None) != (check.outcome, check.score)]
        where = (*(check.name for check in differing), *outcomes)
        if where or (old.outcome, old.reward) != (one.outcome, one.reward):
            yield Change(
                run=one.trajectory,
                before=old.outcome,
                after=one.outcome,
                before_reward=old.reward,
                after_reward=one.reward,
                where=where,
                why=_why(one, differing),
            )


def _why(verdict: Verdict, differing: Sequence[CheckResult]) -> str:
    if verdict.blame is not None and not differing:
        return f"{verdict.blame.party}: {verdict.blame.message}"
    return "; ".join(f"{check.name}: {reason.text}" for check in differing for reason in check.reasons[:1])


def changed_judgements(before: Mapping[str, Judgement], after: Sequence[Judgement]) -> Iterator[Change]:
    """The runs whose judgements by a rubric are otherwise: in whether they pass, or in the score of an item.

    Args:
        before: The judgements as they were, by the id of the run.
        after: As they are; those of runs that had none are left out.
    """
    for one in after:
        old = before.get(one.run)
        if old is None:
            continue
        scores = {item.item: item.score for item in old.items}
        differing = [item for item in one.items if scores.pop(item.item, _NONE) != item.score]
        where = (*(item.item for item in differing), *scores)
        if where or outcome_of(old) != outcome_of(one):
            yield Change(
                run=one.run,
                before=outcome_of(old),
                after=outcome_of(one),
                before_reward=old.mean,
                after_reward=one.mean,
                where=where,
                why=one.failure or "; ".join(f"{item.item}: {item.why}" for item in differing[:2]),
            )


_NONE = object()


def outcome_of(judgement: Judgement) -> str:
    """What came of a judgement, in a word."""
    if judgement.failure is not None:
        return "failure"
    return {True: "pass", False: "fail", None: "unclear"}[judgement.passed]
