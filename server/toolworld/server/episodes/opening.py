"""Opening episodes as people and other frameworks ask for them: by an environment or a task, one or a group."""

from collections.abc import Sequence
from dataclasses import dataclass

from toolworld.environments import FAULT_PROFILES, FaultProfile
from toolworld.ground import NotFoundError, UsageError
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What episodes are opened for."""

    environment: str | None = None
    task: str | None = None
    """A task's id; it may name a fault profile too (`library/renew_one~flaky`)."""
    seed: int | None = None
    """By default the task's, or 0."""
    faults: str | FaultProfile | None = None
    trial: int = 0
    """Which repetition of the task the first one is."""


async def open_one(episodes: Episodes, asked: Opening) -> Episode:
    """Open an episode.

    Raises:
        NotFoundError: there is no such environment, task or fault profile.
        UsageError: neither or both of environment and task are named, or the task cannot be done under the profile.
    """
    [episode] = await open_group(episodes, asked, 1)
    return episode


async def open_group(episodes: Episodes, asked: Opening, count: int) -> Sequence[Episode]:
    """Open several episodes of one start and seed, as repetitions of one task; all, or none stays open.

    Raises:
        NotFoundError: there is no such environment, task or fault profile.
        UsageError: neither or both of environment and task are named, or the task cannot be done under the profile.
    """
    if (asked.environment is None) == (asked.task is None):
        raise UsageError("give either an environment or a task")
    name, faults = _task_and_faults(episodes, asked)
    task = episodes.tasks.get(name) if name is not None else None
    environment = task.environment if task else asked.environment or ""
    seed = asked.seed if asked.seed is not None else task.seed if task else 0
    opened: list[Episode] = []
    try:
        for trial in range(asked.trial, asked.trial + count):
            opened.append(await episodes.open(environment, seed, name, faults, trial=trial))
    except BaseException:
        for episode in opened:
            await episode.close()
        raise
    return opened


def _task_and_faults(episodes: Episodes, asked: Opening) -> tuple[str | None, FaultProfile | None]:
    """The task as it is known here, and the fault profile, which the task's id may name too."""
    faults = _profile(asked.faults) if isinstance(asked.faults, str) else asked.faults
    if asked.task is None or episodes.tasks.find(asked.task) is not None:
        return asked.task, faults
    plain, _, name = asked.task.partition("~")
    if not name or episodes.tasks.find(plain) is None:
        return asked.task, faults  # is not found when it is opened
    named = faults if faults is not None and faults.name == name else _profile(name)
    if faults is not None and faults != named:
        raise UsageError(f"task {asked.task} is under the fault profile {name}, and `faults` is {faults.name}")
    return plain, named


def _profile(name: str) -> FaultProfile:
    """A bundled fault profile; the name of a file means nothing to a server."""
    if name not in FAULT_PROFILES:
        raise NotFoundError(f"there is no fault profile {name!r}; there are: {', '.join(FAULT_PROFILES)}")
    return FAULT_PROFILES[name]
