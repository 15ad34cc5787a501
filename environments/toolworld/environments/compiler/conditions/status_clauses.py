"""Clauses about where a record stands: its status, its marks, its last day."""

import re
from collections.abc import Iterator, Sequence

from toolworld.environments.compiler.conditions.day_clauses import LAST_DAY
from toolworld.environments.compiler.conditions.scene import Scene, day_fields, live_test, stems
from toolworld.environments.compiler.conditions.word_forms import alike, denies, is_said_of_it, places, says
from toolworld.environments.compiler.layout.statuses import STATUS_NAMES, first_status
from toolworld.environments.compiler.literals import listed
from toolworld.environments.compiler.plans.known_records import KnownRecord
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.words import word_set, words

_OVER = re.compile(
    r"\b(?:is|was|are|has|have|been|not|no longer) (?:already )?"
    r"(?:over|ended|closed|finished|completed|settled|inactive|open|active|archived|final)(?= *(?:$|[,.;]|any ))"
)
_OVER_CODES = word_set("archived closed completed ended finalized finished inactive settled")
_LINKS = re.compile(r"\b(?:is|are|was|were|be|been|being|a|an|as|for|by|on|in|the|with)\b")
_FUTURE = word_set("by due limit max maximum until")
_REQUIRES = re.compile(r"\b(?:only|must be|has to be|have to be|needs? to be|as long as|while|unless|until)\b")
_NOT_OPEN = re.compile(r"\bnot (?:open|active)\b")
_NON = re.compile(r"\bnon-([a-z]+)")
_ELSE = re.compile(r"\b(?:else|another|other)\b|\b(?:has|have|had) (?:a|an|no|one|two|three)\b")
"""Words of clauses that speak of a record which is not at hand."""


def chosen_value(clause: str, _: str, scene: Scene) -> str | None:
    """An argument that has one of its listed values, which the clause names and no status has."""
    statuses = {
        value for one in scene.records for name in STATUS_NAMES for value in one.collection.values.get(name, ())
    }
    for one in scene.operation.parameters:
        values = one.schema.get("enum")
        known = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
        named = [value for value in known if value not in statuses and _begins_with(clause, value, scene)]
        if named and len(named) < len(known):
            rest = clause
            for word in (word for value in named for word in words(value)):
                rest = re.sub(rf"\b{word[:4]}\w*", "", rest)
            also = status(rest, "", scene)  # `breakfast with half board` is about both
            return f"{one.name} in {listed(named)}" + (f" and {also}" if also is not None else "")
    return None


def _begins_with(clause: str, value: str, scene: Scene) -> bool:
    """Whether a clause begins by saying an argument's value: `by voucher`, and not `the voucher has run out`."""
    is_record = any(value in one.collection.entity.split("_") for one in scene.records)
    return says(clause, value) and min(places(clause, value)) <= 2 and not (is_record and clause.startswith("the "))


def named_value(_: str, code: str, scene: Scene) -> str | None:
    """A record whose field has the value that the code names with the field: `frozen by bank`."""
    for record in scene.records:
        for field, values in record.collection.values.items():
            own = " ".join(words(field))
            if code.startswith(f"{own} ") and field != record.collection.key:
                named = [one for one in values if places(code.removeprefix(own), one)]
                if named:
                    return f"{record.value(field)} in {listed(named)}"
    return None


def not_so(clause: str, code: str, scene: Scene) -> str | None:
    """A record that has not the status which is denied: `not_active` by the code, `non-pending` by the clause."""
    denied = " ".join([*([code] if re.search(r"\bnot\b", code) else []), *_NON.findall(clause)])
    for record in scene.spoken_of(f"{clause} {code}") if denied else ():
        for field in (one for one in STATUS_NAMES if one in record.collection.values):
            named = [one for one in record.collection.values[field] if places(denied, one)]
            if named:
                return f"{record.value(field)} not in {listed(named)}"
    return None


def status(clause: str, code: str, scene: Scene) -> str | None:
    """A record with one of the statuses that the clause or the code names, or with none of them.

    Where a clause names values of two records, both have to be so: `a DVD on a child's card`.
    """
    if _ELSE.search(clause):
        return None
    tests: list[str] = []
    used: set[int] = set()
    for record in scene.spoken_of(f"{clause} {code}"):
        found = status_of(record, clause, _without_entity(code, record) if not tests else "")
        at = {place for value in found[2] for place in places(clause, value)} if found else set[int]()
        if found is not None and not at & used and (not tests or at):
            used |= at
            tests.append(f"{record.value(found[0])} {found[1]} {listed(found[2])}")
            if " or " in clause or found[0] in STATUS_NAMES:
                break
    return " and ".join(tests) or None


def _without_entity(code: str, record: KnownRecord) -> str:
    """A code without what it is about: `approval used` says of an approval that it was used, and not approved."""
    about = {*record.collection.entity.split("_")}
    return " ".join(word for word in code.split() if word not in about)


def status_of(record: KnownRecord, clause: str, code: str) -> tuple[str, str, list[str]] | None:
    """The field, the sign and the values that a clause says of a record."""
    for field in sorted(record.collection.values, key=lambda one: one not in STATUS_NAMES):
        is_status = field in STATUS_NAMES
        found = _status_test(clause, code if is_status else "", record.collection.values[field], _names_of(record))
        if found is not None and field != record.collection.key and (is_status or _LINKS.search(clause)):
            return field, *found
    return None


def _names_of(record: KnownRecord) -> frozenset[str]:
    return frozenset({*record.collection.entity.split("_"), "it", "person"})


def _status_test(clause: str, code: str, values: Sequence[str], names: frozenset[str]) -> tuple[str, list[str]] | None:
    """The sign and the values: of the clause, else of the code."""
    from_code = [one for one in values if places(code, one)]
    required = _REQUIRES.search(clause)
    if required is not None:
        wanted = [one for one in values if says(clause[required.end() :], one)]
        return ("not in", wanted) if wanted else None
    said = [one for one in values if is_said_of_it(clause, one, names)]
    denied = [one for one in values if denies(clause, one)]
    if said and _NOT_OPEN.search(code) and len(re.split(r",| or ", clause)) > len(said):
        return "not in", [first_status({"enum": list(values)})]  # it names more ways of not being open than are known
    if said:
        return "in", said
    if denied:
        return "not in", denied
    return ("in", from_code) if from_code else None


def over(clause: str, code: str, scene: Scene) -> str | None:
    """A record that is at an end, whatever its statuses are called; of several the one that the tool is about."""
    if LAST_DAY.search(clause) or not (_OVER.search(clause) or {*code.split()} & _OVER_CODES):
        return None
    for record in scene.spoken_of(f"{clause} {code}"):
        is_named = record.collection.entity.split("_")[-1] in stems(clause)
        if record.variable == "row" or is_named:
            test = live_test(record.variable, record.collection, is_live_wanted=False)
            if test is not None:
                return test
            start = next((one for one in day_fields(record) if "start" in words(one)), None)
            if start is not None:  # a slot is over when it has begun
                return f"_has_day({record.value(start)}) and {record.value(start)} < now()"
    return None


def done_before(clause: str, code: str, scene: Scene) -> str | None:
    """A record in which the field is filled that is called as what was done: `ended`, `used`, `refunded_on`."""
    if not (
        "already" in f"{clause} {code}" or re.search(r"\b(?:has|have|was|were) (?:already )?been\b|\bbefore\b", clause)
    ):
        return None
    spoken = [one for one in re.findall(r"[a-z]{4,}", f"{code} {clause}") if one not in ("already", "been", "there")]
    spoken = [one for one in spoken if not any(one in record.collection.entity for record in scene.records)]
    for record in scene.records:
        for field in record.collection.fields:
            own = words(field)
            samples = record.collection.samples.get(field, ())
            has_gap = any(one in (None, False, 0, "") for one in samples)
            is_done = (
                has_gap and own and any(alike(word, one) for word in spoken for one in own) and not {*own} & _FUTURE
            )
            if is_done and field not in STATUS_NAMES:
                test = record.value(field)
                return f"not {test}" if re.search(r"\bnot\b", clause) else test
    return None


def mark(clause: str, _: str, scene: Scene) -> str | None:
    """A record with a mark that is set, or not: `the card is contactless`."""
    for record in scene.spoken_of(clause):
        for field, schema in record.collection.fields.items():
            if plain_type(schema) != "boolean" or not places(clause, field):
                continue
            said = " ".join(words(field))[:4]
            if re.search(rf"\b(?:is|are|was|were|has been|been|open to)\b[^,.]*\b{said}", clause):
                test = f"{'not ' if denies(clause, field) else ''}{record.value(field)}"
                return " and ".join([test, *_of_such(field, record, scene)])
    return None


def _of_such(field: str, marked: KnownRecord, scene: Scene) -> Iterator[str]:
    """The test that a record is of the kind which a mark of another one is about: `not open to contractors`."""
    for record in scene.records:
        for name, values in record.collection.values.items():
            named = [one for one in values if record is not marked and places(field.replace("_", " "), one)]
            if named:
                yield f"{record.value(name)} in {listed(named)}"
                return
