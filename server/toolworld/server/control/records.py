"""Requests and responses of the control API."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from toolworld.datasets import Exchange, Scenario, Split
from toolworld.environments import FaultProfile, ToolSpec
from toolworld.ground import Integer, JsonObject, JsonValue, Record
from toolworld.judges import IfUnclear
from toolworld.server.episodes.shown_tool import ShownFunction


class Health(Record):
    """The server can make calls and keep them."""

    status: Literal["ok"]


class EnvironmentSummary(Record):
    """An environment that episodes can be opened in."""

    id: str
    version: str
    domain: str
    title: str
    description: str
    mcp_url: str
    """For a client that brings no episode."""
    tasks: int
    """How many tasks it has."""


class EnvironmentDetail(EnvironmentSummary):
    """An environment with its policy and tools."""

    policy: str
    tools: tuple[ToolSpec, ...]


class TaskDetail(Record):
    """A task as whoever runs an agent needs it; its ground truth is not shown."""

    id: str
    environment: str
    environment_version: str
    request: str
    """The user's opening words."""
    seed: int
    """The seed of the episode in which its truth was derived."""
    faults: FaultProfile | None
    scenario: Scenario
    """What a user simulator has to know. Agents never see it: the control API is not for them."""
    needs_user: bool
    """Whether somebody has to answer the agent: to tell what the request does not say, or to agree to a change."""
    split: Split
    """The split of its environment."""


IncludedPart = Literal["tools", "policy"]
"""What an answer that opens an episode can bring along, so that it need not be asked for."""
MAX_GROUP = 1000
"""Episodes that are opened with one request."""


def _either(one: str, other: str) -> JsonValue:
    return {"required": [one], "properties": {one: {"type": "string"}, other: {"type": "null"}}}


class OpenRequest(Record):
    """What to open an episode for: an environment, or a task in one."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [_either("environment", "task"), _either("task", "environment")]}
    )

    environment: str | None = None
    task: str | None = None
    seed: Integer | None = None
    """Decides the ids that the episode issues, and its injected faults; by default the task's, or 0."""
    faults: str | FaultProfile | None = None
    """The fault profile of its calls, by name or in full."""
    trial: Integer = 0
    """Which repetition of the task it is; of several the first."""
    count: Annotated[int, Field(ge=1, le=MAX_GROUP)] | None = None
    """How many, all from one start and under one seed; the answer is a list then. By default one, and no list."""
    include: tuple[IncludedPart, ...] = ()
    """What the answer brings along: `tools` and `policy`."""

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.environment is None) == (self.task is None):
            raise ValueError("give either an environment or a task")
        return self


class ForkRequest(Record):
    """Where to fork."""

    step: Integer | None = None
    """How many calls the fork shares with its parent; by default all."""


class Answer(Record):
    """What the agent told the user."""

    answer: str


class Conversation(Record):
    """What the agent said to the user, and what came back."""

    exchanges: tuple[Exchange, ...]


class VerdictRequest(Record):
    """What was said, where the user was not spoken to here; by default what was kept before."""

    answer: str | None = None
    """What the agent told the user."""
    messages: tuple[JsonObject, ...] | None = None
    """The whole conversation as OpenAI messages: consent is read in the user's words, and facts in the agent's."""
    if_unclear: IfUnclear = "none"
    """The reward where nothing failed and not everything could be decided."""


class EpisodeSummary(Record):
    """An episode."""

    id: str
    environment: str
    environment_version: str
    seed: int
    task: str | None
    parent: str | None
    fork_step: int
    steps: int
    exchanges: int
    """How often the user was spoken to, before a fork included."""
    digest: str
    """A digest of the state as it is now; equal states have equal digests."""
    initial_digest: str
    closed: bool
    faults: FaultProfile | None = None
    mcp_url: str
    """Where an agent calls the tools of this episode. Who has it can call tools, and nothing else."""
    calls_url: str
    """The same without MCP: plain calls."""
    user_url: str | None = None
    """Where the agent speaks to the task's user: `POST {said}` gives `{reply, done}`; None without a task."""
    user_mcp_url: str | None = None
    """Where a user proxy calls the user's tools, with the control API's token; None where there are none."""
    request: str | None = None
    """The user's opening words, where the episode is for a task."""
    tools: tuple[ShownFunction, ...] | None = None
    """The agent's tools, where the request that opened the episode included them."""
    policy: str | None = None
    """What the agent has to obey, where it was included."""
