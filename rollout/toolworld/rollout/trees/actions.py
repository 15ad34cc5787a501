"""Actions that were proposed: which tools they may use, and which of them repeat others."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from toolworld.environments import Environment, ToolSpec
from toolworld.ground import JsonValue, SpecError, digest
from toolworld.rollout.trees.node import Action

FINISH = "finish"
"""The name of the action that ends a branch."""


def signature(action: Action) -> str:
    """What two actions share that are the same: tool and arguments."""
    return digest([action.tool_name, action.parameters])


def with_seed_arguments(action: Action, tool: ToolSpec, arguments: Mapping[str, JsonValue]) -> Action:
    """An action with the seed's arguments, where the tool has them and the action does not say otherwise."""
    added = {name: value for name, value in arguments.items() if name in tool.parameters}
    return action.model_copy(update={"parameters": {**added, **action.parameters}}) if added else action


def usable_tools(environment: Environment, names: Sequence[str]) -> tuple[ToolSpec, ...]:
    """The tools that names stand for, in the environment's order; all of the agent's if there are no names.

    A name may end in `*`, and `-`, `_`, `:` and `.` are the same in it.

    Raises:
        SpecError: a name stands for no tool.
    """
    tools = environment.tools_of("agent")
    if not names:
        return tools
    chosen: set[str] = set()
    for name in names:
        found = [tool.name for tool in tools if _fits(name, tool.name)]
        if not found:
            near = get_close_matches(_plain(name.rstrip("*")), [tool.name for tool in tools], 1, 0.4)
            known = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(tool.name for tool in tools)}"
            raise SpecError(f"`available_tools`: {name!r} stands for no tool; {known}"[:600])
        chosen |= {*found}
    return tuple(tool for tool in tools if tool.name in chosen)


def _fits(name: str, tool: str) -> bool:
    if name.endswith("*"):
        return _plain(tool).startswith(_plain(name[:-1]))
    return _plain(name) == _plain(tool)


def _plain(name: str) -> str:
    return "".join("_" if character in "-:." else character for character in name)
