"""Trees of tests: hosts over small environments, and explorers that do as a test says."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.support.counters import TRUSTED, counter_environment

from toolworld.environments import Environment, RuntimePool
from toolworld.ground import JsonValue, digest
from toolworld.rollout import Action, Node, Proposals, Seed, Situation, SynthesisConfig, Tree, config_of, grow_tree
from toolworld.server import InProcessTreeHost


def host_of(environment: Environment | None = None) -> InProcessTreeHost:
    """A host of one environment; by default the counters."""
    return InProcessTreeHost(RuntimePool.of([environment or counter_environment()], TRUSTED))


def action(tool: str, **parameters: JsonValue) -> Action:
    """An action."""
    return Action(tool_name=tool, parameters=parameters)


class ToldExplorer:
    """Proposes what a function says, and remembers what it was asked."""

    def __init__(self, propose: Callable[[Situation], Proposals | Sequence[Action]]) -> None:
        self.asked: list[Situation] = []
        self._propose = propose

    async def propose(self, situation: Situation) -> Proposals:
        """What the function says."""
        self.asked.append(situation)
        said = self._propose(situation)
        return said if isinstance(said, Proposals) else Proposals(said)


def different_actions(situation: Situation) -> list[Action]:
    """As many new actions as are asked for, each of another counter's name."""
    return [
        action("show_count", name=f"{situation.place}#{len(situation.used) + number}")
        for number in range(situation.width)
    ]


def config(**fields: Any) -> SynthesisConfig:
    """A configuration over an environment."""
    return config_of({"resource_types": ["environment"], **fields})


async def grown(
    explorer: Any, fields: Mapping[str, Any], host: InProcessTreeHost | None = None, seed: Seed | None = None
) -> Tree:
    """A tree of the counters."""
    at = host or host_of()
    tools = at.environment.tools_of("agent")
    return await grow_tree(at, explorer, config(**fields), tools=tools, seed=seed or Seed(content="red"), number=1)


def node(place: str, tool: str = "look", result: JsonValue = None, **more: Any) -> Node:
    """A node of a path that nobody has made."""
    parameters: dict[str, JsonValue] = more.pop("parameters", {})
    text = more.pop("observation", result if isinstance(result, str) else str(result))
    return Node(
        id=place,
        episode="s1",
        step=place.count("."),
        action=Action(tool_name=tool, parameters=parameters),
        observation=text,
        result=result,
        digest=more.pop("digest", digest([tool, parameters, result])),
        **more,
    )


def path_of(*nodes: tuple[str, JsonValue]) -> list[Node]:
    """A path of these tools and results."""
    places = [".".join("0" * count) for count in range(1, len(nodes) + 1)]
    return [node(f"s1/{place}", tool, result) for place, (tool, result) in zip(places, nodes, strict=True)]
