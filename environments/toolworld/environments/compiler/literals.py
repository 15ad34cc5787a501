"""Texts as programs write them."""

import json
from collections.abc import Sequence


def quoted(text: str) -> str:
    """A text as programs write it, whatever stands in it."""
    return json.dumps(text, ensure_ascii=False)


def listed(values: Sequence[str]) -> str:
    """The tuple of some texts."""
    return f"({', '.join(map(quoted, values))}{',' if len(values) == 1 else ''})"
