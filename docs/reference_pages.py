"""Pages of the site that are made from the code: every command, every record, and the JSON Schema of every file.

A hook of mkdocs. The first page is the README, and the last one the list of changes.
"""

import json
import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from toolworld.cli.app import VERBS, load_verb
from toolworld.ground import Record, described_schema

ROOT = Path(__file__).parents[1]
ROOMS = ("ground", "llm", "environments", "datasets", "judges", "rollout", "server")
FILES = {
    "environment": (
        "environments",
        "Environment",
        "a line of a pack, and `environment.json` without what stands beside it",
    ),
    "task": ("datasets", "Task", "a line of `tasks.jsonl`"),
    "trajectory": ("datasets", "Trajectory", "a line of `trajectories.jsonl`"),
    "verdict": ("datasets", "Verdict", "a line of `verdicts.jsonl`"),
}
"""Files of toolworld: the record that a line holds, and where."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pages = {
        "index.md": re.sub(r"\]\(docs/", "](", readme).replace("](CHANGELOG.md", "](changelog.md"),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "reference/commands.md": "\n".join(_commands()),
        "reference/records.md": "\n".join(_records()),
        **{f"schemas/{name}.json": _schema(room, record) for name, (room, record, _) in FILES.items()},
    }
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def _schema(room: str, record: str) -> str:
    return json.dumps(described_schema(getattr(import_module(f"toolworld.{room}"), record)), indent=2)


def _commands() -> Iterator[str]:
    yield "# Commands\n\nMade from the code. `--help` of each says the same.\n"
    for verb in VERBS:
        yield from _command(typer.Context(command := load_verb(verb), info_name=f"toolworld {verb}"), command, 2)


def _command(context: typer.Context, command: Any, level: int) -> Iterator[str]:
    yield f"\n{'#' * level} {context.command_path}\n"
    for paragraph in (command.help or "").strip().split("\n\n"):
        text = " ".join(paragraph.split())
        example = text.removeprefix("Example: ")
        yield f"```\n{example}\n```\n" if example != text else f"{_escaped(text)}\n"
    for name in getattr(command, "commands", {}):
        inner = command.commands[name]
        yield from _command(typer.Context(inner, parent=context, info_name=name), inner, level + 1)
    if not hasattr(command, "commands"):
        yield from _parameters([one for one in command.params if not getattr(one, "hidden", False)], context)


def _parameters(parameters: Sequence[Any], context: typer.Context) -> Iterator[str]:
    if parameters:
        yield "| | | default |\n|---|---|---|"
    for one in parameters:
        name = (
            ", ".join(f"`{part}`" for part in one.opts) if one.param_type_name == "option" else f"`{one.name.upper()}`"
        )
        default = one.default if not callable(one.default) else None
        shown = "" if default in (None, False, (), []) or one.param_type_name == "argument" else f"`{default}`"
        yield f"| {name} | {_escaped(' '.join((one.help or '').split()))} | {shown} |"
    yield ""


def _records() -> Iterator[str]:
    yield "# Records\n\nMade from the code: what is stored in files and sent. Unknown fields are refused.\n"
    yield "| JSON Schema | for |\n|---|---|"
    for name, (_, _, what) in FILES.items():
        yield f"| [`{name}.json`](../schemas/{name}.json) | {what} |"
    for room in ROOMS:
        found = list(_records_of(room))
        if found:
            yield f"\n## {room}\n"
        for record in found:
            yield from _record(record)


def _records_of(room: str) -> Iterator[type[Record]]:
    module = import_module(f"toolworld.{room}")
    for name in sorted(module.__all__):
        value = getattr(module, name)
        own = isinstance(value, type) and issubclass(value, Record) and value is not Record
        if own and value.__module__.startswith(f"toolworld.{room}."):
            yield value


def _record(record: type[Record]) -> Iterator[str]:
    schema: dict[str, Any] = described_schema(record)
    yield f"\n### {record.__name__}\n\n{_escaped((record.__doc__ or '').strip().splitlines()[0])}\n"
    properties = schema.get("properties", {})
    if properties:
        yield "| field | type | |\n|---|---|---|"
    for name, shape in properties.items():
        needed = "" if name in schema.get("required", ()) else "?"
        text = " ".join(str(shape.get("description", "")).split())
        yield f"| `{name}`{needed} | {_escaped(_type(shape))} | {_escaped(text)} |"
    yield ""


def _type(shape: dict[str, Any]) -> str:
    """A JSON Schema in a few words."""
    if "$ref" in shape:
        return shape["$ref"].rsplit("/", 1)[-1]
    if "enum" in shape or "const" in shape:
        return " or ".join(json.dumps(one) for one in shape.get("enum", [shape.get("const")]))
    for several in ("anyOf", "oneOf", "allOf"):
        if several in shape:
            return " or ".join(dict.fromkeys(_type(one) for one in shape[several]))
    kind = shape.get("type", "any")
    if kind == "array":
        return f"list of {_type(shape.get('items', {}))}"
    if kind == "object" and isinstance(shape.get("additionalProperties"), dict):
        return f"object of {_type(shape['additionalProperties'])}"
    return str(kind)


def _escaped(text: str) -> str:
    """Text in a cell of a table: what would end it or be a tag is escaped, code is not."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(
        part.replace("|", "\\|") if part.startswith("`") else re.sub(r"([|<>*_\[\]])", r"\\\1", part) for part in parts
    )
