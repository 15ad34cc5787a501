"""Rewriting an environment for a fault profile: tools renamed, poorly described, and mixed with distractors.

The result is an ordinary environment with its own version, so all that handles it later (store, replay,
judges, MCP) need not know about faults.
"""

import random
from importlib.resources import files

from pydantic import TypeAdapter

from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.fault_profile import FaultProfile
from toolworld.environments.spec.policy_rule import AtMost, Before, Confirm, Never, OnlyAbout, Rule
from toolworld.environments.spec.tool import ToolSpec
from toolworld.ground import SpecError, humanize

_VERB_SYNONYMS = {
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
    """The environment rewritten for a fault profile; the same profile always gives the same result.

    Raises:
        SpecError: the environment is under a profile already, or its program uses the names of distractors.
    """
    if environment.faults is not None:
        raise SpecError(f"environment {environment.id} is under the fault profile {environment.faults.name} already")
    names = renamed_tools(environment, profile)
    tools = [_rewrite_tool(tool, names[tool.name], profile) for tool in environment.tools]
    distractors = _distractors(environment, profile)
    changes: dict[str, object] = {
        "tools": tuple(_shuffle([*tools, *distractors], profile) if distractors else tools),
        "rules": tuple(_rename_in_rule(rule, names) for rule in environment.rules),
        "behaviour": f"{environment.behaviour}\n{_distractor_program()}" if distractors else environment.behaviour,
        "faults": profile,
    }
    return environment.derived(**changes)


def renamed_tools(environment: Environment, profile: FaultProfile) -> dict[str, str]:
    """The name of every tool under a profile, by its name in the environment."""
    taken = {tool.name for tool in environment.tools}
    names: dict[str, str] = {}
    for tool in environment.tools:
        names[tool.name] = tool.name
        # a generator for each tool, so that adding a tool to the environment does not rename others
        if random.Random(f"{profile.seed}/rename/{tool.name}").random() < profile.rename:
            verb, _, rest = tool.name.partition("_")
            new_name = f"{_VERB_SYNONYMS[verb]}_{rest}" if verb in _VERB_SYNONYMS and rest else f"{tool.name}_v2"
            names[tool.name] = new_name if new_name not in taken and len(new_name) <= 64 else tool.name
            taken.add(names[tool.name])
    return names


def _rewrite_tool(tool: ToolSpec, name: str, profile: FaultProfile) -> ToolSpec:
    changes: dict[str, object] = {}
    if name != tool.name:
        changes = {"name": name, "function": tool.function or tool.name, "listing": None}
    if random.Random(f"{profile.seed}/redescribe/{tool.name}").random() < profile.redescribe:
        changes |= {"description": f"Performs the operation `{humanize(name)}`.", "listing": None}
    return tool.model_copy(update=changes)


def _distractors(environment: Environment, profile: FaultProfile) -> list[ToolSpec]:
    if environment.behaviour is None or not profile.distractors:
        return []
    text = (files("toolworld.environments.faults") / "distractors" / "tools.json").read_text()
    if "distractor_" in environment.behaviour:
        raise SpecError(f"the program of environment {environment.id} uses the names of distractors (`distractor_...`)")
    # a distractor must not answer for a tool or a function of the environment
    used_names = {tool.function_name for tool in environment.tools} | {tool.name for tool in environment.tools}
    available = [tool for tool in _TOOLS.validate_json(text) if tool.name not in used_names]
    return random.Random(f"{profile.seed}/distractors").sample(available, min(profile.distractors, len(available)))


def _distractor_program() -> str:
    return (files("toolworld.environments.faults") / "distractors" / BEHAVIOUR_FILE).read_text(encoding="utf-8")


def _shuffle(tools: list[ToolSpec], profile: FaultProfile) -> list[ToolSpec]:
    random.Random(f"{profile.seed}/order").shuffle(tools)
    return tools


def _rename_in_rule(rule: Rule, names: dict[str, str]) -> Rule:
    match rule:
        case Never():
            return rule.model_copy(update={"tool": names.get(rule.tool, rule.tool)})
        case Before():
            first = _rename_tools(rule.first, names)
            return rule.model_copy(update={"tools": _rename_tools(rule.tools, names), "first": first})
        case OnlyAbout():
            return rule.model_copy(update={"first": _rename_tools(rule.first, names)})
        case Confirm() | AtMost():
            return rule.model_copy(update={"tools": _rename_tools(rule.tools, names)})


def _rename_tools(tools: tuple[str, ...], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(names.get(name, name) for name in tools)
