"""`toolworld judge --repair`: runs that do not pass, with other words or played again."""

from collections.abc import Sequence

from toolworld.cli.commands.judging.records import InputRecord, PlayAgain
from toolworld.cli.commands.tasks_check import open_host
from toolworld.cli.screen import progress
from toolworld.datasets import TaskSuite, Trajectory
from toolworld.environments import Runtime, RuntimePool
from toolworld.ground import for_each
from toolworld.judges import Judgement, Repairer, RepairHistory
from toolworld.llm import Model
from toolworld.rollout import ModelAgent, PlannedRun, ScriptedUser, play

_AT_ONCE = 8


async def repair_all(
    repairer: Repairer, records: Sequence[InputRecord], judgements: Sequence[Judgement]
) -> tuple[list[InputRecord], list[Judgement], list[RepairHistory | None]]:
    """Repair each record that does not pass.

    Returns:
        The records and their judgements, repaired or as they were, and what was tried; None where nothing was.
    """
    made, judged = [*records], [*judgements]
    histories: list[RepairHistory | None] = [None] * len(made)
    failed = [number for number, one in enumerate(judged) if one.passed is False]
    with progress("repairing") as bar:
        line = bar.add_task("", total=len(failed))

        async def repair_one(number: int) -> None:
            found = await repairer.repair(made[number].source(), judged[number])
            made[number], judged[number] = found.version.kept, found.judgement
            histories[number] = found.history
            bar.advance(line)

        await for_each(failed, repair_one, at_once=_AT_ONCE)
    return made, judged, histories


def agent_plays_again(model: Model) -> PlayAgain:
    """Plays a run again with a model as the agent, which knows what was wrong, and the scripted user."""

    async def again(run: PlannedRun, runtime: Runtime, problems: str) -> Trajectory:
        pool = RuntimePool.of([runtime.environment], runtime.simulation)
        async with open_host(TaskSuite(pool, (run.task,))) as host, host.session(run) as session:
            agent = ModelAgent(model, seed=run.players_seed, hint=problems)
            return await play(run, agent, ScriptedUser(run.task), session)

    return again
