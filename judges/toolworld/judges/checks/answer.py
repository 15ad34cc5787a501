"""Was the user told what they had to be told, and nothing that nobody said?

Facts are typed values: each is looked for in what the agent said, and how the sentence stands to it decides. What
cannot be decided is `unclear`, and goes to the judge of statements where there is one.
"""

from collections.abc import Sequence

from toolworld.datasets import AnyFact, CheckResult, Evidence, Fact, SaysFact, statements, wording_of
from toolworld.judges.context import JudgeContext
from toolworld.judges.facts.conversation import tell_in
from toolworld.judges.facts.guessed import is_guessed
from toolworld.judges.facts.invented import invented_values
from toolworld.judges.facts.told import Telling, Told
from toolworld.judges.statements.opinions import opinions_on

_GUESSED = Told("unclear", "nothing that the agent read or heard has it, so it was guessed")


async def check_answer(context: JudgeContext) -> CheckResult:
    """Find every fact in what the agent said; a user who got no word at all was not served.

    The score is the share of the facts that were told.
    """
    trajectory, facts = context.trajectory, context.truth.facts
    if not trajectory.messages and trajectory.answer is None:
        return _unheard(facts)
    if not context.said:
        silent = Evidence(text="the agent never said a word to the user", kind="not_told")
        return _failed([silent], len(facts), checked=len(facts))
    readings = [utterance.reading for utterance in context.said]
    values = [number for number, fact in enumerate(facts) if not is_statement(fact)]
    told = {number: tell_in(facts[number], readings, context.known_values.was_said) for number in values}
    told |= await _asked_of_judge(context, {number for number in values if told[number].outcome == "unclear"})
    told |= {number: _GUESSED for number in values if told[number].outcome == "told" and _is_guess(context, number)}
    turns = [utterance.turn for utterance in context.said]
    evidence = [_evidence(number, facts[number], told[number], turns) for number in values]
    kinds = [one.kind for one in evidence]
    if "not_told" in kinds:
        return _failed(evidence, len(values), checked=len(values) - kinds.count("unclear"))
    invented = list(_invented(context))
    unclear = kinds.count("unclear") + bool(invented)
    if unclear:
        return CheckResult(
            name="answer",
            outcome="unclear",
            evidence=(*evidence, *invented),
            to_check=len(values) + 1,
            checked=len(values) + 1 - unclear,
        )
    heard = evidence or [Evidence(text="the user was answered", kind="told")]
    count = len(values) + 1
    return CheckResult(name="answer", outcome="pass", score=1.0, evidence=tuple(heard), to_check=count, checked=count)


def is_statement(fact: Fact) -> bool:
    """Whether a fact is nothing but statements, which are another check's."""
    return isinstance(fact, SaysFact) or (isinstance(fact, AnyFact) and all(map(is_statement, fact.any)))


def _is_guess(context: JudgeContext, number: int) -> bool:
    reads = context.environment.reads
    return is_guessed(context.truth.facts[number], context.heard, context.heard_in_reference, reads)


def _unheard(facts: Sequence[Fact]) -> CheckResult:
    """Nothing was heard: where there are facts to tell, an answer had to be given."""
    values = [fact for fact in facts if not is_statement(fact)]
    if values:
        text = "no answer was given, and there are facts to tell"
        return _failed([Evidence(text=text, kind="not_told")], len(values), checked=len(values))
    evidence = Evidence(text="the host did not hear what the agent said", kind="not_looked_at")
    return CheckResult(name="answer", outcome="skipped", evidence=(evidence,), to_check=1, checked=0)


def _failed(evidence: Sequence[Evidence], count: int, checked: int) -> CheckResult:
    """The result where a fact was not told; that nothing was invented is one more thing to check."""
    told = sum(one.kind == "told" for one in evidence)
    return CheckResult(
        name="answer",
        outcome="fail",
        score=told / count if count else 0.0,
        evidence=tuple(evidence),
        to_check=count + 1,
        checked=checked + 1,
    )


def _evidence(number: int, fact: Fact, told: Told, turns: Sequence[int | None]) -> Evidence:
    words = {"told": "told", "not_told": "not told", "unclear": "unclear whether it was told"}[told.outcome]
    turn = None if told.message is None else turns[told.message]
    return Evidence(text=f"{words}: {wording_of(fact)} ({told.why})", kind=told.outcome, fact=number, turn=turn)


async def _asked_of_judge(context: JudgeContext, unclear: set[int]) -> dict[int, Told]:
    """The facts that code cannot decide, as the judge of statements does."""
    numbers = sorted(unclear)
    facts = context.truth.facts
    wordings = [" / ".join(statements(facts[number])) or wording_of(facts[number]) for number in numbers]
    opinions = await opinions_on(wordings, context.trajectory, context.judge)
    outcomes: dict[str, Telling] = {"yes": "told", "no": "not_told"}
    return {
        number: Told(outcomes[opinion.told], f"as {context.judge.name} judges")
        for number, opinion in zip(numbers, opinions, strict=True)
        if context.judge is not None and opinion.told in outcomes
    }


def _invented(context: JudgeContext) -> list[Evidence]:
    facts = context.truth.facts
    return [
        Evidence(text=f"nobody said {value!r}, which the agent told the user", kind="invented", turn=utterance.turn)
        for utterance in context.said
        for value in invented_values(utterance.reading, facts, context.known_values.was_said)
    ]
