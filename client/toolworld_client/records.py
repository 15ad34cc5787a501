"""What a server tells: environments, tasks, results of calls, the user's replies, and verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from toolworld_client.errors import VoidRun

Json = Any
"""A JSON value."""
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Environment:
    """An environment that episodes can be opened in."""

    id: str
    version: str
    title: str
    description: str
    tasks: int
    """How many tasks it has."""


@dataclass(frozen=True)
class Task:
    """A task."""

    id: str
    environment: str
    version: str
    """Of the environment."""
    seed: int
    request: str
    """The user's opening words."""
    needs_user: bool
    """Whether somebody has to answer the agent: to tell what the request does not say, or to agree to a change."""
    split: str
    """`train`, `validation` or `test`: that of the environment."""
    faults: str | None = None
    """The name of the fault profile that it is under."""
    scenario: dict[str, Json] = field(default_factory=dict[str, Json], repr=False, compare=False)
    """What a user simulator has to know. Agents must not see it."""

    @classmethod
    def read(cls, told: dict[str, Json]) -> Task:
        """A task as the server tells it."""
        return cls(
            id=told["id"],
            environment=told["environment"],
            version=told["environment_version"],
            seed=told["seed"],
            request=told["request"],
            needs_user=told["needs_user"],
            split=told["split"],
            faults=told["faults"]["name"] if told["faults"] else None,
            scenario=told["scenario"],
        )


@dataclass(frozen=True)
class ToolError:
    """Why a call failed."""

    kind: str
    """`arguments`: they do not fit the schema, or there is no such tool. `tool`: the tool refused the call."""
    code: str
    message: str


@dataclass(frozen=True)
class Result:
    """What came of a call."""

    text: str
    """What the model reads: the result as JSON, or why the call failed."""
    data: Json = None
    """The result; None for a call that failed."""
    error: ToolError | None = None
    step: int | None = None
    """The call's place in the log, from 0; None where it was not logged, as of a tool that there is not."""

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.error is None

    @classmethod
    def read(cls, told: dict[str, Json]) -> Result:
        """A result as the server tells it."""
        failure = told["failure"]
        error = ToolError(failure["kind"], failure["code"], failure["message"]) if failure else None
        return cls(told["text"], told["result"], error, told["step"])

    @classmethod
    def unreadable(cls, name: str, problem: str) -> Result:
        """The result of a call that was not made, because nobody can read its arguments."""
        text = f"invalid arguments for {name}: {problem}"
        return cls(text, None, ToolError("arguments", "invalid_arguments", text))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Heard:
    """What the user answered."""

    text: str
    done: bool
    """Whether the user is done: the conversation is over, and the verdict can be asked for."""
    steps: int = 0
    """How many calls have been made by now; the user may have made some of its own."""


@dataclass(frozen=True)
class Verdict:
    """The judgement of a run."""

    outcome: str
    """`pass`, `fail`, `unclear` or `void`."""
    reward: float | None
    """From 0 to 1. None where the run is void or unclear: leave it out, and do not count it as a zero."""
    checks: dict[str, str] = field(default_factory=dict[str, str])
    """The outcome of each check by its name."""
    blame: str | None = None
    """Who broke the run, and how."""
    messages: tuple[dict[str, Json], ...] = field(default=(), repr=False)
    """The conversation, where `play` held it."""
    episode: str = ""
    """The id of the episode."""
    document: dict[str, Json] = field(default_factory=dict[str, Json], repr=False)
    """All that the server told, with the evidence where the token may see it."""

    @classmethod
    def read(cls, told: dict[str, Json]) -> Verdict:
        """A verdict as the server tells it."""
        blame = told.get("blame")
        return cls(
            outcome=told["outcome"],
            reward=told["reward"],
            checks={check["name"]: check["outcome"] for check in told["checks"]},
            blame=f"{blame['party']}: {blame['message']}" if blame else None,
            episode=told["trajectory"],
            document=told,
        )

    @property
    def is_void(self) -> bool:
        """Whether there is no reward, so that the run has to be left out."""
        return self.reward is None

    @property
    def metrics(self) -> dict[str, float]:
        """1 or 0 for each check that was decided, for a trainer's log; the mean over runs is the share that passed."""
        return {
            f"toolworld/{name}": float(outcome == "pass")
            for name, outcome in self.checks.items()
            if outcome in ("pass", "fail")
        }

    def required(self) -> float:
        """The reward, where a framework cannot leave a sample out.

        Raises:
            VoidRun: there is none.
        """
        if self.reward is None:
            raise VoidRun(f"the run is {self.outcome}: {self.blame or 'it could not be decided'}")
        return self.reward
