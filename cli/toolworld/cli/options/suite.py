"""The environments and tasks that a verb works on, as its options name them."""

from dataclasses import dataclass
from pathlib import Path

from toolworld.cli.screen import count, plain, stderr_console
from toolworld.datasets import TaskSuite, drafts_without_programs, load_suite, suite_under_faults
from toolworld.environments import (
    MAX_LOADED,
    SimulationPlan,
    find_environments,
    load_fault_profile,
)
from toolworld.ground import UsageError

WEAK_ISOLATION = (
    "this system does not let us filter system calls: programs of others are held by the check of their language, "
    "by limits, and by processes of their own"
)


@dataclass(frozen=True, slots=True)
class SuiteOptions:
    """What a person wrote."""

    names: tuple[str, ...]
    tasks: Path | None = None
    """A file of tasks instead of the folders' own."""
    only: tuple[str, ...] = ()
    """Ids of tasks; by default all."""
    faults: str | None = None
    trusted: bool = False
    seed: int | None = None


async def load_chosen_suite(options: SuiteOptions, simulation: SimulationPlan | None = None) -> TaskSuite:
    """Load what the options name.

    Args:
        options: The options.
        simulation: How calls are simulated; by default by the environments' programs.

    Raises:
        SpecError: an environment, its program, a task or the fault profile is not sound.
        NotFoundError: there is no such task.
        UsageError: a tool that is to be simulated otherwise does not exist.
    """
    profile = load_fault_profile(options.faults) if options.faults is not None else None
    suite = await load_suite(options.names, options.tasks, simulation or SimulationPlan(options.trusted))
    if simulation is not None and simulation.overrides:
        _require_tools(simulation, suite)
    if simulation is not None and simulation.model is not None:
        _warn_of_model(options, simulation, suite)
    if len(suite.runtimes) <= MAX_LOADED:
        for runtime in suite.runtimes.values():
            await runtime.load_program()
        if suite.runtimes.simulation.workers.strength == "limited":
            stderr_console().print(f"[yellow]{WEAK_ISOLATION}[/]")
    if options.only:
        suite = suite.only(options.only)
    return suite if profile is None else await suite_under_faults(suite, profile, options.seed)


def _warn_of_model(options: SuiteOptions, simulation: SimulationPlan, suite: TaskSuite) -> None:
    """Warn of what may be unexpected: the model is not asked, or tasks are left out."""
    model = simulation.model.name if simulation.model else ""
    if len(suite.runtimes) <= MAX_LOADED and not any(runtime.may_ask_model for runtime in suite.runtimes.values()):
        stderr_console().print(
            f"[yellow]no tool is simulated by {plain(model)}: all have programs "
            "(--simulator model switches them off, --agent lets a model play)[/]"
        )
    for found in find_environments(options.names) if options.tasks is None else ():
        if found.path.is_dir():
            missing = drafts_without_programs(found.path, suite.runtimes[found.id])
            if missing:
                stderr_console().print(
                    f"[yellow]{count(len(missing), 'task')} of {plain(str(found.path))} left out: "
                    "their truth needs programs for the tools that they use[/]"
                )


def _require_tools(simulation: SimulationPlan, suite: TaskSuite) -> None:
    tools = {tool.name for environment in suite.environments for tool in environment.tools}
    for name in simulation.overrides:
        if name not in tools:
            raise UsageError(
                f"--simulate {name}: no environment has such a tool; there are: {', '.join(sorted(tools))}"
            )
