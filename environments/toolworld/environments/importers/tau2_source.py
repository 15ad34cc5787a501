"""Importer of tau2-bench domains by their Python source, which is read and never run.

`tools.py` has a class whose methods are tools where `@is_tool(ToolType.READ)` says so; `data_model.py` has the types
of their arguments, of what they return and of the database. What a tool does is inferred as for any other document:
from its signature, its docstring, the messages of the errors that it raises, and the database.
"""

import ast
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from docstring_parser import Docstring, ParseError, parse

from toolworld.environments.importers.documents import read_document
from toolworld.environments.importers.found_toolset import (
    TWICE,
    FoundToolset,
    ImportedItem,
    OperationDraft,
    environment_id,
    finished,
    object_of,
)
from toolworld.environments.importers.python_schemas import PythonTypes
from toolworld.environments.importers.tau2_files import Tau2Files
from toolworld.environments.normaliser.mend import mended
from toolworld.environments.normaliser.operation import Toolset
from toolworld.environments.spec.tool import DocumentedError, Effect
from toolworld.ground import RecordError, read_bytes

MAX_SOURCE_BYTES = 1 << 20
_EFFECTS: dict[str, Effect] = {"READ": "read", "WRITE": "write", "THINK": "read"}
_MOST_CALLED = 50
"""Of how many methods that a tool calls the errors are read."""
Method = ast.FunctionDef | ast.AsyncFunctionDef
_NOW = re.compile(r"current (?:date|time)[^.\n]*?(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?", re.IGNORECASE)


def read_tau2_source(files: Tau2Files) -> FoundToolset:
    """Make a toolset of the tools, the policy and the database of a domain.

    Raises:
        RecordError: a file cannot be read, or is not Python or a database.
    """
    if files.tools is None:
        raise RecordError(f"{files.data} has no tools.py, and none was found beside it; give the folder of its source")
    modules = [_parsed(one) for one in (files.tools.with_name("data_model.py"), files.tools) if one.is_file()]
    types = PythonTypes(modules)
    found = list(_methods(modules[-1]))
    methods = {one.name: one for one in found}
    made = environment_id(f"tau2 {files.domain}")
    drafts: dict[str, tuple[str, OperationDraft]] = {}
    refused: list[ImportedItem] = []
    for method in (one for one in found if _tool_type(one) is not None):
        place = f"{files.tools.name}#{method.name}"
        why = _why_not(method) or (TWICE if method.name in drafts else None)
        if why is None:
            drafts[method.name] = (place, _draft(method, methods, types))
        else:
            refused.append(ImportedItem(item=place, outcome="refused", why=why))
    operations, items = finished(drafts.values(), made)
    if not operations:
        raise RecordError(f"{files.tools} has no method that @is_tool marks as a tool")
    policy = files.read_policy()
    toolset = Toolset(
        id=made,
        title=f"tau2 {files.domain}",
        domain=files.domain,
        description=_about(modules[-1]) or f"The tau2 domain {files.domain}.",
        operations=operations,
        states=(dict(object_of(read_document(files.database))),),
        start=_start(policy),
        policy=policy,
    )
    return FoundToolset(toolset, tuple(items + refused))


def _why_not(method: Method) -> str | None:
    """Why a tool cannot be described: nobody can name all of its arguments."""
    if method.args.vararg is not None or method.args.kwarg is not None:
        return "it takes arguments that have no names (`*` or `**`)"
    return None


def _parsed(path: Path) -> ast.Module:
    data = read_bytes(path, most=MAX_SOURCE_BYTES, within=path.parent)
    try:
        return ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
        raise RecordError(f"{path} is not Python: {str(problem)[:200]}") from None


def _methods(module: ast.Module) -> Iterator[Method]:
    """The methods of all classes of a module, in order."""
    for made in (one for one in module.body if isinstance(one, ast.ClassDef)):
        yield from (one for one in made.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))


def _tool_type(method: Method) -> str | None:
    """What `is_tool` says of a method; None for one that is no tool."""
    for one in method.decorator_list:
        match one:
            case ast.Call(
                func=ast.Name(id="is_tool") | ast.Attribute(attr="is_tool"), args=[ast.Attribute(attr=kind), *_]
            ):
                return kind
            case ast.Call(func=ast.Name(id="is_tool") | ast.Attribute(attr="is_tool")):
                return ""
            case ast.Name(id="is_tool") | ast.Attribute(attr="is_tool"):
                return ""
            case _:
                pass
    return None


def _draft(method: Method, methods: dict[str, Method], types: PythonTypes) -> OperationDraft:
    said = _docstring(method)
    described = {one.arg_name: one.description or "" for one in said.params}
    about = "\n\n".join(one for one in (said.short_description, said.long_description) if one)
    returns = said.returns.description if said.returns and said.returns.description else ""
    draft = OperationDraft(original=method.name, description=about or method.name.replace("_", " "))
    draft.stated_effect = _EFFECTS.get(_tool_type(method) or "")
    placed = [*method.args.posonlyargs, *method.args.args]
    without = len(placed) - len(method.args.defaults)
    for number, one in enumerate([*placed, *method.args.kwonlyargs]):
        if one.arg == "self":
            continue
        is_keyword = number >= len(placed)
        default = method.args.kw_defaults[number - len(placed)] if is_keyword else None
        required = default is None if is_keyword else number < without
        draft.add(
            one.arg, types.schema(one.annotation) | {"description": described.get(one.arg, "")}, required=required
        )
    draft.response = mended(types.schema(method.returns) | ({"description": returns} if returns else {}), draft.mends)
    draft.errors = tuple(
        DocumentedError(code=f"error_{number}", when=message[:500])
        for number, message in enumerate(_messages(method, said, methods), start=1)
    )
    return draft


def _docstring(method: Method) -> Docstring:
    text = (ast.get_docstring(method) or "").encode(errors="replace").decode()
    try:
        return parse(text)
    except ParseError:
        plain = Docstring()
        plain.short_description = text
        return plain


def _messages(method: Method, said: Docstring, methods: dict[str, Method]) -> list[str]:
    """When a tool refuses a call: as its docstring says, else by the messages of what it raises itself."""
    documented = [part for one in said.raises for part in _alternatives(one.description or "")]
    return documented or list(dict.fromkeys(_raised(method, methods, set())))


def _alternatives(text: str) -> list[str]:
    """The conditions in a sentence: `If the line is not found, or if it is not active` has two."""
    first, *others = re.split(r",?\s+or if\s+", " ".join(text.split()).rstrip("."))
    return [one for one in (first, *(f"If {one}" for one in others)) if one]


def _raised(method: Method, methods: dict[str, Method], seen: set[str]) -> Iterator[str]:
    """The messages of the errors in a method, and in the methods of its class that it calls, in order."""
    if len(seen) >= _MOST_CALLED:
        return
    seen.add(method.name)
    for node in ast.walk(method):
        match node:
            case ast.Raise(exc=ast.Call(args=[ast.Constant(value=str(text)), *_])):
                yield text
            case ast.Raise(exc=ast.Call(args=[ast.JoinedStr(values=parts), *_])):
                yield "".join(_part(one) for one in parts)
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)) if name in methods.keys() - seen:
                yield from _raised(methods[name], methods, seen)
            case _:
                pass


def _part(part: ast.expr) -> str:
    """A part of a message: its words, and the name of what is put in."""
    match part:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=ast.Name(id=name) | ast.Attribute(attr=name)):
            return f"<{name}>"
        case _:
            return "<value>"


def _about(module: ast.Module) -> str:
    found = [one for one in module.body if isinstance(one, ast.ClassDef) and any(_methods(ast.Module([one], [])))]
    return (ast.get_docstring(found[0]) or "").strip() if found else ""


def _start(policy: str) -> str:
    """When the clock starts, where the policy says what time it is; time zones are left aside."""
    found = _NOW.search(policy)
    if found is None:
        return ""
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2] or '09:00'}").strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return ""
