"""A row of SynthTools' `task_content.jsonl` as it stands in the file, and its calls, which are strings."""

import ast

from pydantic import Field, JsonValue

from toolworld.environments import Call
from toolworld.ground import Record, RecordError


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


def parse_call(text: str, where: str) -> Call:
    """Read `Loan_Renewer(loan_id='L7')`, with values as Python or JSON writes them."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        named = isinstance(tree, ast.Call) and not tree.args and all(keyword.arg for keyword in tree.keywords)
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or not named:
            raise ValueError("it is not a call with named arguments")
        arguments = {keyword.arg: _literal(keyword.value) for keyword in tree.keywords if keyword.arg}
    except (SyntaxError, ValueError) as problem:
        raise RecordError(f"{where}: {text!r} is not of the form Tool_Name(key=value, ...): {problem}") from None
    return Call(name=tree.func.id, arguments=arguments)


def format_call(call: Call) -> str:
    """Write a call as a row does."""
    return f"{call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})"


def _literal(node: ast.expr) -> JsonValue:
    names: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
    if isinstance(node, ast.Name) and node.id in names:
        return names[node.id]
    return ast.literal_eval(node)
