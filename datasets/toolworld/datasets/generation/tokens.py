"""Counting tokens: by a tokenizer's file where there is one, else estimated."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from toolworld.ground import SpecError, digest

CountTokens = Callable[[str], int]
"""The number of tokens of a text."""


def estimated_tokens(text: str) -> int:
    """An estimate on the safe side: one token for three bytes; English has about one for four."""
    return -(-len(text.encode(errors="surrogatepass")) // 3)


@dataclass(frozen=True)
class TokenizerFile:
    """Counts tokens by a file."""

    described_as: str
    """The digest of the file: another file counts otherwise."""
    loaded: Any

    def __call__(self, text: str) -> int:
        """The number of tokens."""
        return len(self.loaded.encode(text).ids)


def token_counter(tokenizer: str | CountTokens | None) -> CountTokens:
    """What counts tokens.

    Args:
        tokenizer: A function, or the path of a `tokenizer.json`. For anything else, the name of a model for instance,
            tokens are estimated: nothing is downloaded.

    Raises:
        SpecError: the file cannot be read.
    """
    if callable(tokenizer):
        return tokenizer
    if tokenizer is None or not tokenizer.endswith(".json"):
        return estimated_tokens
    try:
        library: Any = import_module("tokenizers")
        loaded = library.Tokenizer.from_file(str(Path(tokenizer)))
    except ImportError:
        raise SpecError(f"{tokenizer} needs a package: pip install 'toolworld[local]'") from None
    except Exception as problem:  # noqa: BLE001 - the library raises no class of its own
        raise SpecError(f"{tokenizer} is no tokenizer: {problem}") from None
    return TokenizerFile(digest(Path(tokenizer).read_bytes().hex()), loaded)
