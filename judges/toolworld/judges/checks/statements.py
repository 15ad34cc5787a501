"""Was the user told what only a judge by model can find, because it is no value?"""

from collections.abc import AsyncIterator

from toolworld.datasets import CheckOutcome, CheckResult, Evidence, Fact, statements
from toolworld.judges.checks.answer import is_statement
from toolworld.judges.context import JudgeContext
from toolworld.judges.facts.conversation import tell_in
from toolworld.judges.statements.opinions import opinions_on


async def check_statements(context: JudgeContext) -> CheckResult:
    """Have each statement of the task's facts judged; where nobody does, only its very words tell it.

    The score is the share of the statements that were told.
    """
    wanted = {number: fact for number, fact in enumerate(context.truth.facts) if is_statement(fact)}
    if not wanted:
        note = Evidence(text="the task has no statements to tell")
        return CheckResult(name="statements", outcome="skipped", evidence=(note,), to_check=0, checked=0)
    if not context.said:
        evidence = Evidence(text="the agent never said a word to the user", kind="not_told")
        return CheckResult(
            name="statements",
            outcome="fail",
            score=0.0,
            evidence=(evidence,),
            to_check=len(wanted),
            checked=len(wanted),
        )
    evidence = [one async for one in _judged(context, wanted)]
    return _result(evidence)


async def _judged(context: JudgeContext, wanted: dict[int, Fact]) -> AsyncIterator[Evidence]:
    readings = [utterance.reading for utterance in context.said]
    open_facts: dict[int, str] = {}
    for number, fact in wanted.items():
        told = tell_in(fact, readings, context.known_values.was_said)
        if told.outcome == "told":
            yield Evidence(text=f"told: {_words(fact)}", kind="told", fact=number)
        else:
            open_facts[number] = _words(fact)
    opinions = await opinions_on([*open_facts.values()], context.trajectory, context.judge)
    for (number, statement), opinion in zip(open_facts.items(), opinions, strict=True):
        if opinion.told == "yes":
            yield Evidence(text=f"told: {statement} ({opinion.quote!r})", kind="told", fact=number)
        elif opinion.told == "no":
            yield Evidence(text=f"not told: {statement}", kind="not_told", fact=number)
        elif context.judge is None:
            text = f"not looked at, since no model judges statements: {statement}"
            yield Evidence(text=text, kind="not_looked_at", fact=number)
        else:
            yield Evidence(text=f"unclear whether it was told: {statement}", kind="unclear", fact=number)


def _result(evidence: list[Evidence]) -> CheckResult:
    kinds = [one.kind for one in evidence]
    count, told = len(kinds), kinds.count("told")
    decided = told + kinds.count("not_told")
    outcome: CheckOutcome = "unclear" if "unclear" in kinds else "skipped"
    if "not_told" in kinds:
        outcome = "fail"
    elif decided == count:
        outcome = "pass"
    score = told / count if outcome in ("pass", "fail") else None
    return CheckResult(
        name="statements", outcome=outcome, score=score, evidence=tuple(evidence), to_check=count, checked=decided
    )


def _words(fact: Fact) -> str:
    """A statement, or several of which one is enough."""
    return " / ".join(statements(fact))
