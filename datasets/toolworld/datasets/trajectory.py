"""The record of a run: the conversation, and the episode's own log of calls, results and ops."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from toolworld.environments import Event, Op
from toolworld.ground import JsonObject, Record
from toolworld.llm import Message, Role, Usage

BlamedParty = Literal["agent", "user", "simulator", "host", "judge"]
"""Who can be to blame when a run breaks."""

StopReason = Literal["done", "turn_limit", "call_limit", "token_limit", "budget", "failed"]
"""Why a run ended: the user was done, a limit was reached, the budget for models was spent, or something broke
(then `Trajectory.blame` says who and how)."""


class Blame(Record):
    """The party that broke a run, and how. A run that anyone but the agent broke is void."""

    party: BlamedParty
    message: str
    step: int | None = None
    """The step of the log that broke it, where one did."""
    turn: int | None = None
    """The position in the trajectory's messages of what broke it, where something said did."""


class ModelUse(Record):
    """A model that took part in a run, and what it cost."""

    role: Role
    model: str
    seed: int | None = None
    """The seed of the first completion, from which the others follow; None for the simulator, whose seeds follow from
    the episode's."""
    temperature: float = 0.0
    usage: Usage


class Exchange(Record):
    """What the agent said to the user, and what came back."""

    said: str
    reply: str | None = None
    """None where the user did not reply any more."""
    agrees: Literal["yes", "no", "none"] | None = None
    """Whether the user agreed to what the agent said it would do."""
    done: bool = False
    """Whether the user is done."""
    step: int
    """How many calls had been made when it was said."""


def exchanges_of(messages: Sequence[Message]) -> tuple[Exchange, ...]:
    """A conversation without its calls, as it is kept with an episode."""
    found: list[Exchange] = []
    said, step = list[str](), 0
    for message in messages:
        if message.role == "tool":
            step = step + 1 if message.step is None else message.step + 1
        elif message.role == "assistant" and message.content:
            said.append(message.content)
        elif message.role == "user" and said:
            words = "\n".join(said)
            found.append(Exchange(said=words, reply=message.content, agrees=message.agrees, step=step))
            said = []
    return (*found, Exchange(said="\n".join(said), step=step)) if said else tuple(found)


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """What a host knows of an episode: the part of a trajectory that no player has to be trusted for."""

    id: str
    environment: str
    environment_version: str
    seed: int
    log: tuple[Event, ...]
    changes: tuple[Op, ...]
    """The difference between the initial and the final state."""
    initial_digest: str
    final_digest: str
    unanswered: tuple[str, ...] = ()
    """Calls that no model answered, as `tool: reason`; any of them voids the run."""


class Trajectory(Record):
    """One run of an agent in an episode, usually for a task."""

    schema_version: Literal[1] = 1
    id: str
    """The episode's id; for a run that never got an episode, the name of the planned run (`library/renew_one#0`)."""
    task: str | None = None
    """The task's id; None for an episode that was opened for no task."""
    environment: str
    environment_version: str
    seed: int
    trial: int = 0
    """Which repetition of the task with this seed it is, from 0."""
    agent: str
    """The agent's name: which model or script it is, or `outside` for an agent that the host does not know."""
    user: str
    system: str | None = None
    """The system message that the agent was sent; None where that is the policy, or the host does not know."""
    messages: tuple[Message, ...] = ()
    """The conversation; empty for an outside agent, whose words the host does not hear."""
    answer: str | None = None
    """What an outside agent says that it told the user."""
    log: tuple[Event, ...] = ()
    initial_digest: str
    final_digest: str
    changes: tuple[Op, ...] = ()
    stop: StopReason
    blame: Blame | None = None
    models: tuple[ModelUse, ...] = ()
    """The models that took part; empty where agent, user and tools were scripted."""
    usage: Usage = Usage()
    """The sum of what all models cost."""

    @classmethod
    def of_episode(
        cls,
        record: EpisodeRecord,
        *,
        task: str | None,
        agent: str = "outside",
        user: str = "outside",
        trial: int = 0,
        messages: Sequence[Message] = (),
        answer: str | None = None,
        stop: StopReason = "done",
        blame: Blame | None = None,
        players: Sequence[ModelUse] = (),
    ) -> "Trajectory":
        """The trajectory of an episode, as its host recorded it.

        Args:
            record: The host's record.
            task: The id of the task.
            agent: The agent's name.
            user: The user proxy's name.
            trial: Which repetition it is.
            messages: The conversation, where the host heard it.
            answer: What an outside agent says that it told the user.
            stop: Why the run ended; `failed` where a call was left unanswered.
            blame: Who broke the run; by default whoever the log shows to have broken it.
            players: The models of agent and user; those that simulated calls are added from the log.
        """
        if blame is None and record.unanswered:
            blame, stop = Blame(party="host", message=record.unanswered[0]), "failed"
        models = (*players, *_simulator_models(record.log))
        return cls(
            id=record.id,
            task=task,
            environment=record.environment,
            environment_version=record.environment_version,
            seed=record.seed,
            trial=trial,
            agent=agent,
            user=user,
            messages=tuple(messages),
            answer=answer,
            log=record.log,
            initial_digest=record.initial_digest,
            final_digest=record.final_digest,
            changes=record.changes,
            stop=stop,
            blame=blame or blame_simulator(record.log),
            models=models,
            usage=sum((model.usage for model in models), Usage()),
        )

    @property
    def run_id(self) -> str:
        """The same as `id`; see `latest_runs`."""
        return self.id

    @property
    def run(self) -> str:
        """The name of the planned run: the same for the same task, seed and trial."""
        return run_name(self.task or self.environment, self.seed, self.trial)

    @property
    def agent_texts(self) -> tuple[str, ...]:
        """Everything that the agent said to the user."""
        texts = [message.content for message in self.messages if message.role == "assistant" and message.content]
        return (*texts, self.answer) if self.answer else tuple(texts)


def run_name(task: str, seed: int, trial: int = 0) -> str:
    """The name of a run of a task: `library/renew_one#7`, and `library/renew_one#7.2` for trial 2 (from 0)."""
    return f"{task}#{seed}.{trial}" if trial else f"{task}#{seed}"


class RunRecord(Protocol):
    """A trajectory or a verdict."""

    @property
    def run(self) -> str:
        """The name of the run that was planned."""
        ...

    @property
    def run_id(self) -> str:
        """The id of what was played: the episode's, or the name of the run where no episode was opened."""
        ...


T = TypeVar("T", bound=RunRecord)


def latest_runs(records: Sequence[T]) -> tuple[T, ...]:
    """The records without those that a later one of the same run replaces, in the order of the last ones.

    Episodes are runs of their own, even of one task and seed. What was written where no episode could be
    opened is replaced by a record of the run with an episode.
    """
    latest = {record.run_id: record for record in records}
    played = {record.run for record in latest.values() if record.run_id != record.run}
    return tuple(record for record in latest.values() if record.run_id != record.run or record.run not in played)


def run_key(row: JsonObject) -> str:
    """The name of the run that a trajectory or a verdict is of, from its JSON."""
    return run_name(str(row["task"]), int(str(row["seed"])), int(str(row.get("trial", 0))))


def blame_simulator(log: Sequence[Event]) -> Blame | None:
    """The blame for the first call that broke its simulator, if there is one."""
    for event in log:
        if event.failure is not None and event.failure.kind == "simulator":
            message = f"step {event.step}: {event.failure.detail}"
            return Blame(party="simulator", message=message, step=event.step)
    return None


def _simulator_models(log: Sequence[Event]) -> list[ModelUse]:
    """The models that answered calls, each with what it cost."""
    costs: dict[str, Usage] = {}
    for event in log:
        if event.model is not None:
            costs[event.model] = costs.get(event.model, Usage()) + (event.usage or Usage())
    return [ModelUse(role="simulator", model=model, usage=usage) for model, usage in costs.items()]
