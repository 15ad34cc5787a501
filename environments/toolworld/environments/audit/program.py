"""Checks of a program: whether it is in the language, and its functions match the specification of their tools."""

import ast
import re
from collections.abc import Iterator

from toolworld.environments.audit.arguments import argument_findings
from toolworld.environments.audit.finding import Finding
from toolworld.environments.audit.in_place import in_place_findings
from toolworld.environments.audit.literals import literal_findings
from toolworld.environments.audit.types import type_findings
from toolworld.environments.behaviour.language import WRITES
from toolworld.environments.behaviour.program_check import check_source, functions_of
from toolworld.environments.behaviour.simulator import BehaviourSimulator
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import SpecError

_IN_BRACES = re.compile(r"\{([A-Za-z_]\w*)[^{}]*\}")


def program_findings(environment: Environment, source: str, *, types: bool = True) -> list[Finding]:
    """All findings about the program of an environment; with `types`, those of the type checker as well."""
    tree, errors = check_source(source)
    findings = [
        Finding(severity="error", where=f"{BEHAVIOUR_FILE}:{error.line}:{error.column}", message=error.message)
        for error in errors
    ]
    if tree is None:
        return findings
    if not errors:  # what follows from an error is noise beside it
        findings += [
            *_unused_findings(tree),
            *_plain_text_findings(tree),
            *_uncalled_findings(environment, tree),
            *in_place_findings(tree),
        ]
    findings += [*argument_findings(tree), *_tool_findings(environment, tree)]
    findings += literal_findings(tree, environment)
    if types and not errors:
        findings += type_findings(environment, source, tree, {finding.where for finding in findings})
    # a program with errors would fail to load for the same reasons, and report them once more
    if not any(finding.severity == "error" for finding in findings):
        findings += _load_findings(environment)
    return findings


def _load_findings(environment: Environment) -> Iterator[Finding]:
    try:
        BehaviourSimulator(environment)
    except SpecError as problem:
        yield Finding(severity="error", where=BEHAVIOUR_FILE, message=str(problem))


def _unused_findings(tree: ast.Module) -> Iterator[Finding]:
    """Variables that are assigned and never read; a name that begins with `_` says that it is on purpose."""
    for function in functions_of(tree).values():
        names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
        for node in _assigned(function):  # not those of loops: what is counted need not be looked at
            if node.id not in read and not node.id.startswith("_"):
                read.add(node.id)  # one finding a name
                where = f"{BEHAVIOUR_FILE}:{node.lineno}:{node.col_offset + 1}"
                yield Finding(severity="warning", where=where, message=f"`{node.id}` is assigned and never read")


def _plain_text_findings(tree: ast.Module) -> Iterator[Finding]:
    """Texts that name a variable in braces and are no f-strings."""
    for function in functions_of(tree).values():
        nodes = list(ast.walk(function))
        in_texts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        names = {node.arg for node in nodes if isinstance(node, ast.arg)}
        names |= {node.id for node in nodes if isinstance(node, ast.Name)}
        for node in nodes:
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in in_texts:
                continue
            found = _IN_BRACES.search(node.value)
            if found and found[1] in names:
                where = f"{BEHAVIOUR_FILE}:{node.lineno}:{node.col_offset + 1}"
                message = f"`{found[0]}` is written out as it is: an `f` is missing before the text"
                yield Finding(severity="warning", where=where, message=message)


def _uncalled_findings(environment: Environment, tree: ast.Module) -> Iterator[Finding]:
    """Functions that answer for no tool, and that none which does reaches."""
    functions = functions_of(tree)
    mentions = _mentions(functions)
    mentions[""] = {tool.function_name for tool in environment.tools}
    mentions[""] |= {name for node in tree.body if not isinstance(node, ast.FunctionDef) for name in _names_in(node)}
    for name in sorted(functions.keys() - _reachable_names("", mentions)):
        where = f"{BEHAVIOUR_FILE}:{functions[name].lineno}"
        message = f"`{name}` answers for no tool, and no tool's function calls it"
        yield Finding(severity="warning", where=where, message=message)


def _assigned(function: ast.FunctionDef) -> Iterator[ast.Name]:
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else []
        yield from (target for target in targets if isinstance(target, ast.Name))


def _tool_findings(environment: Environment, tree: ast.Module) -> Iterator[Finding]:
    functions = functions_of(tree)
    mentions = _mentions(functions)
    for tool in environment.tools:
        name = tool.function_name
        function = functions.get(name)
        if function is None and environment.recording:
            continue  # what was recorded is answered, and the rest refused
        if function is None:
            message = f"there is no function `{name}` for this tool, so only a model can simulate it"
            yield Finding(severity="warning", where=BEHAVIOUR_FILE, tool=tool.name, message=message)
            continue
        where = f"{BEHAVIOUR_FILE}:{function.lineno}"
        yield from (
            Finding(severity="error", where=where, tool=tool.name, message=message)
            for message in _parameter_problems(tool, function.args)
        )
        yield from (
            Finding(severity="warning", where=where, tool=tool.name, message=message)
            for message in _default_problems(tool, function.args)
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
        if not any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(function)):
            message = "it returns nothing, so an agent does not learn what came of its call"
            yield Finding(severity="warning", where=where, tool=tool.name, message=message)
        raised = _texts_in(function, functions, mentions)
        for code in sorted(documented - raised):
            message = f"its error `{code}` is documented and never raised"
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


def _default_problems(tool: ToolSpec, arguments: ast.arguments) -> Iterator[str]:
    """Defaults of a function that are not those of its tool, which are filled in before it is called."""
    positional = zip(arguments.args[len(arguments.args) - len(arguments.defaults) :], arguments.defaults, strict=True)
    for parameter, default in [*positional, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
        shape = tool.parameters.get(parameter.arg, {})
        if isinstance(default, ast.Constant) and "default" in shape and shape["default"] != default.value:
            declared = shape["default"]
            yield f"`{parameter.arg}` is {default.value!r} by default here, and {declared!r} in the input schema"


def _failure_codes(function: ast.FunctionDef) -> set[str]:
    """The codes with which a function itself calls `fail`; those of shared helpers depend on their callers."""
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    failures = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "fail")
    code_arguments = [
        [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "code")] for call in failures
    ]
    return {str(code.value) for arguments in code_arguments for code in arguments if isinstance(code, ast.Constant)}


def _texts_in(
    function: ast.FunctionDef, functions: dict[str, ast.FunctionDef], mentions: dict[str, set[str]]
) -> set[str]:
    """Every text that a function or one that it calls writes out: a code may be handed to a function that fails."""
    reached = [function, *(functions[name] for name in _reachable_names(function.name, mentions) & functions.keys())]
    nodes = (node for one in reached for node in ast.walk(one))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _mentions(functions: dict[str, ast.FunctionDef]) -> dict[str, set[str]]:
    """The names that each function uses."""
    return {name: _names_in(node) for name, node in functions.items()}


def _names_in(node: ast.AST) -> set[str]:
    """The names that a function uses besides its own parameters: a tool may have a parameter `set`."""
    parameters = {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)}
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)} - parameters


def _reachable_names(start: str, mentions: dict[str, set[str]]) -> set[str]:
    """Every name that a function mentions, directly or through the functions and variables that it mentions."""
    reached: set[str] = set()
    pending = [start]
    while pending:
        for name in mentions.get(pending.pop(), set()) - reached:
            reached.add(name)
            pending.append(name)
    return reached
