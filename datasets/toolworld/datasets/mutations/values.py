"""Other values of the same kind, for calls with a wrong argument."""

from toolworld.environments import ToolSpec
from toolworld.ground import JsonValue, same


def other_value(value: JsonValue, tool: ToolSpec, name: str) -> JsonValue:
    """A value that differs from an argument's, of the same kind and, where the schema lists some, among them."""
    allowed = tool.parameters.get(name, {}).get("enum")
    if isinstance(allowed, list):
        return next((other for other in allowed if not same(other, value)), None)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return _other_text(value)
    if isinstance(value, list) and value:
        last = value[-1]
        return [*value[:-1], _other_text(last) if isinstance(last, str) else None]
    return None


def _other_text(text: str) -> str:
    if text and text[-1].isdigit():
        return text[:-1] + str((int(text[-1]) + 1) % 10)
    return f"{text} 2"
