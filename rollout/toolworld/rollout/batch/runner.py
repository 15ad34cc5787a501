"""Playing planned runs: each in an episode of a host, or with blame on it where that is not to be had."""

from collections.abc import Callable
from dataclasses import dataclass, field

from toolworld.datasets import Blame, Trajectory
from toolworld.ground import ToolworldError, span
from toolworld.rollout.batch.players import Players
from toolworld.rollout.hosts.host import Host
from toolworld.rollout.planned_run import PlannedRun
from toolworld.rollout.play.limits import Limits
from toolworld.rollout.play.play import play, unplayed

MAX_EQUAL_FAILURES = 3
"""After how many runs in a row that the host broke in the same way no other run is begun."""


@dataclass(slots=True)
class Runner:
    """Plays runs one by one or many at a time, and notices when going on is pointless."""

    host: Host
    players: Callable[[PlannedRun], Players]
    limits: Limits = field(default_factory=Limits)
    stopped_by: str | None = None
    """What broke the last runs, all in the same way; then no other run should be begun."""
    _failure: str = ""
    _failures: int = 0

    async def play(self, run: PlannedRun) -> Trajectory:
        """Play a run. What breaks it becomes blame on its trajectory; only cancellation passes through."""
        players = self.players(run)
        if self.limits.budget_is_spent:
            return unplayed(run, players.agent.name, players.user.name, None, "budget")
        trajectory = await self._play(run, players)
        self._note(trajectory)
        return trajectory

    async def _play(self, run: PlannedRun, players: Players) -> Trajectory:
        try:
            with span(
                f"invoke_agent {players.agent.name}",
                gen_ai__operation__name="invoke_agent",
                gen_ai__agent__name=players.agent.name,
                toolworld__task=run.task.id,
            ):
                async with self.host.session(run) as session:
                    return await play(run, players.agent, players.user, session, self.limits)
        except ToolworldError as problem:
            blame = Blame(party="host", message=str(problem))
        except Exception as problem:  # noqa: BLE001 - whatever breaks a run is blame on it, and does not end the others
            blame = Blame(party="host", message=f"{type(problem).__name__}: {problem}")
        return unplayed(run, players.agent.name, players.user.name, blame)

    def _note(self, trajectory: Trajectory) -> None:
        """Count equal failures of the host in a row: a dead endpoint would break every run that is left."""
        blame = trajectory.blame
        failure = blame.message if blame is not None and blame.party == "host" else ""
        self._failures = self._failures + 1 if failure and failure == self._failure else int(bool(failure))
        self._failure = failure
        if self._failures >= MAX_EQUAL_FAILURES:
            self.stopped_by = failure


def has_ended(trajectory: Trajectory) -> bool:
    """Whether a run of an earlier batch counts; one that its host or the budget cut off is played again."""
    return trajectory.stop != "budget" and (trajectory.blame is None or trajectory.blame.party != "host")
