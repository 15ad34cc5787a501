"""Writes `docs/fields.md` from what the source says of each field: `python -m tests.docs.fields`."""

from pathlib import Path
from typing import Any, cast

from toolworld.datasets import DRAFTS, drafts_schema
from toolworld.environments import SPEC_FILE, spec_schema

PAGE = Path(__file__).parents[2] / "docs" / "fields.md"
_HEAD = f"""# The fields of an environment's files

Made from the source. `toolworld env schema {SPEC_FILE}` and `toolworld env schema {DRAFTS}` print the same as JSON
Schema, with which editors complete and check the files; in `{SPEC_FILE}`, `"$schema"` may say where that is.
"""


def fields_page() -> str:
    """The page."""
    tasks = cast("dict[str, Any]", drafts_schema())
    spec = cast("dict[str, Any]", spec_schema())
    parts = [_HEAD, f"## `{SPEC_FILE}`\n", _table(spec)]
    parts += [_section(name, part) for name, part in sorted(spec["$defs"].items()) if "properties" in part]
    parts += [f"## `{DRAFTS}`: a list of these\n", _table(tasks["items"])]
    parts += [_section(name, part) for name, part in sorted(tasks["$defs"].items()) if "properties" in part]
    return "\n".join(parts)


def _section(name: str, part: dict[str, Any]) -> str:
    return f"### {name}\n\n{part.get('description', '')}\n\n{_table(part)}"


def _table(part: dict[str, Any]) -> str:
    rows = ["| field | | what it is |", "|---|---|---|"]
    for name, shape in part["properties"].items():
        needed = "required" if name in part.get("required", []) else _default(shape)
        text = shape.get("description", "").replace("|", "\\|")
        rows.append(f"| `{name}` | {_kind(shape)}, {needed} | {text} |")
    return "\n".join(rows) + "\n"


def _kind(shape: dict[str, Any]) -> str:
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        return "anything" if name == "JsonValue" else f"[{name}](#{name.lower()})"
    if "const" in shape or "enum" in shape:
        return " or ".join(f"`{choice}`" for choice in shape.get("enum", [shape.get("const")]))
    for choice in ("anyOf", "oneOf"):
        if choice in shape:
            return " or ".join(_kind(inner) for inner in shape[choice] if inner.get("type") != "null")
    if shape.get("type") == "array":
        return f"list of {_kind(shape.get('items', {}))}"
    if shape.get("type") == "object" and isinstance(shape.get("additionalProperties"), dict):
        return f"object of {_kind(shape['additionalProperties'])}"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}.get(
        shape.get("type", ""), "anything"
    )


def _default(shape: dict[str, Any]) -> str:
    default = shape.get("default")
    return f"by default `{default}`" if default not in (None, "", [], {}) else "optional"


if __name__ == "__main__":
    PAGE.write_text(fields_page(), encoding="utf-8")
