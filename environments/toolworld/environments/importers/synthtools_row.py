"""A row of SynthTools' `task_content.jsonl` as it stands in the file, and its calls, which are strings."""

import ast
import re
from keyword import iskeyword

from pydantic import Field

from toolworld.environments.calls.event import Call
from toolworld.ground import JsonValue, Record, RecordError


class SynthToolsParameter(Record):
    """A parameter, or a field of the output."""

    type: str
    description: str = ""
    required: bool = True
    default: JsonValue = None


class SynthToolsTool(Record):
    """A tool as SynthTools writes it."""

    tool_name: str
    tool_description: str = ""
    parameters: dict[str, SynthToolsParameter] = Field(default_factory=dict)
    error_messages: tuple[str, ...] = ()
    usage: str = ""
    output_details: dict[str, SynthToolsParameter] = Field(default_factory=dict)


class SynthToolsRow(Record):
    """A row of the release file."""

    id: str
    field: str
    summary: str
    tools: tuple[SynthToolsTool, ...]
    gt_tool_calls: tuple[str, ...]
    initial_state: dict[str, JsonValue] | None = None
    final_state: dict[str, JsonValue] | None = None


def call_from_text(text: str, where: str) -> Call:
    """Read `Loan_Renewer(loan_id='L7', **{"from": "A"})`, with values as Python or JSON writes them; nothing is run."""
    try:
        name, arguments = _CALL.fullmatch(text.strip()), dict[str, JsonValue]()
        if name is None:
            raise ValueError("it is not a name with arguments in brackets")
        tree = ast.parse(f"call({name[2]})", mode="eval").body
        if not isinstance(tree, ast.Call) or tree.args:
            raise ValueError("its arguments must have names")
        for keyword in tree.keywords:
            value = _literal(keyword.value)
            if keyword.arg is None and not isinstance(value, dict):
                raise ValueError("** must be followed by an object")
            if keyword.arg in arguments:
                raise ValueError(f"{keyword.arg} is given twice")
            arguments |= value if keyword.arg is None and isinstance(value, dict) else {str(keyword.arg): value}
    except (SyntaxError, ValueError, RecursionError) as problem:
        raise RecordError(f"{where}: {text[:200]!r} is not of the form Tool_Name(key=value, ...): {problem}") from None
    return Call(name=name[1], arguments=arguments)


def call_to_text(call: Call) -> str:
    """Write a call as a row does; arguments whose names Python does not allow go into `**{...}`."""
    plain = {name: value for name, value in call.arguments.items() if name.isidentifier() and not iskeyword(name)}
    odd = {name: value for name, value in call.arguments.items() if name not in plain}
    parts = [f"{name}={value!r}" for name, value in plain.items()] + ([f"**{odd!r}"] if odd else [])
    return f"{call.name}({', '.join(parts)})"


_CALL = re.compile(r"([A-Za-z0-9_-]+)\((.*)\)", re.DOTALL)
_JSON_NAMES: dict[str, JsonValue] = {"true": True, "false": False, "null": None}


def _literal(node: ast.expr) -> JsonValue:
    match node:
        case ast.Constant(value=str() | int() | float() | bool() | None as value):
            return value
        case ast.Name(id=name) if name in _JSON_NAMES:
            return _JSON_NAMES[name]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.List(elts=elements):
            return [_literal(element) for element in elements]
        case ast.Dict(keys=keys, values=values):
            names = [key.value if isinstance(key, ast.Constant) else None for key in keys]
            if not all(isinstance(name, str) for name in names):
                raise ValueError("the keys of an object must be text")
            return {str(name): _literal(value) for name, value in zip(names, values, strict=True)}
        case _:
            raise ValueError(f"{ast.unparse(node)} is no JSON value")
