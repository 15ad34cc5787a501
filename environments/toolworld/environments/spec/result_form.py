"""How the result of a tool looks to MCP clients, where that is not toolworld's own way."""

import json
from typing import Literal

import orjson

from toolworld.ground import JsonValue, Record, encode

TextStyle = Literal["json", "indented_json", "python_json", "plain"]
"""`json`: compact; `indented_json`: by two spaces; `python_json`: as Python's `json.dumps` has it, with blanks;
`plain`: a text as it is."""


class ResultForm(Record):
    """What a result's text is, and whether the result stands beside it for programs."""

    style: TextStyle = "json"
    member: str | None = None
    """The part of the result that the text shows, where it does not show all of it."""
    structured: bool = True
    """Whether clients get the result as structured content too."""

    def text(self, result: JsonValue) -> str | None:
        """The text of a result; None where the result has no such form."""
        shown = result
        if self.member is not None:
            if not isinstance(result, dict) or self.member not in result:
                return None
            shown = result[self.member]
        if self.style == "plain":
            return shown if isinstance(shown, str) else None
        if self.style == "indented_json":
            return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()
        return json.dumps(shown) if self.style == "python_json" else encode(shown).decode()
