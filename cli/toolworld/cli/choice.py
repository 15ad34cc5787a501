"""What a verb works on: environments by name, with their tasks, perhaps under faults."""

from pathlib import Path
from typing import NamedTuple

from toolworld.cli.screen import aside, count, plain
from toolworld.datasets import Shelf, left_out, load_shelf, under_faults
from toolworld.environments import (
    FAULT_PROFILES,
    MAX_LOADED,
    SimulationPlan,
    check_program,
    find_folder,
    is_bundled,
    load_fault_profile,
    load_folder,
)
from toolworld.ground import NotFoundError

CONFORMANCE = "conformance"
"""Every feature of MCP in one server, for the official conformance suite."""
FAULTS_HELP = f"Put faults in the way: {', '.join(FAULT_PROFILES)}, or a JSON file with a profile."
TRUST_HELP = "Run programs that did not come with toolworld in this process: faster, and able to take it down."


class Choice(NamedTuple):
    """The environments that a person asked for."""

    names: list[str]
    tasks: Path | None = None
    faults: str | None = None
    trusted: bool = False
    seed: int | None = None

    @property
    def conformance(self) -> bool:
        """Whether the `conformance` environment is among them, which is a server and no world."""
        return CONFORMANCE in self.names and not Path(CONFORMANCE).exists()


async def load_choice(choice: Choice, simulation: SimulationPlan | None = None) -> Shelf:
    """Load what was asked for.

    Args:
        simulation: How calls are simulated; by default by the environments' programs.

    Raises:
        SpecError: an environment, its program, a task or the profile is not sound.
    """
    profile = load_fault_profile(choice.faults) if choice.faults is not None else None
    shelf = await load_shelf(choice.names, choice.tasks, simulation or SimulationPlan(choice.trusted))
    if simulation is not None and simulation.overrides:
        _all_there(simulation, shelf)
    if simulation is not None and simulation.model is not None:
        _note_what_the_model_does(choice, simulation, shelf)
    if not choice.trusted and len(shelf.runtimes) <= MAX_LOADED:
        for environment in shelf.environments:
            if environment.behaviour is not None and not is_bundled(environment.behaviour):
                await check_program(environment)
    return shelf if profile is None else await under_faults(shelf, profile, choice.seed)


def _note_what_the_model_does(choice: Choice, simulation: SimulationPlan, shelf: Shelf) -> None:
    """Say what a person may not expect: that a model is not asked, and that tasks are left out."""
    model = simulation.model.name if simulation.model else ""
    if len(shelf.runtimes) <= MAX_LOADED and not any(runtime.may_ask_model for runtime in shelf.runtimes.values()):
        aside().print(
            f"[yellow]no tool is simulated by {plain(model)}: all have programs "
            "(--simulator model switches them off, --agent lets a model play)[/]"
        )
    for place in (find_folder(name) for name in choice.names if choice.tasks is None):
        if place.is_dir():
            missing = left_out(place, shelf.runtimes[load_folder(place).id])
            if missing:
                aside().print(
                    f"[yellow]{count(len(missing), 'task')} of {plain(str(place))} left out: "
                    "their truth needs programs for the tools that they use[/]"
                )


def _all_there(simulation: SimulationPlan, shelf: Shelf) -> None:
    tools = {tool.name for environment in shelf.environments for tool in environment.tools}
    for name in simulation.overrides:
        if name not in tools:
            raise NotFoundError(
                f"--simulate {name}: no environment has such a tool; there are: {', '.join(sorted(tools))}"
            )
