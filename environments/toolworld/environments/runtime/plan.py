"""How the calls of environments are simulated: by a program, a model or resources, or some tools by each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from toolworld.environments.behaviour.language import function_names
from toolworld.environments.behaviour.simulator import BehaviourSimulator
from toolworld.environments.behaviour.trust import is_ours
from toolworld.environments.calls.event import Call, SimulatorName
from toolworld.environments.calls.simulator import Outcome, Simulator, View
from toolworld.environments.confinement.simulator import ConfinedSimulator
from toolworld.environments.confinement.workers import Workers
from toolworld.environments.model_simulator.cache import OutcomeCache
from toolworld.environments.model_simulator.simulator import ModelSimulator
from toolworld.environments.resources.opening import tools_of_resource
from toolworld.environments.resources.simulator import ResourceSimulator
from toolworld.environments.spec.environment import Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.checker import OpsChecker
from toolworld.environments.state.state import State
from toolworld.ground import SpecError
from toolworld.llm import Model

SimulatorKind = Literal["auto", "behaviour", "model"]
"""`auto`: by the program if it has a function for the tool, else by the model, if there is one."""

SIMULATOR_KINDS: tuple[SimulatorKind, ...] = get_args(SimulatorKind)


@dataclass(frozen=True, slots=True)
class SimulationPlan:
    """What simulates calls, for the tools of any environment."""

    trusted: bool = False
    """Whether programs of environments that are not toolworld's own run in this process, and not in workers."""
    kind: SimulatorKind = "auto"
    """The simulator of every tool that `overrides` does not name."""
    overrides: Mapping[str, SimulatorKind] = field(default_factory=dict[str, SimulatorKind])
    """The simulators of single tools, by tool name."""
    model: Model | None = None
    cache: OutcomeCache | None = None
    max_tokens: int | None = None
    """Of one answer of the model; by default the simulator's own limit."""
    workers: Workers = field(default_factory=Workers)
    """Who runs the programs that are not trusted."""

    def simulator(self, environment: Environment, checker: OpsChecker, start: State, where: str) -> Simulator:
        """Build the simulator of an environment.

        Raises:
            SpecError: nothing can simulate a tool, or the program does not load.
        """
        if environment.resources:
            resources = ResourceSimulator(environment.resources, environment.folder)
            rest = tuple(tool for tool in environment.tools if not resources.answers(tool))
            other = self._without_resources(environment.derived(tools=rest), checker, start, where) if rest else None
            return ResourceComposition(resources, other)
        return self._without_resources(environment, checker, start, where)

    def _without_resources(self, environment: Environment, checker: OpsChecker, start: State, where: str) -> Simulator:
        """The simulator of tools that read and change the state."""
        by_model = frozenset(tool.name for tool in environment.tools if self._is_modelled(environment, tool))
        is_left = len(by_model) < len(environment.tools) and environment.behaviour is None
        if is_left and not environment.recording:  # which is enough for a twin
            raise SpecError(f"{where} has no behaviour.py, which says how its tools behave, and no model was named")
        if not by_model or self.model is None:
            return self._program_simulator(environment, start)
        model = ModelSimulator(environment, checker, start, self.model, self.cache, max_tokens=self.max_tokens)
        if len(by_model) == len(environment.tools):
            return model
        return ComposedSimulator(self._program_simulator(environment, start), model, by_model)

    def answers(self, environment: Environment) -> Callable[[ToolSpec], bool]:
        """Whether a program or a model answers a tool of an environment, as a function of the tool."""
        looked_up = _looked_up(environment)
        return lambda tool: (
            tool.function_name in looked_up
            or self.has_program(environment, tool)
            or (self.model is not None and self._is_modelled(environment, tool))
        )

    def may_ask_model(self, environment: Environment) -> bool:
        """Whether a model may have to answer calls in an environment, so that they take seconds."""
        looked_up = _looked_up(environment)
        return any(self._is_modelled(environment, tool) for tool in environment.tools if tool.name not in looked_up)

    def _is_modelled(self, environment: Environment, tool: ToolSpec) -> bool:
        kind = self.overrides.get(tool.name, self.kind)
        if kind == "auto" and self.model is not None:
            return not self.has_program(environment, tool)
        return kind == "model"

    def has_program(self, environment: Environment, tool: ToolSpec) -> bool:
        """Whether the environment's program has a function for a tool."""
        return tool.function_name in function_names(environment.behaviour or "")

    def runs_here(self, environment: Environment) -> bool:
        """Whether the environment's program runs in this process."""
        return self.trusted or is_ours(environment)

    def _program_simulator(self, environment: Environment, start: State) -> BehaviourSimulator | ConfinedSimulator:
        if self.runs_here(environment):
            return BehaviourSimulator(environment)
        return ConfinedSimulator(environment, start, self.workers)


def _looked_up(environment: Environment) -> frozenset[str]:
    """The tools that resources answer."""
    return frozenset(tool.name for spec in environment.resources for tool in tools_of_resource(spec.type))


class ResourceComposition:
    """Answers some tools with resources, and the others with another simulator."""

    name: SimulatorName = "resource"

    def __init__(self, resources: ResourceSimulator, other: Simulator | None) -> None:
        self._resources = resources
        self.other = other

    async def load(self) -> None:
        """Open the resources, and load the program."""
        await self._resources.load()
        if isinstance(self.other, ConfinedSimulator | ComposedSimulator):
            await self.other.load()

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Pass the call to the simulator of its tool."""
        if self.other is None or self._resources.answers(tool):
            return await self._resources.simulate(tool, call, view)
        outcome = await self.other.simulate(tool, call, view)
        return outcome if outcome.answered_by else replace(outcome, answered_by=self.other.name)


class ComposedSimulator:
    """Answers some tools with a program, and the others with a model."""

    name: SimulatorName = "behaviour"

    def __init__(
        self, program: BehaviourSimulator | ConfinedSimulator, model: Simulator, by_model: frozenset[str]
    ) -> None:
        self._program = program
        self._model = model
        self._by_model = by_model

    async def load(self) -> None:
        """Load the program."""
        if isinstance(self._program, ConfinedSimulator):
            await self._program.load()

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Pass the call to the simulator of its tool."""
        if tool.name not in self._by_model:
            return await self._program.simulate(tool, call, view)
        return await self._model.simulate(tool, call, view)
