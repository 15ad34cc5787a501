"""Checks of a specification: rules that name unknown tools, and tools whose schemas let mistakes pass."""

from collections.abc import Iterator

from toolworld.environments.audit.finding import Finding
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.policy_rule import Before, Confirm, Never


def rule_findings(environment: Environment) -> Iterator[Finding]:
    """Find rules that name tools which do not exist."""
    for number, rule in enumerate(environment.rules):
        match rule:
            case Never():
                names: tuple[str, ...] = (rule.tool,)
            case Before():
                names = (*rule.tools, *rule.first)
            case Confirm():
                names = rule.tools
        for name in names:
            if environment.tool(name) is None:
                yield Finding(severity="error", where=f"rules.{number}", message=f"there is no tool {name}")


def schema_findings(environment: Environment) -> Iterator[Finding]:
    """Find tools that share a function, or whose input schemas let mistakes pass."""
    names = [tool.function_name for tool in environment.tools]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(severity="error", where="tools", message=f"two tools share the function `{name}`")
    for tool in environment.tools:
        if tool.input_schema.get("additionalProperties") is not False:
            message = 'the input schema lacks "additionalProperties": false, so a misspelt argument goes unnoticed'
            yield Finding(severity="warning", where="tools", tool=tool.name, message=message)
        unknown = tool.required - tool.parameters.keys()
        if unknown:
            message = f"`{min(unknown)}` is required but not among the properties"
            yield Finding(severity="error", where="tools", tool=tool.name, message=message)
