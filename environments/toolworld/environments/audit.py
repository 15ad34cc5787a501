"""`env check`: is an environment sound, and does its program do what its tools promise?

The program is looked at twice: by Starlark's own parser, linter and type checker, and as a syntax
tree (Starlark's grammar lies within Python's) for what those do not know: which function reaches
which host function, and which parameters it takes.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Literal

import starlark

from toolworld.environments.behaviour import FILE_NAME, dialect, function_name, parse_program, read_fault
from toolworld.environments.environment import Environment
from toolworld.environments.host import WRITES
from toolworld.environments.prelude import PRELUDE, PRIVATE, STUBS
from toolworld.environments.rule import Before, Confirm, Never
from toolworld.environments.runtime import Runtime
from toolworld.environments.simulation import Simulation
from toolworld.environments.tool import ToolSpec
from toolworld.ground import Record, SpecError

_HOST_NAMES = frozenset(re.findall(r"^def (\w+)", PRELUDE, re.MULTILINE))


class Finding(Record):
    """Something that `env check` has to say."""

    severity: Literal["error", "warning"]
    where: str
    """A file, with a line where there is one, or the place in the specification."""
    tool: str | None = None
    message: str


def audit(environment: Environment) -> list[Finding]:
    """Hold an environment against itself: schemas, state, rules, and the program against the tools."""
    try:
        Runtime(environment, where="environment")
    except SpecError as problem:
        return [Finding(severity="error", where="environment", message=str(problem))]
    findings = [*_rule_findings(environment), *_schema_findings(environment)]
    if environment.behaviour is None:
        message = f"there is no {FILE_NAME}, so nothing answers the tools' calls"
        return [*findings, Finding(severity="warning", where="environment", message=message)]
    return [*findings, *_program_findings(environment, environment.behaviour)]


def _rule_findings(environment: Environment) -> Iterator[Finding]:
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


def _schema_findings(environment: Environment) -> Iterator[Finding]:
    names = [function_name(tool) for tool in environment.tools]
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


def _program_findings(environment: Environment, source: str) -> list[Finding]:
    try:
        tree = parse_program(source)
    except SpecError as problem:
        return [Finding(severity="error", where=FILE_NAME, message=str(problem).removeprefix(f"{FILE_NAME}:"))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            promises = list(_promise_findings(environment, ast.parse(source)))
        except SyntaxError as problem:
            message = f"this cannot be held against the tools: {problem.msg}"
            promises = [Finding(severity="error", where=f"{FILE_NAME}:{problem.lineno}", message=message)]
        findings = [*_lint_findings(tree), *_type_findings(source), *promises]
    if not any(finding.severity == "error" for finding in findings):
        findings += _load_findings(environment)
    return findings


def _load_findings(environment: Environment) -> Iterator[Finding]:
    try:
        Runtime(environment, where="environment", simulation=Simulation(trusted=True, means="behaviour")).simulator  # noqa: B018 - loads the program
    except SpecError as problem:
        yield Finding(severity="error", where=FILE_NAME, message=str(problem))


def _lint_findings(tree: starlark.AstModule) -> Iterator[Finding]:
    for lint in tree.lint():
        if lint.short_name in {"unused-argument", "unused-assign"} and "`_" in lint.problem:
            continue
        line = lint.resolved_location.span.begin.line + 1
        yield Finding(severity="warning", where=f"{FILE_NAME}:{line}", message=f"{lint.problem} ({lint.short_name})")


def _type_findings(source: str) -> Iterator[Finding]:
    extended = starlark.parse(FILE_NAME, f"{source}\n{PRELUDE}{STUBS}", dialect())  # behind it, so that lines stay
    with_typing = starlark.Globals.extended_by(
        [
            starlark.LibraryExtension.StructType,
            starlark.LibraryExtension.Map,
            starlark.LibraryExtension.Filter,
            starlark.LibraryExtension.Typing,
            starlark.LibraryExtension.Json,
        ]
    )
    errors, _, _ = extended.typecheck(with_typing, {})
    for error in errors:
        fault = read_fault(Exception(str(error)))
        yield Finding(severity="error", where=f"{FILE_NAME}:{fault.line}", message=fault.message)


def _promise_findings(environment: Environment, tree: ast.Module) -> Iterator[Finding]:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    mentions = {name: _names_in(node) for name, node in functions.items()}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                mentions.update({name: _names_in(node.value) for name in _names_in(target)})
    for name in sorted({*mentions} & _HOST_NAMES):
        yield Finding(severity="error", where=FILE_NAME, message=f"`{name}` is a host function; call yours otherwise")
    for name in sorted(PRIVATE & {name for names in mentions.values() for name in names}):
        yield Finding(severity="error", where=FILE_NAME, message=f"`{name}` is not for programs")
    for tool in environment.tools:
        name = function_name(tool)
        function = functions.get(name)
        if function is None:
            message = f"there is no function `{name}` for this tool, so only a model can simulate it"
            yield Finding(severity="warning", where=FILE_NAME, tool=tool.name, message=message)
            continue
        where = f"{FILE_NAME}:{function.lineno}"
        yield from (
            Finding(severity="error", where=where, tool=tool.name, message=message)
            for message in _parameter_faults(tool, function.args)
        )
        writes = _reached(name, mentions) & WRITES
        if tool.effect == "read" and writes:
            message = f"this is a read tool, but it can reach `{min(writes)}`"
            yield Finding(severity="error", where=where, tool=tool.name, message=message)
        documented = {error.code for error in tool.errors}
        for code in sorted(_codes(function) - documented):
            message = f"it fails with `{code}`, which its errors do not document"
            yield Finding(severity="warning", where=where, tool=tool.name, message=message)
        if tool.effect == "write" and not writes:
            message = "this is a write tool, but it never changes the state"
            yield Finding(severity="warning", where=where, tool=tool.name, message=message)


def _parameter_faults(tool: ToolSpec, arguments: ast.arguments) -> Iterator[str]:
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    needed = set(positional[: len(positional) - len(arguments.defaults)])
    keyword = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    needed |= {argument.arg for argument, default in keyword if default is None}
    taken = {*positional, *(argument.arg for argument in arguments.kwonlyargs)}
    for name in sorted(tool.parameters.keys() - taken) if arguments.kwarg is None else ():
        yield f"the function does not take the parameter `{name}`"
    for name in sorted(taken - tool.parameters.keys()):
        yield f"the function takes `{name}`, which is not in the input schema"
    for name in sorted(needed & tool.parameters.keys() - tool.required):
        if "default" not in tool.parameters[name]:
            yield f"`{name}` is optional in the input schema, but the function gives it no default"


def _codes(function: ast.FunctionDef) -> set[str]:
    """Give the codes that a function itself fails with; those of shared helpers depend on how they are called."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    named = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "fail")
    given = [[*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "code")] for call in named]
    return {str(code.value) for codes in given for code in codes if isinstance(code, ast.Constant)}


def _names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _reached(start: str, mentions: dict[str, set[str]]) -> set[str]:
    """Give every name that a function mentions, itself or through what it mentions."""
    reached: set[str] = set()
    waiting = [start]
    while waiting:
        for name in mentions.get(waiting.pop(), set()) - reached:
            reached.add(name)
            waiting.append(name)
    return reached
