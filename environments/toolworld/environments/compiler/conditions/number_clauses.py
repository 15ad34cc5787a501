"""Clauses about numbers: an argument above a limit or above what a record has, so many days, so many records."""

import re
from collections.abc import Callable

from toolworld.environments.compiler.conditions.scene import Scene, day_fields, live_test, spoken_status, stems
from toolworld.environments.compiler.conditions.word_forms import alike
from toolworld.environments.compiler.literals import quoted
from toolworld.environments.compiler.plans.known_records import KnownRecord
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Parameter
from toolworld.environments.normaliser.words import last_word, singulars, word_set, words

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {word: number for number, word in enumerate(_WORDS, start=1)} | {"once": 1, "twice": 2}
_NUMBER = rf"(?:[£$€]\s?)?(\d[\d,]{{0,14}}(?:\.\d{{1,6}})?(?![\d,.]*\d)|{'|'.join(_WORDS)})\b(?!\s?%)"
_MORE = re.compile(rf"\b(?:more than|above|over|exceeds?|longer than|beyond|greater than)\s+{_NUMBER}\s*([a-z]+)?")
_FEWER = re.compile(rf"\b(?:fewer than|less than|below|under|within)\s+{_NUMBER}\s*([a-z]+)?")
_HOLDS = re.compile(
    rf"\b(?:holds?|has|have|had|waits for|reached|limit of|maximum of|at most)\s+(?:already\s+)?{_NUMBER}"
)
_TIMES = re.compile(r"\b(once|twice|(?:two|three|four|five|six) times)\b")
_STARTS = word_set("arrival begin departure pickup start")
_TIME_UNITS = word_set("day hour minute month night week year")
_MONEY = re.compile(r"[£$€]|\b(?:pounds|dollars|euros)\b")
_SAYS_MORE = re.compile(
    r"\bmore (?:is|was|than|are)\b|\bexceed(?:s|ed|ing)?\b|"
    r"\b(?:above|beyond|over|outweighs?|too (?:much|many|heavy|large|high|long))\b|"
    r"\b(?:greater|higher|heavier|larger|bigger|longer) than\b|\bthis (?:heavy|large|long|high)\b"
)
_SAYS_TOO_FEW = re.compile(r"\b(?:not enough|insufficient|fewer|less|too little|cannot cover|does not cover|too low)\b")
_TOO_YOUNG = re.compile(r"\b(?:too young|(?:under|below) the (?:minimum )?age|not old enough)\b")
_TOO_OLD = re.compile(r"\b(?:too old|(?:over|above) the (?:maximum )?age)\b")
_MOST = word_set("cap limit max maximum most")
_LEAST = word_set("least min minimum")
_SUMS = word_set(
    "amount budget charge cost credit deposit fee granted limit money payment price refund sum total value"
)
_FUNDS = word_set("balance credit fund money")
_LEFT = word_set("available free left remaining")
_SETTLING = word_set("credited paid refunded settled waived")


def limit(clause: str, _: str, scene: Scene) -> str | None:
    """An argument above or below a number, or more days than a number."""
    more = _MORE.search(clause)
    found = more or _FEWER.search(clause)
    if found is None:
        return None
    sign, number, unit = ">" if more else "<", _number(found[1]), next(iter(singulars(found[2] or "")), "")
    if unit in _TIME_UNITS:
        return _days(clause, unit, f"{sign} {number}", scene)
    chosen = _about(unit, clause, scene)
    return f"{'_is_above' if more else '_is_below'}({chosen.name}, {number})" if chosen is not None else None


def _about(unit: str, clause: str, scene: Scene) -> Parameter | None:
    """The argument that a number is about: of the unit's name, or the only number, for sums of money."""
    by_unit = [one for one in scene.numbers if unit and unit in singulars(one.original)]
    spoken = [one for one in scene.numbers if {*singulars(one.original)} & stems(clause)]
    sums = [one for one in scene.numbers if {*singulars(one.original)} & _SUMS]
    only = sums if len(sums) == 1 and (_MONEY.search(clause) or unit in ("of", "")) else []
    return next(iter([*by_unit, *(spoken if len(spoken) == 1 else []), *only]), None)


def _days(clause: str, unit: str, test: str, scene: Scene) -> str | None:
    """So many days ago, overdue, ahead, or between two days that are given."""
    named = [one for one in scene.numbers if unit in singulars(one.original)]
    if named:
        sign, number = test.split()
        return f"{'_is_above' if sign == '>' else '_is_below'}({named[0].name}, {number})"
    if unit not in ("day", "night"):
        return None
    if "overdue" in clause:
        return _with_day(scene, word_set("due"), lambda day: f"days_between({day}, today()) {test}")
    if "ahead" in clause or "from today" in clause or "from now" in clause or "in advance" in clause:
        if scene.days:
            return f"days_between(today(), _day({scene.days[0].name})) {test}"
        return _with_day(scene, _STARTS, lambda day: f"days_between(today(), {day}) {test}")
    if "in the last" in clause or re.search(r"\b(?:old|ago|since)\b", clause):
        about = stems(clause) | word_set("date made taken")
        return _with_day(scene, about, lambda day: f"days_between({day}, today()) {test}")
    if len(scene.days) == 2 and re.search(r"\bnights?\b|\blong\b|\blonger\b", clause):
        first, last = scene.days[0].name, scene.days[1].name
        return f"days_between(_day({first}), _day({last})) {test}"
    return None


def _with_day(scene: Scene, names: frozenset[str], test: Callable[[str], str]) -> str | None:
    """A test of the first day of a record whose name is among some words."""
    for record in scene.records:
        for field in day_fields(record):
            if any(alike(word, name) for word in words(field) for name in names):
                value = record.value(field)
                return f"_has_day({value}) and {test(f'_day({value})')}"
    return None


def counter(clause: str, code: str, scene: Scene) -> str | None:
    """A counter of the record that has reached its limit: `it has been renewed twice`."""
    times = _TIMES.search(clause)
    if times is None or scene.row is None:
        return None
    number = _NUMBERS[times[1].split()[0]]
    spoken = re.findall(r"[a-z]{4,}", f"{clause} {code}")
    for field, schema in scene.row.collection.fields.items():
        if plain_type(schema) == "integer" and any(_same_root(word, one) for word in words(field) for one in spoken):
            return f"_is_above(row.get({quoted(field)}), {number - 1})"
    return None


def _same_root(one: str, other: str) -> bool:
    """Whether two words begin alike: `renewals` and `renewed`, `moves` and `moved`."""
    return len(one) >= 4 and len(other) >= 4 and one[:4] == other[:4]


def as_many(clause: str, code: str, scene: Scene) -> str | None:
    """As many records of what is made as there may be: `the card holds six`."""
    holds = _HOLDS.search(clause)
    if holds is None or scene.made is None or not code.startswith(("too many", "limit", "max", "over")):
        return None
    for owner in scene.spoken_of(clause):
        field = scene.made.field_of(owner.parameter or "")
        if owner.parameter is not None and field is not None:
            live = spoken_status("each", scene.made, clause) or live_test("each", scene.made)
            test = f"str(each.get({quoted(field)})) == str({owner.parameter})" + (f" and {live}" if live else "")
            return f'len([each for each in rows("{scene.made.name}") if {test}]) >= {_number(holds[1])}'
    return None


def more_than_record(clause: str, code: str, scene: Scene) -> str | None:
    """An argument above a number of a record: its balance, its limit, what is left or outstanding."""
    is_more, is_less = _SAYS_MORE.search(clause), _SAYS_TOO_FEW.search(f"{clause} {code}") or "below" in clause
    if not (is_more or is_less) or not scene.numbers or re.search(r"\d", clause):
        return None
    says_below = re.search(r"\b(?:below|lower than|less than) (?:the|its|what)\b", clause)
    is_below = code.startswith(("below", "under")) or says_below
    compare = "_is_below" if is_below else "_is_above"
    spoken, given = stems(f"{clause} {code}"), scene.numbers[0]
    for record in scene.records:
        for field, schema in record.collection.fields.items():
            own = {*singulars(field)} - word_set("amount price value")
            if plain_type(schema) in ("integer", "number") and own & spoken:
                return f"{compare}({given.name}, {record.value(field)})"
        owed = outstanding(record)
        if owed is not None and is_more:
            return f"{compare}({given.name}, {owed})"
        if is_less and not spoken & _FUNDS and (same := record.collection.field_of(given.original)) is not None:
            return f"_is_above({given.name}, {record.value(same)})"
    return None


def of_limit(clause: str, code: str, scene: Scene) -> str | None:
    """An argument above the most, or below the least, that a record allows: `maxWeightKg` for `weightKg`."""
    spoken = stems(f"{clause} {code}")
    for given in scene.numbers:
        own = {*singulars(given.original)}
        for record in scene.records:
            for field, schema in record.collection.fields.items():
                named = {*singulars(field)}
                shared = (own & named) - word_set("kg cm m amount value number")
                if plain_type(schema) not in ("integer", "number") or not shared:
                    continue
                is_spoken = bool(shared & spoken) or any(alike(one, word) for one in shared for word in spoken)
                if named & _MOST and is_spoken and _SAYS_MORE.search(f"{clause} {code}"):
                    return f"_is_above({given.name}, {record.value(field)})"
                if named & _LEAST and is_spoken and not _SAYS_MORE.search(clause):
                    return f"_is_below({given.name}, {record.value(field)})"
    return None


def too_young(clause: str, code: str, scene: Scene) -> str | None:
    """A person below or above an age that a record states."""
    is_young, is_old = _TOO_YOUNG.search(f"{clause} {code}"), _TOO_OLD.search(f"{clause} {code}")
    born = [
        record.value(field)
        for record in scene.records
        for field in day_fields(record)
        if {*words(field)} & {"birth", "born", "dob", "birthday"}
    ]
    ages = [
        record.value(field)
        for record in scene.records
        for field, schema in record.collection.fields.items()
        if "age" in words(field) and plain_type(schema) in ("integer", "number")
    ]
    if not (is_young or is_old) or not born or not ages:
        return None
    age = f"(days_between(_day({born[0]}), today()) * 4 // 1461)"
    return f"_has_day({born[0]}) and {'_is_below' if is_young else '_is_above'}({age}, {ages[0]})"


def nothing_owed(clause: str, _: str, scene: Scene) -> str | None:
    """A record of which nothing is to be paid any more."""
    if not re.match(
        r"(?:nothing|there is nothing|no \w+) (?:is |more )?(?:outstanding|due|owed|left to pay|to pay)", clause
    ):
        return None
    return next((f"{owed} <= 0" for one in scene.records if (owed := outstanding(one)) is not None), None)


def outstanding(record: KnownRecord) -> str | None:
    """The expression of what is still to be paid of an amount, where a record says what has been."""
    numbers = [name for name, one in record.collection.fields.items() if plain_type(one) in ("integer", "number")]
    amount = next((name for name in numbers if last_word(name) in ("amount", "total")), None)
    if amount is None:
        return None
    settled = [name for name in numbers if {*words(name)} & _SETTLING]
    parts = [f"_number({record.value(name)})" for name in (amount, *settled)]
    return f"round({' - '.join(parts)}, 2)"


def none_left(clause: str, _: str, scene: Scene) -> str | None:
    """A record with nothing left of what it has so many of: `every repeat has been used`."""
    if not re.search(r"\b(?:no|none|nothing|every|all)\b", clause):
        return None
    spoken = stems(clause)
    for record in scene.records:
        for field, schema in record.collection.fields.items():
            own = {*singulars(field)}
            is_rest = own & _LEFT and (own - _LEFT) & spoken
            if is_rest and plain_type(schema) in ("integer", "number"):
                return f"_is_below({record.value(field)}, 1)"
    return None


def has_number(clause: str) -> bool:
    """Whether a clause speaks of a number, so that nothing but a number can be meant."""
    return bool(re.search(r"\d", clause) or _HOLDS.search(clause) or _MORE.search(clause) or _FEWER.search(clause))


def _number(text: str) -> int | float:
    if text in _NUMBERS:
        return _NUMBERS[text]
    value = float(text.replace(",", ""))
    return int(value) if value.is_integer() else value
