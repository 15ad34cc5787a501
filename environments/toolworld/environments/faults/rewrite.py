"""An environment under a fault profile: the same world, with tools renamed, described badly, and in a crowd.

The result is an environment like any other, with a version of its own, so everything that follows
(store, replay, judges, MCP) needs to know nothing about faults.
"""

import random
from importlib.resources import files

from pydantic import TypeAdapter

from toolworld.environments.behaviour.bundled import with_distractors
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.fault_profile import FaultProfile
from toolworld.environments.spec.policy_rule import Before, Confirm, Never, Rule
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import SpecError, humanize

_VERBS = {
    "get": "fetch",
    "list": "enumerate",
    "find": "look_up",
    "search": "query",
    "show": "display",
    "create": "register",
    "add": "append",
    "update": "amend",
    "change": "modify",
    "cancel": "withdraw",
    "place": "submit",
    "book": "schedule",
    "check": "inspect",
}
_TOOLS: TypeAdapter[tuple[ToolSpec, ...]] = TypeAdapter(tuple[ToolSpec, ...])


def with_faults(environment: Environment, profile: FaultProfile) -> Environment:
    """Give the environment as it is under a profile: the same for the same profile, anywhere.

    Raises:
        SpecError: it is under a profile already.
    """
    if environment.faults is not None:
        raise SpecError(f"environment {environment.id} is under the fault profile {environment.faults.name} already")
    names = renamed_tools(environment, profile)
    tools = [_drifted(tool, names[tool.name], profile) for tool in environment.tools]
    distractors = _distractors(environment, profile)
    changes: dict[str, object] = {
        "tools": tuple(_shuffled([*tools, *distractors], profile) if distractors else tools),
        "rules": tuple(_renamed(rule, names) for rule in environment.rules),
        "behaviour": with_distractors(environment.behaviour or "") if distractors else environment.behaviour,
        "faults": profile,
    }
    return environment.replaced(**changes)


def renamed_tools(environment: Environment, profile: FaultProfile) -> dict[str, str]:
    """Give every tool's name under a profile, by the name it has without."""
    taken = {tool.name for tool in environment.tools}
    names: dict[str, str] = {}
    for tool in environment.tools:
        names[tool.name] = tool.name
        if random.Random(f"{profile.seed}/rename/{tool.name}").random() < profile.rename:
            verb, _, rest = tool.name.partition("_")
            wish = f"{_VERBS[verb]}_{rest}" if verb in _VERBS and rest else f"{tool.name}_v2"
            names[tool.name] = wish if wish not in taken and len(wish) <= 64 else tool.name
            taken.add(names[tool.name])
    return names


def _drifted(tool: ToolSpec, name: str, profile: FaultProfile) -> ToolSpec:
    changes: dict[str, object] = {}
    if name != tool.name:
        changes = {"name": name, "function": tool.function or tool.name}
    if random.Random(f"{profile.seed}/redescribe/{tool.name}").random() < profile.redescribe:
        changes["description"] = f"Performs the operation `{humanize(name)}`."
    return tool.model_copy(update=changes)


def _distractors(environment: Environment, profile: FaultProfile) -> list[ToolSpec]:
    if environment.behaviour is None or not profile.distractors:
        return []
    text = (files("toolworld.environments.faults") / "distractors" / "tools.json").read_text()
    if "distractor_" in environment.behaviour:
        raise SpecError(f"the program of environment {environment.id} uses the names of distractors (`distractor_...`)")
    own = {tool.function_name for tool in environment.tools} | {tool.name for tool in environment.tools}
    free = [tool for tool in _TOOLS.validate_json(text) if tool.name not in own]
    return random.Random(f"{profile.seed}/distractors").sample(free, min(profile.distractors, len(free)))


def _shuffled(tools: list[ToolSpec], profile: FaultProfile) -> list[ToolSpec]:
    random.Random(f"{profile.seed}/order").shuffle(tools)
    return tools


def _renamed(rule: Rule, names: dict[str, str]) -> Rule:
    match rule:
        case Never():
            return rule.model_copy(update={"tool": names.get(rule.tool, rule.tool)})
        case Before():
            first = tuple(names.get(name, name) for name in rule.first)
            return rule.model_copy(update={"tools": _all(rule.tools, names), "first": first})
        case Confirm():
            return rule.model_copy(update={"tools": _all(rule.tools, names)})


def _all(tools: tuple[str, ...], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(names.get(name, name) for name in tools)
