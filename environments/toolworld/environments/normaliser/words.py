"""The words in names: `listUserIds` is `list user ids`, and one of its `ids` is an `id`."""

import re
from functools import lru_cache


def word_set(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


MAX_NAME = 300
"""How many characters of a name are looked at."""
_SINGULARS = {
    "addresses": "address",
    "aliases": "alias",
    "analyses": "analysis",
    "apis": "api",
    "caches": "cache",
    "children": "child",
    "cookies": "cookie",
    "criteria": "criterion",
    "data": "data",
    "indices": "index",
    "matches": "match",
    "media": "media",
    "metadata": "metadata",
    "movies": "movie",
    "people": "person",
    "series": "series",
    "stats": "stat",
    "statistics": "stat",
    "statuses": "status",
    "vertices": "vertex",
}
"""Plurals that the rules below would get wrong."""
_ALWAYS_SINGULAR = word_set(
    """address alias analysis bonus bus campus canvas dns gas has is https news odds process sms status this"""
)
_COMPOUNDS = {
    "creditcard": ("credit", "card"),
    "postalcode": ("postal", "code"),
    "userid": ("user", "id"),
    "username": ("user", "name"),
    "watchlist": ("watch", "list"),
    "zipcode": ("zip", "code"),
}
"""Names that are written as one word."""
_COMPOUND_ID = re.compile(r"([a-z]{4,})(ids?|uuid|guid)")
_NO_COMPOUNDS = word_set(
    """android avoid bids celluloid fluid grid grids hybrid hybrids kids liquid paid rapid solid void valid voids"""
)


@lru_cache(maxsize=65536)
def words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: parted at marks, at capitals, and in compounds such as `contactid`."""
    parted = re.sub(r"IDs(?![a-z])", "Ids", name[:MAX_NAME])
    parted = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", parted)
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", parted)
    return tuple(word for one in re.split(r"[^A-Za-z0-9]+", parted.lower()) if one for word in _parts(one))


def _parts(word: str) -> tuple[str, ...]:
    compound = _COMPOUNDS.get(word)
    if compound is not None:
        return compound
    ending = _COMPOUND_ID.fullmatch(word)
    return (ending[1], ending[2]) if ending and word not in _NO_COMPOUNDS else (word,)


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """One of what a word names: `orders` are each an `order`."""
    if word in _SINGULARS:
        return _SINGULARS[word]
    if len(word) < 4 or word in _ALWAYS_SINGULAR or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(ch|sh|x|ss|zz)es$", word):
        return word[:-2]
    return word.removesuffix("s")


def is_plural(word: str) -> bool:
    """Whether a word names several things."""
    return singular(word) != word or word in {"data", "media", "news", "series"}


def first_word(name: str) -> str:
    """The first word of a name; empty where it has none, because it is written in letters that are not read."""
    return next(iter(words(name)), "")


def last_word(name: str) -> str:
    """The last word of a name; empty where it has none."""
    return next(reversed(words(name)), "")


def singulars(name: str) -> tuple[str, ...]:
    """The words of a name, each of them one."""
    return tuple(map(singular, words(name)))


@lru_cache(maxsize=65536)
def compact(name: str) -> str:
    """A name without marks and case, so that `order_id`, `orderId` and `Order-ID` are the same."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def identifier(name: str, fallback: str = "value") -> str:
    """A name as programs can write it: lower case, with underscores."""
    text = "_".join(words(name))[:60].strip("_") or fallback
    return text if not text[0].isdigit() else f"{fallback}_{text}"
