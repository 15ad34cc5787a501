"""What the user is told is missing, false, denied, dumped, or none of their business."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from toolworld.datasets import (
    DateFact,
    EmailFact,
    Fact,
    Money,
    MoneyFact,
    NameFact,
    TextFact,
    ValueFact,
    other_facts,
    value_facts,
)
from toolworld.environments import OnlyAbout, Reads
from toolworld.judges import ANYTHING_SAID, read_message, tell_in
from toolworld.rollout.mutations.material import Material
from toolworld.rollout.players.script import Script, announcement

_ANY_DAY = date(2026, 1, 1)


def untold_fact(material: Material) -> Script | None:
    """Nothing is told, where the announcements of the calls do not tell everything."""
    return replace(material.right, facts=()) if _has_more_to_tell(material.right) else None


def false_fact(material: Material) -> Script | None:
    """Another value is told in the place of each, where the announcements of the calls do not tell everything."""
    true = [value for fact in material.right.facts for value in value_facts(fact)]
    false = tuple(other for fact in material.right.facts for other in _false(fact, true))
    return replace(material.right, facts=false) if false and _has_more_to_tell(material.right) else None


def denied_fact(material: Material) -> Script | None:
    """Every value is denied."""
    return replace(material.right, closing="denials") if _has_value(material.right) else None


def invented_fact(material: Material) -> Script | None:
    """A sum, a day or an address that no tool returned is told as well."""
    currency = material.runtime.environment.reads.currency or "EUR"
    invented: tuple[Fact, ...] = (
        MoneyFact(money=Money(amount="8417.35", currency=currency), about=TextFact(text="handling fee")),
        DateFact(date="2031-07-19", about=TextFact(text="next appointment")),
        EmailFact(email="night.desk@example.net", about=TextFact(text="whom to write to")),
    )
    return replace(material.right, facts=(*material.right.facts, material.chance.choice(invented)))


def dumped_results(material: Material) -> Script | None:
    """What the calls returned is read out as it is."""
    return replace(material.right, closing="results") if _has_value(material.right) else None


def told_secret(material: Material) -> Script | None:
    """What the task keeps from the user is told, or the name of somebody else."""
    secrets = [*material.task.truth.never_told] or [NameFact(name=name) for name in _names_of_others(material)]
    if not secrets:
        return None
    told = _with_currency(material.chance.choice(secrets), material.runtime.environment.reads)
    return replace(material.right, facts=(*material.right.facts, told))


def _with_currency(fact: ValueFact, reads: Reads) -> ValueFact:
    """A sum with its currency: a bare number gives no sum away."""
    if not isinstance(fact, MoneyFact):
        return fact
    return MoneyFact(money=fact.money.model_copy(update={"currency": fact.money.currency or reads.currency}))


def _false(fact: Fact, true: Sequence[ValueFact]) -> list[ValueFact]:
    """A value that tells no fact; nothing for answers and statements."""
    return [other for value in [*value_facts(fact)][:1] for other in other_facts(value) if other not in true][:1]


def _names_of_others(material: Material) -> list[str]:
    """The names of people whom nothing in the task speaks of."""
    environment, state = material.runtime.environment, material.runtime.start.state
    known = material.task.model_dump_json().casefold()
    private = [rule for rule in environment.rules if isinstance(rule, OnlyAbout) and "name" in rule.fields]
    names = [str(record["name"]) for rule in private for _, record in state.rows(rule.collection)]
    return [name for name in names if not any(part in known for part in name.casefold().split())]


def _has_more_to_tell(script: Script) -> bool:
    announced = [read_message(announcement(call), _ANY_DAY, Reads()) for call in script.calls]
    return any(tell_in(fact, announced, ANYTHING_SAID).outcome != "told" for fact in script.facts)


def _has_value(script: Script) -> bool:
    return any(True for fact in script.facts for _ in value_facts(fact))
