"""What kind of operation a tool is, by rules over its method, path, name, description and result.

Each rule has a name, under which its precision on labelled operations is known (`confidence.py`).
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from toolworld.environments.normaliser.operation import Kind, Operation
from toolworld.environments.normaliser.path import Segment, segments
from toolworld.environments.normaliser.shape import ReturnShape, properties_of, shape_of
from toolworld.environments.normaliser.vocabulary import (
    KIND_OF_VERB,
    NOUNS_OF_VERBS,
    NOUNS_TOO,
    PREPOSITIONS,
    QUERY_WORDS,
    SURE_PAGING,
    verb_of,
)
from toolworld.environments.normaliser.words import compact, is_plural, singular, word_set, words

_MEANS_ALL = re.compile(r"(?:(?:get|return|retrieve|view|fetch|show|display)s? )?(?:all|list|a list|lists)\b")
_LIST_OF = re.compile(r"(?:\w+ )?(?:all|list|a list|lists|every)\b|(?:\w+ ){0,3}list of")
_NO_LISTS = word_set("data detail details metadata news stat statistics stats status")
"""Words that are plural in form, or about one thing, and name no list."""
_VERBS_OF_LAST = word_set(
    """capture charge check copy count lock match query refund run search start stop test transfer"""
)
"""Verbs that are nouns as well, and are verbs where they end the path of a POST or PUT."""
_SESSION = ({"login"}, {"logout"}, {"authenticate"})
_SESSION_PAIRS = (("log", "in"), ("log", "out"), ("sign", "in"), ("sign", "out"))


class KindFound(NamedTuple):
    """A kind, the name of the rule that gives it, and the words that it rests on."""

    kind: Kind
    rule: str
    evidence: str


@dataclass(frozen=True)
class Clues:
    """What the rules look at."""

    operation: Operation
    provider: frozenset[str]
    """The words of the toolset's name, which tools are often called with."""

    @cached_property
    def name(self) -> tuple[str, ...]:
        """The words of the tool's name, without the provider's."""
        name = list(words(self.operation.original))
        while len(name) > 1 and name[0] in self.provider and verb_of(name[0]) is None:
            name = name[1:]
        return tuple(name)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The segments of the path."""
        return segments(self.operation.path)

    @cached_property
    def returned(self) -> ReturnShape:
        """The shape of the result."""
        named = (word for one in self.segments if not one.is_parameter for word in words(one.text))
        return shape_of(self.operation.response, frozenset(map(singular, (*named, *self.name))))

    @cached_property
    def returns_list(self) -> bool:
        """Whether the result is a list, at the root or under a name."""
        return self.returned.shape in ("list", "wrapped_list")

    @cached_property
    def text(self) -> str:
        """The description in lower case."""
        return self.operation.description.lower()

    @cached_property
    def name_verb(self) -> str | None:
        """The verb in the name."""
        for word in self.name[:2]:
            verb = verb_of(word)
            if verb and (word not in NOUNS_TOO or word == self.name[0]):
                return verb
        return None

    @cached_property
    def text_words(self) -> tuple[str, ...]:
        """The first words of the description."""
        return tuple(re.findall(r"[a-z']+", self.text[:90]))

    @cached_property
    def text_verb(self) -> str | None:
        """The verb that the description begins with."""
        for place, word in enumerate(self.text_words[:3]):
            verb = verb_of(word)
            if verb and (place == 0 or word not in NOUNS_TOO):
                return verb
        return None

    @cached_property
    def is_paged(self) -> bool:
        """Whether it takes a page, or says that it lists."""
        names = {compact(one.name) for one in self.operation.parameters}
        return bool(names & SURE_PAGING) or "list of" in self.text[:60]

    @cached_property
    def has_query(self) -> bool:
        """Whether it takes words to search for."""
        return any(compact(one.name) in QUERY_WORDS - {"search", "term", "text"} for one in self.operation.parameters)


def kind_of(clues: Clues) -> KindFound:
    """The kind of an operation."""
    found = _session(clues) or (_of_request(clues) if clues.operation.method and clues.segments else _of_name(clues))
    is_of_one = bool(clues.segments) and clues.segments[-1].is_parameter
    if found.kind in ("list", "get") and clues.has_query and not is_of_one:
        return KindFound("search", "query_parameter", "it takes words to search for")
    return found


def _session(clues: Clues) -> KindFound | None:
    name = clues.name
    if any(one <= set(name) for one in _SESSION) or name[:2] in _SESSION_PAIRS:
        if "status" in name:
            return KindFound("get", "login_status", clues.operation.original)
        return KindFound("session", "login_in_name", clues.operation.original)
    return None


def _of_request(clues: Clues) -> KindFound:
    """The kind of an HTTP operation: by method, then by the last segment of the path, then by its verb."""
    match clues.operation.method:
        case "delete":
            return KindFound("delete", "method_delete", "DELETE")
        case "patch":
            return KindFound("update", "method_patch", "PATCH")
        case "put":
            verb = _request_verb(clues)
            if verb and KIND_OF_VERB[verb] == "create" and verb not in ("put", "start"):
                return KindFound("create", "put_creates", f"PUT, {verb}")
            return KindFound("update", "method_put", "PUT")
        case "get" | "head":
            return _of_get(clues)
        case _:
            return _of_post(clues)


def _of_get(clues: Clues) -> KindFound:
    last_verb, verb = _last_verb(clues), _request_verb(clues)
    last, last_words = clues.segments[-1], _last_words(clues)
    kind, last_kind = _kind(verb), _kind(last_verb)
    if last_kind in ("search", "calculate") and last_verb not in ("check", "count", "match", "test"):
        return KindFound(last_kind, "verb_ends_path", f"{last_verb} ends the path")
    if kind in ("calculate", "search") and verb not in ("query", "match", "filter", "count", "find", "lookup"):
        return KindFound(kind, "verb_of_get", f"GET, {verb}")
    if {"search", "autocomplete"} & {*last_words} or "search" in clues.name[:2]:
        return KindFound("search", "search_in_path", "search")
    if last.is_parameter and not clues.returns_list and kind != "list" and not _MEANS_ALL.match(clues.text):
        return KindFound("get", "ends_in_parameter", f"the path ends in {{{last.text}}}")
    if clues.returns_list or clues.is_paged or kind == "list":
        return KindFound("list", "returns_list", "it returns a list, or takes a page")
    if _MEANS_ALL.match(clues.text):
        return KindFound("list", "says_list", clues.operation.description[:60])
    if clues.returned.shape == "none" and not last.is_parameter and _ends_plural(last_words or clues.name):
        return KindFound("list", "plural_name", " ".join(last_words or clues.name))
    return KindFound("get", "method_get", "GET")


def _of_post(clues: Clues) -> KindFound:
    last_verb, verb = _last_verb(clues), _request_verb(clues)
    found: KindFound
    if last_verb and _kind(last_verb) != "create":
        found = KindFound(KIND_OF_VERB[last_verb], "verb_ends_path", f"{last_verb} ends the path")
    elif verb and (kind := KIND_OF_VERB[verb]) not in ("create", "session"):
        said = clues.text_verb
        if kind in ("get", "list") and said and KIND_OF_VERB[said] in ("create", "update", "delete", "action"):
            verb, kind = said, KIND_OF_VERB[said]  # what is posted and called a view may make one
        found = KindFound(kind, "verb_of_post", f"POST, {verb}")
    else:
        found = KindFound("create", "method_post", "POST")
    if found.kind in ("get", "list"):
        return found._replace(kind="list" if clues.returns_list else "get")
    return found


_LEADS_ON = re.compile(r"\bstatus (?:is|will be|gets) (?:changed|moved) to\b")
"""How a description says that what a tool is called after leads on what there is: `Its status is changed to 'sent'`."""


def _of_name(clues: Clues) -> KindFound:
    """The kind of a tool that is no HTTP operation: by the verb of its name, then by the description's."""
    verb = clues.name_verb or clues.text_verb
    found = KindFound(KIND_OF_VERB[verb], "verb_of_name" if clues.name_verb else "verb_of_text", verb) if verb else None
    is_noun = clues.name_verb in NOUNS_TOO and _kind(clues.name_verb) in ("get", "create")
    if is_noun and clues.text_verb and _kind(clues.text_verb) != _kind(clues.name_verb):
        found = KindFound(KIND_OF_VERB[clues.text_verb], "noun_in_name", clues.text_verb)
    if clues.name_verb is None and "to" in clues.name and len(clues.name) >= 3 and clues.text_verb in (None, "convert"):
        found = KindFound("calculate", "conversion", clues.operation.original)
    if {*clues.name[-1:]} & {"search", "autocomplete", "complete"} or clues.name[:2] == ("auto", "complete"):
        return KindFound("search", "search_in_name", clues.operation.original)
    if found is None and len(clues.name) > 1 and clues.text_words[:1] == clues.name[:1]:
        return KindFound("action", "imperative", clues.name[0])  # `freeze_card`: Freeze a card.
    if found is not None and found.kind == "create" and _LEADS_ON.search(clues.text):
        return KindFound("action", "status_changed", clues.operation.description[:60])
    if found is None:
        is_list = clues.text.startswith("list") or clues.is_paged or _ends_plural(clues.name)
        found = KindFound("list" if is_list else "get", "no_verb", clues.operation.original)
    return _one_or_many(clues, found)


def _one_or_many(clues: Clues, found: KindFound) -> KindFound:
    if found.kind == "get":
        if _LIST_OF.match(clues.text) or clues.returns_list:
            return KindFound("list", "says_list", clues.operation.description[:60])
        tail = [word for word in (clues.name[1:] or clues.name)[:3] if word not in PREPOSITIONS]
        is_record = len(properties_of(clues.returned.record)) >= 3
        if any(map(is_plural, tail)) and not {*tail} & _NO_LISTS and not is_record:
            return KindFound("list", "plural_name", clues.operation.original)
    names = {compact(one.name) for one in clues.operation.parameters}
    if found.kind == "list" and names & QUERY_WORDS:
        return KindFound("search", "query_parameter", "it takes words to search for")
    return found


def _kind(verb: str | None) -> Kind | None:
    return KIND_OF_VERB.get(verb or "")


def _ends_plural(name: tuple[str, ...]) -> bool:
    return bool(name) and is_plural(name[-1]) and name[-1] not in _NO_LISTS and singular(name[-1]) not in _NO_LISTS


def _last_words(clues: Clues) -> tuple[str, ...]:
    """The words of the last segment that is no parameter."""
    named = [one.text for one in clues.segments if not one.is_parameter]
    return words(named[-1]) if named else ()


def _last_verb(clues: Clues) -> str | None:
    """The verb that the last segment of a path is or begins with."""
    last = list(_last_words(clues))
    if not last:
        return None
    if NOUNS_OF_VERBS.get(last[-1]) in KIND_OF_VERB and _kind(NOUNS_OF_VERBS[last[-1]]) == "calculate":
        return NOUNS_OF_VERBS[last[-1]]
    first, is_post = last[0], clues.operation.method in ("post", "put")
    is_verb = first not in NOUNS_TOO | {"all"} or first in ("check", "start", "search", "query", "test")
    if len(last) > 1 and first in KIND_OF_VERB and is_verb:
        return first
    if is_plural(last[-1]):
        return None
    if first not in NOUNS_TOO or (len(last) == 1 and is_post and first in _VERBS_OF_LAST):
        return verb_of(first)
    return None


def _request_verb(clues: Clues) -> str | None:
    """The verb of the operation's name, where it is more than the method, or else the description's."""
    return clues.name_verb if clues.name_verb not in (None, "post", "put") else clues.text_verb or clues.name_verb
