"""How the calls of environments are simulated: by their programs, by a model, or each tool by its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from toolworld.environments.behaviour import BehaviourSimulator, function_name, functions_of
from toolworld.environments.environment import Environment
from toolworld.environments.event import Call, SimulatorName
from toolworld.environments.isolation import IsolatedSimulator, is_ours
from toolworld.environments.model_simulator import ModelSimulator
from toolworld.environments.ops_check import OpsChecker
from toolworld.environments.outcome_cache import OutcomeCache
from toolworld.environments.simulator import Outcome, Simulator, View
from toolworld.environments.state import State
from toolworld.environments.tool import ToolSpec
from toolworld.ground import SpecError
from toolworld.llm import Model

Means = Literal["auto", "behaviour", "model"]
"""`auto`: by the program where it has a function for the tool, and else by the model, if there is one."""

MEANS: tuple[Means, ...] = get_args(Means)


@dataclass(frozen=True, slots=True)
class Simulation:
    """How calls are simulated."""

    trusted: bool = False
    """Whether programs that are not ours run in this process."""
    means: Means = "auto"
    overrides: Mapping[str, Means] = field(default_factory=dict[str, Means])
    """Tools that are simulated otherwise."""
    model: Model | None = None
    cache: OutcomeCache | None = None

    def simulator(self, environment: Environment, checker: OpsChecker, start: State, where: str) -> Simulator:
        """Build the simulator of an environment.

        Raises:
            SpecError: a tool has no means of being simulated, or the program does not load.
        """
        by_model = frozenset(tool.name for tool in environment.tools if self._is_modelled(environment, tool))
        if len(by_model) < len(environment.tools) and environment.behaviour is None:
            raise SpecError(f"{where} has no behaviour.star, which says how its tools behave, and no model was named")
        if not by_model or self.model is None:
            return self._program(environment, checker)
        model = ModelSimulator(environment, checker, start, self.model, self.cache)
        if len(by_model) == len(environment.tools):
            return model
        return ComposedSimulator(self._program(environment, checker), model, by_model)

    def may_ask(self, environment: Environment) -> bool:
        """Tell whether calls in an environment may be answered by a model, which takes seconds."""
        return any(self._is_modelled(environment, tool) for tool in environment.tools)

    def _is_modelled(self, environment: Environment, tool: ToolSpec) -> bool:
        means = self.overrides.get(tool.name, self.means)
        if means == "auto" and self.model is not None:
            return environment.behaviour is None or function_name(tool) not in functions_of(environment.behaviour)
        return means == "model"

    def _program(self, environment: Environment, checker: OpsChecker) -> Simulator:
        if not (self.trusted or is_ours(environment.behaviour or "")):
            return IsolatedSimulator(environment)
        return BehaviourSimulator(environment, checker)


class ComposedSimulator:
    """Answers some tools with the program, and the others with the model."""

    name: SimulatorName = "behaviour"

    def __init__(self, program: Simulator, model: Simulator, by_model: frozenset[str]) -> None:
        self._program = program
        self._model = model
        self._by_model = by_model

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Let the one that the tool belongs to answer."""
        if tool.name not in self._by_model:
            return await self._program.simulate(tool, call, view)
        return await self._model.simulate(tool, call, view)
