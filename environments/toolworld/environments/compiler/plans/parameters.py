"""What each parameter of a list or search is for: a filter on a field, a range, a page, an order, words, or nothing."""

import re
from typing import Literal, NamedTuple

from toolworld.environments.compiler.data.semantics import semantic_of
from toolworld.environments.compiler.layout.collection import Collection, implied_field
from toolworld.environments.compiler.layout.placement import Placement
from toolworld.environments.normaliser.mend import plain_type
from toolworld.environments.normaliser.operation import Parameter
from toolworld.environments.normaliser.shape import items_of, properties_of
from toolworld.environments.normaliser.vocabulary import CREDENTIALS, QUERY_WORDS
from toolworld.environments.normaliser.words import compact, first_word, singulars, word_set, words
from toolworld.ground import JsonSchema

Role = Literal["parent", "equal", "least", "most", "limit", "offset", "page", "sort", "query", "option"]
"""`option`: it says how the answer is given, and not which records it has."""

_LIMITS = word_set("""count first limit maxresults pagelimit pagesize perpage rows size take top numresults""")
_OFFSETS = word_set("offset skip start startindex startat from")
_PAGES = word_set("page pagenumber pageno p")
_CURSORS = word_set(
    """after before cursor endingbefore nextpagetoken nexttoken pagetoken paginationtoken continuation marker
    startingafter continuationtoken scrollid bookmark"""
)
_SORTS = word_set("""sort sortby orderby order ordering sortorder sortdirection orderdirection dir direction""")
_OPTIONS = CREDENTIALS | word_set(
    """accept alt apiversion callback debug dryrun embed envelope encoding expand expands fields format include
    includes includetotal indent jsonp jsoncallback lang language locale metadata output outputformat pretty
    prettyprint profile quotauser select strict timezone tz units verbose version view warnings acceptlanguage
    userip uploadprotocol uploadtype xgafv oauthtoken clientid appid appkey signature timestamp nonce"""
) - {"language", "version", "timestamp", "profile", "metadata"}
_PAGING = ("limit", "offset", "page")
_TOPICS = word_set("list listing paginate pagination paging query results")
"""First words of names that say no more than that a parameter is about the list."""
_ANSWER_WORDS = word_set("embed exclude expand hide include omit return show with")
"""First words of names of switches that say how the answer is given."""
_NEAR = word_set("""bbox boundingbox bounds distance lat latitude lng lon long longitude radius""")
"""Parameters that ask for what is near, which no rule answers."""
_LEAST_WORDS = word_set("""after low from gt gte greater min minimum since start starting begin over above lower""")
_MOST_WORDS = word_set("""before high end ending lt lte less max maximum to until under below through upto upper""")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_DAY_WORDS = word_set("arrival date day departure end from leaving returning start until")
_TIME_WORDS = word_set("at created date datetime day modified on time timestamp updated")
_WRAPPED = re.compile(r"^(?:filter|filters|where|q|search|query)[\[._](.+?)\]?$", re.IGNORECASE)
_OPERATORS = re.compile(r"[\[._]+(?:eq|in|is|exact|equals|contains)\]?$", re.IGNORECASE)


_FILTERED = word_set(
    """category city code company country country_code currency email first_name language last_name person postcode
    region slug status title username uuid"""
)
"""What records are filtered by: semantic types of which a value is asked for as it is."""


class Use(NamedTuple):
    """The use of a parameter."""

    parameter: Parameter
    role: Role
    path: str | None = None
    """The field that it is about, dotted; one that begins with `_` is hidden."""


def use_of(parameter: Parameter, collection: Collection, placement: Placement) -> Use:
    """Find what a parameter of a list or search is for; a filter without a field makes one."""
    name = _without_topic(parameter)
    if any(parameter.name == one for one, _ in placement.parents):
        return Use(parameter, "parent", collection.parent_place(parameter.name))
    role = _control(name)
    if role is not None and (role not in _PAGING or _is_whole(parameter)):
        return Use(parameter, role)
    is_switch = first_word(parameter.name) in _ANSWER_WORDS
    if name in _NEAR or is_switch:
        return Use(parameter, "option")
    if parameter.name == placement.key and collection.key is not None:
        return Use(parameter, "equal", collection.key)
    if parameter.place == "path" and _field(_attribute(parameter), collection) is None:
        return Use(parameter, "option")  # a part of the address, such as a version or a realm
    path = _field(_attribute(parameter), collection)
    if path is not None:
        return Use(parameter, "equal", path)
    ranged = _range(parameter, collection)
    if ranged is not None:
        return ranged
    if name in QUERY_WORDS:
        return Use(parameter, "query")
    return _implied(parameter, collection)


def _without_topic(parameter: Parameter) -> str:
    """The name without marks, and without a word in front that says that it is about the list."""
    parts = words(parameter.name)
    return "".join(parts[1:] if len(parts) > 1 and parts[0] in _TOPICS else parts)


def _is_whole(parameter: Parameter) -> bool:
    """Whether a parameter can hold a number of records or of a page."""
    is_other = "enum" in parameter.schema or "format" in parameter.schema
    return plain_type(parameter.schema) in ("integer", "number", "string", None) and not is_other


def is_day(parameter: Parameter) -> bool:
    """Whether a parameter is a day or a moment."""
    if parameter.schema.get("format") in ("date", "date-time"):
        return True
    is_named = bool({*words(parameter.original)} & _DAY_WORDS) and "pattern" in parameter.schema
    return plain_type(parameter.schema) == "string" and bool(_DAY.search(parameter.description) or is_named)


def _control(name: str) -> Role | None:
    roles: tuple[tuple[Role, frozenset[str]], ...] = (
        ("limit", _LIMITS),
        ("offset", _OFFSETS),
        ("page", _PAGES),
        ("sort", _SORTS),
        ("option", _CURSORS | _OPTIONS),
    )
    return next((role for role, names in roles if name in names), None)


def _attribute(parameter: Parameter) -> str:
    """The attribute that a filter names: `filter[status]` and `status.eq` are about `status`."""
    plain = _OPERATORS.sub("", parameter.original)
    wrapped = _WRAPPED.match(plain)
    return wrapped[1] if wrapped else plain


def _field(attribute: str, collection: Collection) -> str | None:
    """The field of that name: as it is, in the singular, without the entity, or in an object of the record."""
    plain = [name for name, schema in collection.fields.items() if _is_plain(schema)]
    by_name = {compact(name): name for name in plain}
    by_one = {"".join(singulars(name)): name for name in plain}
    wanted = [compact(attribute), "".join(singulars(attribute))]
    entity = collection.entity.split("_")[-1]
    parts = singulars(attribute)
    if len(parts) > 1 and parts[0] == entity:
        wanted.append("".join(parts[1:]))
    if parts == (entity,) and collection.key:
        return collection.key
    for one in wanted:
        found = by_name.get(one) or by_one.get(one)
        if found is not None:
            return found
    return _inner_field(attribute, collection)


def _is_plain(schema: JsonSchema) -> bool:
    """Whether a field holds what a filter can ask for: a text, a number, or a list of them."""
    return plain_type(schema) != "object" and not properties_of(items_of(schema))


def _inner_field(attribute: str, collection: Collection) -> str | None:
    """`user_id` is the `id` of the object `user`, and `city` the `city` of the object `address`."""
    parts = singulars(attribute)
    for name, schema in collection.fields.items():
        inner = {compact(one): one for one in properties_of(schema)}
        own = singulars(name)
        if inner and len(parts) > len(own) and parts[: len(own)] == own and "".join(parts[len(own) :]) in inner:
            return f"{name}.{inner[''.join(parts[len(own) :])]}"
    for name, schema in collection.fields.items():
        inner = {compact(one): one for one in properties_of(schema)}
        if compact(attribute) in inner and compact(attribute) not in ("id", "name", "type"):
            return f"{name}.{inner[compact(attribute)]}"
    return None


def _range(parameter: Parameter, collection: Collection) -> Use | None:
    parts = words(_attribute(parameter))
    role: Role | None = "least" if _LEAST_WORDS & {*parts} else "most" if _MOST_WORDS & {*parts} else None
    if role is None:
        return None
    rest = [one for one in parts if one not in _LEAST_WORDS | _MOST_WORDS]
    path = _field("_".join(rest), collection) if rest else None
    if path is None and (not rest or _TIME_WORDS & {*rest}):
        path = next((name for name, one in collection.fields.items() if _is_time(name, one)), None)
    if path is None and rest and plain_type(parameter.schema) in ("string", "integer", "number"):
        path = implied_field("_".join(rest))
        collection.implied.setdefault(path, parameter.schema)
    return Use(parameter, role, path) if path is not None else None


def _is_time(name: str, schema: JsonSchema) -> bool:
    return schema.get("format") in ("date", "date-time") or (
        plain_type(schema) in ("string", None) and bool({"created", "date", "time"} & {*words(name)})
    )


def _implied(parameter: Parameter, collection: Collection) -> Use:
    """A filter that no field has: records that can be filtered by an attribute have it, though it is not shown.

    Only where it is plain what the attribute is: one of a closed list, an identifier, or a text of a known kind.
    """
    attribute = "_".join(words(_attribute(parameter))) or parameter.name
    kind = plain_type(parameter.schema)
    is_plain = "enum" in parameter.schema or (
        kind in ("string", "integer") and semantic_of(attribute, parameter.schema, "") in _FILTERED
    )
    if not is_plain or kind not in ("string", "integer"):
        return Use(parameter, "option")
    collection.implied.setdefault(implied_field(attribute), parameter.schema)
    return Use(parameter, "equal", implied_field(attribute))
