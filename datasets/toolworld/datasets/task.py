"""What an agent is asked to do, what doing it right looks like, and what the person asking knows."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from toolworld.datasets.fact import Facts, Secret
from toolworld.environments import Call, FaultProfile, Op
from toolworld.ground import JsonValue, Record


class Reaction(Record):
    """What the user says once, when it has heard something: a condition of its goal, or a change of mind."""

    when: Facts = ()
    """What the agent has told the user, all of it."""
    after: Annotated[int, Field(ge=0)] | None = None
    """The position, among the task's calls, of a change that the user has agreed to: a change of mind comes when the
    agent speaks next."""
    say: str
    agrees: Literal["yes", "no", "none"] = "none"
    """Whether it agrees to what the agent said it would do, or takes back what it agreed to. With `none`, an agent that
    proposes something is answered as always, in the same reply."""

    @model_validator(mode="after")
    def _check_occasion(self) -> Self:
        if not self.when and self.after is None:
            raise ValueError("a reaction has an occasion: `when` the user has heard facts, or `after` a change")
        return self


class Scenario(Record):
    """The user's side of a task: everything a user proxy needs, and nothing that only a database knows."""

    persona: str = ""
    goal: str
    """What the user wants, in the second person."""
    known: str = ""
    """What the user can tell when asked."""
    unknown: str = ""
    """What the user cannot tell."""
    facts: dict[str, JsonValue] = Field(default_factory=dict)
    """Single facts by the name under which an agent would ask for them, such as `zip`."""
    instructions: str = ""
    """How the user behaves."""
    reactions: tuple[Reaction, ...] = ()
    """What the user says when it hears something, for a user proxy that is scripted; `goal` says it in words."""


class ReferenceCall(Record):
    """A ground-truth call, with what it returned when the task was made."""

    call: Call
    written: Call | None = None
    """The call as it was written, where its arguments refer to earlier results (`$4.dispute_id`)."""
    result: JsonValue = None
    error: str | None = None
    """The code of the error that the call is meant to end in; None for a call that succeeds."""
    writes: bool = True
    """Whether it changed the state, or would have if it had not been refused."""
    unless_told: Facts = ()
    """What the user may tell instead, so that the call is not needed."""


class GroundTruth(Record):
    """What a run is held against."""

    changes: tuple[Op, ...] = ()
    """The difference between the initial and the right final state: all of it, and nothing else."""
    digest: str
    """The digest of the right final state."""
    touched: tuple[str, ...] | None = None
    """The records and singletons that the reference calls change on the way, `collection/key`, and `collection/new` for
    each that they make: no other may be changed, even for a while. None where nobody knows."""
    calls: tuple[int, ...] = ()
    """Reference calls (by position) that must be made because the final state cannot tell whether they were."""
    order: Literal["any", "given"] = "any"
    """Whether those calls must come in the order of the reference."""
    facts: Facts = ()
    """What the user must be told."""
    never_told: tuple[Secret, ...] = ()
    """What the user must not be told, unless they said it first."""
    forbidden: tuple[Call, ...] = ()
    """Calls that must not succeed; arguments that are left out match any."""


class TaskOrigin(Record):
    """How a task was sampled."""

    mode: str
    """The kind of chain that its calls are: sequential, multi_tool, clarification_first, parallel or short."""
    style: str
    """How its user speaks."""
    patterns: tuple[str, ...] = ()
    """What it has: a question, a condition, a correction, a refusal, look-alikes, several intents, a fault."""
    words: Literal["grammar", "model"] = "grammar"
    """Who put its request into words."""
    number: int = 0
    """Which of the tasks of its run it is."""

    def with_pattern(self, pattern: str) -> Self:
        """The same with another thing that the task has."""
        return self.model_copy(update={"patterns": (*self.patterns, pattern)})


Tier = Literal["easy", "medium", "hard"]
"""How difficult a task is: the mean pass rate over agents is two thirds and more, one third and more, or less."""


class TaskDifficulty(Record):
    """How difficult a task is, as it was measured."""

    tier: Tier | None
    """None where no run was judged."""
    rate: float
    """The mean pass rate over the agents."""
    low: float
    high: float
    """`low` to `high` is the 95 % interval of the share of all runs that passed (Wilson)."""
    agents: dict[str, tuple[int, int]]
    """How many runs of each agent passed, and how many were judged."""


class Task(Record):
    """A verifiable task in an environment."""

    schema_version: Literal[1] = 1
    id: str
    environment: str
    environment_version: str
    """The content hash of the environment that the task was made in; in another one its truth may not hold."""
    request: str
    """The user's opening words."""
    scenario: Scenario
    calls: tuple[ReferenceCall, ...]
    truth: GroundTruth
    faults: FaultProfile | None = None
    """What gets in the way of calls; the reference calls include getting over it."""
    seed: int = 0
    """The seed of the episode in which the reference calls were made."""
    origin: TaskOrigin | None = None
    """How it was sampled; None where people or models wrote it."""
    difficulty: TaskDifficulty | None = None
    """How difficult it is for agents that played it; None where nobody measured it."""
