"""Checks of a program: whether its functions match the specification of their tools.

Starlark's own parser, linter and type checker come first. Then the program is analysed as a Python
syntax tree (Starlark's grammar lies within Python's), for facts that Starlark's checks do not report:
which function can reach which host function, and which parameters it takes.
"""

import ast
import re
import warnings
from collections.abc import Iterator

import starlark

from toolworld.environments.audit.finding import Finding
from toolworld.environments.behaviour.host_functions import WRITES
from toolworld.environments.behaviour.prelude import PRELUDE, PRIVATE_NAMES, TYPE_STUBS
from toolworld.environments.behaviour.program import dialect, parse_program, read_program_error
from toolworld.environments.runtime.plan import SimulationPlan
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import SpecError

_HOST_NAMES = frozenset(re.findall(r"^def (\w+)", PRELUDE, re.MULTILINE))


def program_findings(environment: Environment, source: str) -> list[Finding]:
    """All findings about the program of an environment."""
    try:
        tree = parse_program(source)
    except SpecError as problem:
        return [
            Finding(severity="error", where=BEHAVIOUR_FILE, message=str(problem).removeprefix(f"{BEHAVIOUR_FILE}:"))
        ]
    with warnings.catch_warnings():
        # Python warns of things that are fine in Starlark
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            tool_findings = list(_tool_findings(environment, ast.parse(source)))
        except SyntaxError as problem:
            message = f"this cannot be held against the tools: {problem.msg}"
            tool_findings = [Finding(severity="error", where=f"{BEHAVIOUR_FILE}:{problem.lineno}", message=message)]
        findings = [*_lint_findings(tree), *_type_findings(source), *tool_findings]
    # a program with errors would fail to load for the same reasons, and report them once more
    if not any(finding.severity == "error" for finding in findings):
        findings += _load_findings(environment)
    return findings


def _load_findings(environment: Environment) -> Iterator[Finding]:
    try:
        Runtime(environment, where="environment", simulation=SimulationPlan(trusted=True, kind="behaviour")).simulator  # noqa: B018 - loads the program
    except SpecError as problem:
        yield Finding(severity="error", where=BEHAVIOUR_FILE, message=str(problem))


def _lint_findings(tree: starlark.AstModule) -> Iterator[Finding]:
    for lint in tree.lint():
        if lint.short_name in {"unused-argument", "unused-assign"} and "`_" in lint.problem:
            continue
        line = lint.resolved_location.span.begin.line + 1
        yield Finding(
            severity="warning", where=f"{BEHAVIOUR_FILE}:{line}", message=f"{lint.problem} ({lint.short_name})"
        )


def _type_findings(source: str) -> Iterator[Finding]:
    # the prelude is appended, not prepended, to keep the line numbers of the program
    extended = starlark.parse(BEHAVIOUR_FILE, f"{source}\n{PRELUDE}{TYPE_STUBS}", dialect())
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
        located = read_program_error(Exception(str(error)))
        yield Finding(severity="error", where=f"{BEHAVIOUR_FILE}:{located.line}", message=located.message)


def _tool_findings(environment: Environment, tree: ast.Module) -> Iterator[Finding]:
    # A name counts as reachable where it is mentioned, called or not: a host function can be passed on as a value, or
    # get another name by an assignment.
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    mentions = {name: _names_in(node) for name, node in functions.items()}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                mentions.update({name: _names_in(node.value) for name in _names_in(target)})
    for name in sorted({*mentions} & _HOST_NAMES):
        yield Finding(
            severity="error", where=BEHAVIOUR_FILE, message=f"`{name}` is a host function; call yours otherwise"
        )
    for name in sorted(PRIVATE_NAMES & {name for names in mentions.values() for name in names}):
        yield Finding(severity="error", where=BEHAVIOUR_FILE, message=f"`{name}` is not for programs")
    for tool in environment.tools:
        name = tool.function_name
        function = functions.get(name)
        if function is None:
            message = f"there is no function `{name}` for this tool, so only a model can simulate it"
            yield Finding(severity="warning", where=BEHAVIOUR_FILE, tool=tool.name, message=message)
            continue
        where = f"{BEHAVIOUR_FILE}:{function.lineno}"
        yield from (
            Finding(severity="error", where=where, tool=tool.name, message=message)
            for message in _parameter_problems(tool, function.args)
        )
        writes = _reachable_names(name, mentions) & WRITES
        if tool.effect == "read" and writes:
            message = f"this is a read tool, but it can reach `{min(writes)}`"
            yield Finding(severity="error", where=where, tool=tool.name, message=message)
        documented = {error.code for error in tool.errors}
        for code in sorted(_failure_codes(function) - documented):
            message = f"it fails with `{code}`, which its errors do not document"
            yield Finding(severity="warning", where=where, tool=tool.name, message=message)
        if tool.effect == "write" and not writes:
            message = "this is a write tool, but it never changes the state"
            yield Finding(severity="warning", where=where, tool=tool.name, message=message)


def _parameter_problems(tool: ToolSpec, arguments: ast.arguments) -> Iterator[str]:
    positional = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    without_default = set(positional[: len(positional) - len(arguments.defaults)])
    keyword = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    without_default |= {argument.arg for argument, default in keyword if default is None}
    accepted = {*positional, *(argument.arg for argument in arguments.kwonlyargs)}
    for name in sorted(tool.parameters.keys() - accepted) if arguments.kwarg is None else ():
        yield f"the function does not take the parameter `{name}`"
    for name in sorted(accepted - tool.parameters.keys()):
        yield f"the function takes `{name}`, which is not in the input schema"
    for name in sorted(without_default & tool.parameters.keys() - tool.required):
        if "default" not in tool.parameters[name]:
            yield f"`{name}` is optional in the input schema, but the function gives it no default"


def _failure_codes(function: ast.FunctionDef) -> set[str]:
    """The codes with which a function itself calls `fail`; those of shared helpers depend on their callers."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    failures = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "fail")
    code_arguments = [
        [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "code")] for call in failures
    ]
    return {str(code.value) for arguments in code_arguments for code in arguments if isinstance(code, ast.Constant)}


def _names_in(node: ast.AST) -> set[str]:
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _reachable_names(start: str, mentions: dict[str, set[str]]) -> set[str]:
    """Every name that a function mentions, directly or through the functions and variables that it mentions."""
    reached: set[str] = set()
    pending = [start]
    while pending:
        for name in mentions.get(pending.pop(), set()) - reached:
            reached.add(name)
            pending.append(name)
    return reached
