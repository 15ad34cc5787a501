"""Is the final state right: every required change made, no other, and nothing else changed on the way?"""

from collections import Counter
from collections.abc import Iterator, Sequence

from toolworld.datasets import ChangePair, CheckResult, Evidence
from toolworld.environments import Insert, Op, Update, comparable_ops, place_of, touched_places
from toolworld.judges.checks.changes import change_pairs, evidence_of
from toolworld.judges.checks.new_records import MAX_IDS, bag, nearest_renaming, new_ids, renaming
from toolworld.judges.checks.undone import undone_changes
from toolworld.judges.context import JudgeContext


async def check_state(context: JudgeContext) -> CheckResult:
    """Compare the changes that were made with those of the ground truth, apart from volatile fields.

    What the log changes on the way counts as well: a record that the reference never touches must not be
    changed, even if it is changed back, nor a field of one that it does touch.

    The score of a failed check is the share of changes that both have, of all changes that either has
    (their Jaccard index), and always below 1.
    """
    harm = [*_harm(context), *await undone_changes(context)]
    names, pairs, score = _compared(context)
    if pairs or harm:
        evidence = [*(evidence_of(pairs) if pairs else []), *harm]
        return CheckResult(
            name="state",
            outcome="fail",
            score=min(score, 0.5) if harm and not pairs else score,
            evidence=tuple(evidence),
            changes=tuple(pairs),
        )
    count = len(context.task.truth.changes)
    text = f"the final state is the expected one ({count} {'change' if count == 1 else 'changes'})"
    evidence = Evidence(text=text if names is None else _renaming_text(names), kind="made")
    return CheckResult(name="state", outcome="pass", score=1.0, evidence=(evidence,))


def _compared(context: JudgeContext) -> tuple[dict[str, str] | None, list[ChangePair], float]:
    """The renaming of new ids, the pairs of changes that differ, and the score; no renaming where none was needed."""
    task, trajectory, environment = context.task, context.trajectory, context.environment
    if trajectory.final_digest == task.truth.digest:
        return None, [], 1.0
    wanted, made = (
        comparable_ops(ops, environment.state_schema, environment.reads.country)
        for ops in (task.truth.changes, trajectory.changes)
    )
    wanted_ids = new_ids(wanted, task.seed, MAX_IDS)
    made_ids = new_ids(made, trajectory.seed, trajectory.log[-1].ids if trajectory.log else 0)
    names = renaming(wanted, made, wanted_ids, made_ids)
    if names is not None:
        return names, [], 1.0
    names = nearest_renaming(wanted, made, wanted_ids, made_ids)
    placeholders = dict.fromkeys(made_ids, "\0") | names
    score = _share(bag(wanted, {}), bag(made, placeholders))
    return names, [*change_pairs(wanted, made, names)] or [_unlike(made)], score


def _unlike(made: Sequence[Op]) -> ChangePair:
    """The pair for changes that differ in nothing but how new records refer to each other."""
    return ChangePair(record=place_of(made[0]), actual=made[0]) if made else ChangePair(record="")


def _share(wanted: list[bytes], made: list[bytes]) -> float:
    """The Jaccard index of two multisets of changes. Alike but for how new ids are linked is still less than 1."""
    one, other = Counter(wanted), Counter(made)
    union = (one | other).total()
    return min((one & other).total(), union - 1) / union if union else 0.0


def _harm(context: JudgeContext) -> Iterator[Evidence]:
    """Find what was changed on the way that the reference never touches."""
    allowed = context.task.truth.touched
    if allowed is None:
        return
    log = context.trajectory.log
    net = {place_of(op) for op in context.trajectory.changes}
    too_many = Counter(touched_places(op for event in log for op in _changing(event.ops))) - Counter(allowed)
    for event in log:
        for op in _changing(event.ops):
            place = place_of(op)
            new = f"{place.partition('/')[0]}/new" if isinstance(op, Insert) else place
            if place not in net and too_many[new] > 0:
                too_many[new] -= 1
                how = "was made and is gone again" if isinstance(op, Insert) else "was changed on the way"
                text = f"step {event.step}: {place} {how}, and the task never touches it"
                yield Evidence(text=text, kind="not_allowed", step=event.step, record=place)
    for place, count in too_many.items():
        if count > 0 and place in net and place not in {place_of(op) for op in _compared_changes(context)}:
            text = f"{place} was changed, and the task never touches it"
            yield Evidence(text=text, kind="not_allowed", record=place)


def _changing(ops: Sequence[Op]) -> Iterator[Op]:
    """The ops but for updates of no field."""
    return (op for op in ops if not isinstance(op, Update) or op.fields)


def _compared_changes(context: JudgeContext) -> list[Op]:
    """The changes of the run that are compared: those of nothing but volatile fields are not among them."""
    environment = context.environment
    return comparable_ops(context.trajectory.changes, environment.state_schema, environment.reads.country)


def _renaming_text(names: dict[str, str]) -> str:
    pairs = ", ".join(f"{new} for {old}" for new, old in sorted(names.items()))
    return f"the changes are the expected ones{f', with {pairs}' if pairs else ', apart from fields not compared'}"
