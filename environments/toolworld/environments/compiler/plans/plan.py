"""Which template answers a tool, and why none does where none does."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from toolworld.environments.compiler.layout.collection import Collection
from toolworld.environments.compiler.layout.layout import Layout
from toolworld.environments.compiler.layout.placement import Placement
from toolworld.environments.compiler.layout.statuses import STATUS_NAMES, status_after
from toolworld.environments.compiler.layout.value_places import ValuePlace
from toolworld.environments.compiler.packs import PackCommand
from toolworld.environments.compiler.plans.facts import WHY, asks_for_fact
from toolworld.environments.compiler.plans.known_records import KnownRecord, named_records
from toolworld.environments.compiler.plans.parameters import Use, is_day, use_of
from toolworld.environments.compiler.plans.value_plans import (
    ValuePlan,
    credential_checks,
    list_change,
    session_needed,
    value_plan,
)
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Operation, Parameter, Reading, Shape
from toolworld.environments.normaliser.path import segments
from toolworld.environments.normaliser.shape import items_of, properties_of
from toolworld.environments.normaliser.vocabulary import CREDENTIALS, verb_of
from toolworld.environments.normaliser.words import compact, first_word, singulars, word_set, words
from toolworld.ground import JsonValue

Template = Literal[
    "create",
    "get",
    "list",
    "first",
    "change",
    "values",
    "fact",
    "pack",
    "update",
    "delete",
    "transition",
    "single_get",
    "single_set",
    "single_clear",
    "none",
]
"""How a tool is answered. `first` returns the only record that a caller without a key can mean; `change` changes a
record of a state document as far as the tool's name says how; `values` is about single values of one; `fact` is
answered from a table of made-up facts; `pack` is a command of a known domain."""

PLAIN_TYPES = frozenset({"string", "integer", "number", "boolean"})
"""The types of results that are one value and no record."""
_BEFORE_KEYS = word_set("at by for from in of on with")
"""Words of names behind which it says which record is meant."""
_USERS = ("username", "user_name", "current_user", "user")
"""Single values that say who is logged in."""
_MAKERS = word_set("author created_by creator owner posted_by sender user username")
"""Fields that say who made a record."""
_NOT_IN_STATE = "it is about what the state that came with it does not have"
_NO_FORMULA = "it is a function of its arguments, and no formula is known"
_NOTHING_OF_IT = (_NOT_IN_STATE, _NO_FORMULA)
"""Why a tool has no template that may ask for facts of the outside world."""
_FEW = 4
"""How much may stand beside a list that is what a search returns."""
READERS: frozenset[Template] = frozenset({"get", "list", "first", "single_get"})
"""Templates that read what others write."""


@dataclass(frozen=True)
class Plan:
    """How a tool is answered."""

    operation: Operation
    reading: Reading
    placement: Placement
    collection: Collection
    template: Template
    key: str | None = None
    """The parameter that says which record."""
    uses: tuple[Use, ...] = ()
    """What the parameters of a list are for."""
    values: ValuePlan | None = None
    """What it does with the single values of a state document."""
    funds: ValuePlace | None = None
    """The only balance that the state has, where it has one."""
    counter: ValuePlace | None = None
    """The single value that holds the key of the next record, where the state has one: `order_counter`."""
    callers: Mapping[str, ValuePlace] = field(default_factory=dict[str, ValuePlace])
    """The fields of a new record that say who made it, each with the single value that says who is logged in."""
    session: ValuePlace | None = None
    """The single value that has to say that somebody is logged in."""
    command: PackCommand | None = None
    """The command of a pack that it is."""
    credentials: tuple[tuple[str, ValuePlace], ...] = ()
    """Parameters that have to be what the state has, each with where it has it."""
    records: tuple[KnownRecord, ...] = ()
    """The records of a state document that its arguments name."""
    result_field: str | None = None
    """The field of the record that is all of its result, where that is one value."""
    why: str = ""
    """Why nothing answers it; empty where something does."""

    def default(self, parameter: Parameter) -> JsonValue:
        """The default of a parameter; what is not given to a change stays as it is, whatever the document says."""
        if self.template in ("update", "single_set") and parameter in self.operation.payload:
            return None
        return parameter.schema.get("default")

    @property
    def ignored(self) -> tuple[str, ...]:
        """Parameters that it takes and does not act upon."""
        if self.template in ("none", "values", "fact", "pack"):
            return ()
        if self.template in ("list", "first"):
            return tuple(use.parameter.name for use in self.uses if use.role == "option")
        written = [one for one in self.operation.payload if self.collection.field_of(one.original) is not None]
        written = written if self.template in ("create", "update", "single_set") else []
        known = {self.key, *(name for name, _ in self.placement.parents), *(one.name for one in written)}
        return tuple(one.name for one in self.operation.parameters if one.name not in known)

    @property
    def shape(self) -> Shape:
        """The shape of its result; where none is described, a list or a record."""
        if self.reading.shape != "none":
            return self.reading.shape
        return "list" if self.template == "list" else "record" if self.template in READERS else "none"

    @cached_property
    def shown(self) -> tuple[str, ...]:
        """The fields of the record that its result has: those that are described, or all where nothing is."""
        described = {self.collection.field_of(name) for name in properties_of(self.reading.record)}
        if not described and self.template in READERS:
            return tuple(self.collection.fields)
        return tuple(name for name in self.collection.fields if name in described)


def plan_of(operation: Operation, reading: Reading, layout: Layout) -> Plan:
    """Choose the template of an operation, and what has to be right before it is followed."""
    plan = _with_one_value(_plan(operation, reading, layout))
    if plan.template == "none" and plan.why in _NOTHING_OF_IT and asks_for_fact(operation, reading, layout):
        plan = replace(plan, template="fact", why=WHY)
    balances = [one for one in layout.values if one.holds(int, float) and "balance" in words(one.name)]
    funds = balances[0] if len(balances) == 1 else None
    return replace(
        plan,
        credentials=tuple(credential_checks(operation, layout.values)),
        funds=funds,
        counter=_counter(plan, layout) if plan.template == "create" else None,
        callers=_callers(plan, layout) if plan.template == "create" else {},
        session=session_needed(operation, reading, layout.values, has_login=layout.has_login),
    )


def _callers(plan: Plan, layout: Layout) -> dict[str, ValuePlace]:
    """The fields in which every record has a text that nobody gives and that the state has of who calls."""
    users = {one.name: one for one in layout.values if one.inner is None and one.holds(str)}
    found: dict[str, ValuePlace] = {}
    for name, samples in plan.collection.samples.items():
        is_filled = bool(samples) and all(isinstance(one, str) and one for one in samples)
        wanted = [name] if name in _USERS else [*_USERS] if name in _MAKERS else []
        user = next((users[one] for one in wanted if one in users), None)
        if plan.placement.is_in_state and is_filled and user is not None:
            found[name] = user
    return found


def _counter(plan: Plan, layout: Layout) -> ValuePlace | None:
    """The value that is called as the next key of a collection with numbers for keys."""
    keys_are_numbers = plan.collection.has_number_key or plan.collection.key_form.is_number
    if not plan.placement.is_in_state or not keys_are_numbers:
        return None
    entity = plan.collection.entity.split("_")[-1]
    named = [
        one
        for one in layout.values
        if one.inner is None
        and one.holds(int)
        and {*singulars(one.name)} in ({entity, "counter"}, {"next", entity, "id"})
    ]
    return named[0] if len(named) == 1 else None


def _with_one_value(plan: Plan) -> Plan:
    """The plan of a tool that reads one value of a record; where no field is known to be it, nothing answers it."""
    kind = plain_type(plan.operation.response)
    if plan.template not in READERS or kind not in PLAIN_TYPES:
        return plan
    found = _field_of_result(plan) if plan.template in ("get", "first") else None
    if found is None or plain_type(plan.collection.fields[found]) not in (kind, None):
        why = "its result is one value, and no field of its records is known to be it"
        return replace(plan, template="none", why=why)
    return replace(plan, result_field=found)


def _field_of_result(plan: Plan) -> str | None:
    """The field that the name of a tool ends in: `user_id` for `find_user_id_by_email`."""
    named = list(words(plan.operation.original))[1:]
    end = next((number for number, one in enumerate(named) if one in _BEFORE_KEYS), len(named))
    found = (plan.collection.field_of("_".join(named[start:end])) for start in range(end))
    return next((one for one in found if one is not None), None)


def _plan(operation: Operation, reading: Reading, layout: Layout) -> Plan:
    collection, placement = layout.of(operation.name), layout.placements[operation.name]
    listing = list_change(operation, layout.values) if operation.method is None else None
    if listing is not None:
        return Plan(operation, reading, placement, collection, "values", values=listing)
    if placement.is_in_state:
        return _plan_in_state(operation, reading, layout)
    values = value_plan(operation, reading, layout.values) if layout.values and operation.method is None else None
    if values is not None:
        return Plan(operation, reading, placement, collection, "values", values=values)
    key = placement.key or _key_elsewhere(operation, reading, collection)
    template, why = _template(operation, reading, collection, key)
    uses: tuple[Use, ...] = ()
    if template in ("list", "first"):
        uses = tuple(use_of(one, collection, placement) for one in operation.parameters)
    plan = Plan(operation, reading, placement, collection, template, key, uses, why=why)
    unused = _needed(plan) if template in READERS else None
    if layout.values and operation.method is None and not _has_maker(plan, layout):
        return _without_records(plan)
    return plan if unused is None else Plan(operation, reading, placement, collection, "none", why=unused)


def _has_maker(plan: Plan, layout: Layout) -> bool:
    """Whether a tool makes the records that another one is about; a tool that makes some needs none."""
    if plan.template == "create":
        return True
    return any(layout.makes.get(one) for one in plan.collection.operations)


def _without_records(plan: Plan) -> Plan:
    """The plan of a tool that is about records which the state that came with it does not have, and no tool makes."""
    if plan.reading.effect == "write" and plan.reading.kind != "session":
        return Plan(plan.operation, plan.reading, plan.placement, plan.collection, "values", values=ValuePlan())
    why = _NOT_IN_STATE
    return Plan(plan.operation, plan.reading, plan.placement, plan.collection, "none", why=why)


def _plan_in_state(operation: Operation, reading: Reading, layout: Layout) -> Plan:
    """The plan of a tool of which a state document says what it is about."""
    collection, placement = layout.of(operation.name), layout.placements[operation.name]
    reading = _with_list(operation, reading)
    template: Template = "create" if placement.makes else "change" if placement.key is not None else "none"
    if template == "change" and _removes(operation, reading, collection):
        template = "delete"
    if reading.effect == "read":
        is_list = reading.shape in ("list", "wrapped_list")
        template = "list" if is_list else "get" if placement.key is not None else "first"
    subjects = {name: layout.collections[layout.names[part]] for name, part in placement.subjects}
    row = placement.key if template in ("get", "change", "delete") else None
    uses: tuple[Use, ...] = ()
    if template in ("list", "first"):
        uses = tuple(
            _shown_use(use_of(one, collection, placement), collection, subjects.get(one.name))
            for one in operation.parameters
        )
    why = "it changes something, and no parameter says which one" if template == "none" else ""
    if template == "list" and plain_type(items_of(operation.response)) == "array":
        template, why = "none", "it lists lists, and no rule says what is together"
    records = named_records(operation, subjects, row)
    return Plan(operation, reading, placement, collection, template, placement.key, uses, records=records, why=why)


def _shown_use(use: Use, collection: Collection, subject: Collection | None) -> Use:
    """A use of a field that the records have: of the name, or the only one that refers to what is asked for."""
    referring = [field for field, name in collection.references.items() if subject is not None and name == subject.name]
    if len(referring) == 1 and use.path not in collection.fields:
        return Use(use.parameter, "equal", referring[0])
    is_there = use.path is None or use.path.split(".")[0] in collection.fields
    is_text = (
        use.role in ("least", "most") and not is_day(use.parameter) and plain_type(use.parameter.schema) == "string"
    )
    return use if is_there and not is_text else Use(use.parameter, "option")


def _removes(operation: Operation, reading: Reading, collection: Collection) -> bool:
    """Whether a tool removes its record: by its kind, or because what is cancelled has no status that says so."""
    if any(one in collection.values for one in STATUS_NAMES):
        return False
    return reading.kind == "delete" or first_word(operation.original) in ("cancel", "discard", "void")


def _with_list(operation: Operation, reading: Reading) -> Reading:
    """A reading of a search as one that returns a list, where its result has one list."""
    named = properties_of(operation.response)
    lists = [name for name, one in named.items() if plain_type(one) == "array"]
    if reading.kind in ("list", "search") and reading.shape == "record" and len(lists) == 1 and len(named) <= _FEW:
        return replace(reading, shape="wrapped_list", record=items_of(named[lists[0]]), wrapper=(lists[0],))
    return reading


def _needed(plan: Plan) -> str | None:
    """Why a tool that reads cannot be answered: what it asks for depends on a parameter that nothing acts upon."""
    last = segments(plan.operation.path)[-1:]
    for name in plan.ignored:
        parameter = plan.operation.parameter(name)
        if parameter is None or compact(name) in CREDENTIALS:
            continue
        says_which = bool(last) and last[0] == (parameter.original, True)
        asks_for_one = parameter.required and parameter.place != "path" and plan.template in ("first", "single_get")
        if says_which or asks_for_one:
            return f"its result depends on {name}, which no record has"
    return None


def _key_elsewhere(operation: Operation, reading: Reading, collection: Collection) -> str | None:
    """The parameter that has the record's key though the path does not end in it."""
    if reading.kind not in ("get", "update", "delete", "action"):
        return None
    if reading.key is not None and (one := operation.parameter(reading.key)) is not None and one.place != "path":
        return reading.key
    entity = compact(collection.entity)
    wanted = {compact(collection.key or "id"), f"{entity}id", f"{entity}key", "id"}
    found = (one.name for one in operation.parameters if compact(one.name) in wanted and one.place != "path")
    return next(found, None)


def _template(operation: Operation, reading: Reading, collection: Collection, key: str | None) -> tuple[Template, str]:
    kind, has_fields = reading.kind, bool(collection.fields)
    if kind == "calculate":
        return "none", _NO_FORMULA
    if kind == "session":
        return "none", "it opens or closes a session, and nothing says what a session is for"
    if collection.is_single or collection.owner is not None:
        return _single(operation, reading, has_fields)
    if kind == "action":
        return _transition(operation, collection, key)
    if kind == "create":
        return ("create", "") if has_fields else ("none", "neither its body nor its result is described")
    if kind == "update":
        if key is None:
            return "none", "it changes something, and no parameter says which one"
        is_told = any(one.name != key for one in operation.payload)
        return ("update", "") if has_fields and is_told else ("none", "nothing says what it changes")
    if kind == "delete":
        return ("delete", "") if key is not None else ("none", "it deletes something, and no parameter says which one")
    return _read(reading, has_fields, key)


def _read(reading: Reading, has_fields: bool, key: str | None) -> tuple[Template, str]:
    if not has_fields:
        return "none", "its result is not described"
    if reading.shape == "none":  # what other tools say of the records has to do
        if reading.kind == "get":
            return ("get", "") if key is not None else ("none", "its result is not described")
        return "list", ""
    if reading.kind == "get" and key is not None and reading.shape in ("record", "wrapped_record"):
        return "get", ""
    if reading.shape in ("list", "wrapped_list"):
        if plain_type(reading.record) not in ("object", None):
            return "none", "it lists values that are no records"
        return "list", ""
    return "first", ""


def _single(operation: Operation, reading: Reading, has_fields: bool) -> tuple[Template, str]:
    if reading.kind in ("get", "list", "search") and reading.shape in ("record", "wrapped_record") and has_fields:
        return "single_get", ""
    if reading.kind == "update" and has_fields and operation.payload:
        return "single_set", ""
    if reading.kind == "delete" and has_fields:
        return "single_clear", ""
    if reading.kind in ("get", "list", "search"):
        return "none", "its result is not described"
    return "none", "nothing says what it changes"


def _transition(operation: Operation, collection: Collection, key: str | None) -> tuple[Template, str]:
    if key is None:
        return "none", "it does something, and no parameter says to which one"
    status = status_field(collection)
    if status is None:
        return "none", "it does something to a record that has no status"
    if status_after(verb_of_action(operation), collection.fields[status]) is None:
        return "none", "it leads to none of the statuses that are listed"
    return "transition", ""


def verb_of_action(operation: Operation) -> str:
    """The verb of an action: that which ends its path, or that of its name."""
    last = [one.text for one in segments(operation.path)[-1:] if not one.is_parameter]
    named = [verb for word in words(last[0] if last else operation.original) if (verb := verb_of(word)) is not None]
    return named[0] if named else first_word(operation.original)


def status_field(collection: Collection) -> str | None:
    """The field that says where a record stands, if it is a text."""
    return next(
        (
            name
            for name, one in collection.fields.items()
            if compact(name) in STATUS_NAMES and plain_type(one) in ("string", None)
        ),
        None,
    )
