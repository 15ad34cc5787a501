"""The words of a message that its reader sees: without thoughts, quoted lines, markup and typographic variants."""

import html
import re
import unicodedata
from functools import lru_cache

MAX_CHARACTERS = 4_000
"""Characters of a message that are read; a longer one is no answer to a person."""

_THOUGHT = re.compile(
    r"<(think|thinking|thought|reasoning|scratchpad|analysis)\b[^>\n]{0,80}>.*?(?:</\1\s*>|\Z)", re.I | re.S
)
_END_OF_THOUGHT = re.compile(r".*</(?:think|thinking|reasoning)\s*>", re.I | re.S)
"""A model whose prompt opens its thought only closes it."""
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.M)
_LINK = re.compile(r"\[([^\[\]\n]{0,200})\]\((?:mailto:|tel:)?([^)\s]{0,300})\)")
_INLINE_TAG = re.compile(r"</?(?:sup|sub|b|i|u|em|strong|code|span|a|small)\b[^<>]{0,300}>", re.I)
_BLOCK_TAG = re.compile(r"</?(?:br|p|div|td|tr|th|table|ul|ol|li|h\d)\b[^<>]{0,300}>", re.I)
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad]")
_EMPHASIS = re.compile(r"\*\*|__|(?<!\w)[*_]+(?=\S)|(?<=\S)[*_]+(?!\w)|[`•]")
_FRACTIONS = {"½": ".5", "¼": ".25", "¾": ".75"}
_FRACTION = re.compile(rf"(\d?)([{''.join(_FRACTIONS)}])")
_PLAIN = str.maketrans(
    {
        "\u2212": "-",
        "\u2010": "-",
        "\u2011": "-",
        "\u2019": "'",
        "\u02bc": "'",
        "\u2018": "'",
        "\u00b4": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2014": "–",
        "\u2236": ":",
        "\uff1a": ":",
        "\u2044": "/",
        "\u017f": "s",  # letters that equal s, i and k without regard to case, and are none of a language's words
        "\u0131": "i",
        "\u212a": "K",
    }
)


def visible_words(message: str) -> str | None:
    """The words that the reader of a message sees; None where there are more than `MAX_CHARACTERS`."""
    text = _THOUGHT.sub(" ", message) if "<" in message else message
    text = _END_OF_THOUGHT.sub(" ", text) if "</" in text else text
    if len(text) > 2 * MAX_CHARACTERS:
        return None
    text = html.unescape(_QUOTED_LINE.sub(" ", text))
    text = _LINK.sub(lambda found: found[1] if found[1] == found[2] else f"{found[1]} ({found[2]})", text)
    text = _BLOCK_TAG.sub("\n", _INLINE_TAG.sub("", text))
    text = _plain(_UNSEEN.sub("", _ESCAPED.sub(r"\1", text)))
    text = _EMPHASIS.sub("", text)
    return text if len(text) <= MAX_CHARACTERS else None


def plain_value(value: str) -> str:
    """A value in the characters in which messages are read."""
    return _plain(_UNSEEN.sub("", value)).strip()


def folded(text: str) -> str:
    """A text without accents, character by character, so that positions stay the same."""
    return text if text.isascii() else "".join(map(_folded, text))


def _plain(text: str) -> str:
    if text.isascii():
        return text
    text = _FRACTION.sub(lambda found: f"{found[1] or 0}{_FRACTIONS[found[2]]}", text)
    spaced = "".join(" " if unicodedata.category(character) == "Zs" else character for character in text)
    return unicodedata.normalize("NFC", spaced).translate(_PLAIN)


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    bare = unicodedata.normalize("NFKD", character.translate(_WITHOUT_DECOMPOSITION))[:1]
    return bare or character


_WITHOUT_DECOMPOSITION = str.maketrans("łŁøØ", "lLoO")
