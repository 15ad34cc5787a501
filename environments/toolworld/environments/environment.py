"""What an environment is: tools over a state, a policy, a clock, and a program that says how the tools behave."""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, StringConstraints

from toolworld.environments.clock import Clock
from toolworld.environments.fault_profile import FaultProfile
from toolworld.environments.rule import Rule
from toolworld.environments.state_schema import StateDocument, StateSchema
from toolworld.environments.tool import ToolSpec, User
from toolworld.ground import Record, digest

EnvironmentId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
"""Lower-case letters, digits, `-` and `_`: it stands in URLs and file names."""


def _unique(tools: tuple[ToolSpec, ...]) -> tuple[ToolSpec, ...]:
    names = [tool.name for tool in tools]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two tools are called {twice[0]}")
    return tools


class Environment(Record):
    """Everything that is needed to bring a set of tools alive."""

    schema_version: Literal[1] = 1
    id: EnvironmentId
    field: str
    """The trade it is from, such as `public library`."""
    title: str
    description: str
    policy: str
    """What an agent must obey, in Markdown; agents get it as the MCP server's instructions."""
    tools: Annotated[tuple[ToolSpec, ...], AfterValidator(_unique)]
    rules: tuple[Rule, ...] = ()
    state_schema: StateSchema
    initial_state: StateDocument
    clock: Clock
    behaviour: str | None = None
    """A Starlark program with one function a tool; None where a model simulates the tools."""
    faults: FaultProfile | None = None
    """What gets in the way of calls; see `drift.with_faults`."""

    @cached_property
    def version(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of its content."""
        content = self.model_dump(mode="json")
        for tool in content["tools"]:
            if tool["by"] == "agent":  # as it always was: a version outlives the fields that came after it
                del tool["by"]
        return digest(content)[:16]

    def tool(self, name: str) -> ToolSpec | None:
        """Give a tool by its name, or None."""
        return self._by_name.get(name)

    @property
    def has_tools_for_users(self) -> bool:
        """Whether the person whom the agent talks to has tools too."""
        return any(tool.by == "user" for tool in self.tools)

    def seen_by(self, party: User) -> "Environment":
        """Give the environment with the tools of one party only: what comes in by that party's door."""
        return self._seen_by_agents if party == "agent" else self._seen_by_users

    @cached_property
    def _seen_by_agents(self) -> "Environment":
        return self._with_tools_of("agent")

    @cached_property
    def _seen_by_users(self) -> "Environment":
        return self._with_tools_of("user")

    def _with_tools_of(self, party: User) -> "Environment":
        tools = tuple(tool for tool in self.tools if tool.by == party)
        if len(tools) == len(self.tools):
            return self
        same = {name: getattr(self, name) for name in Environment.model_fields}
        return Environment.model_validate({**same, "tools": tools})

    @cached_property
    def _by_name(self) -> dict[str, ToolSpec]:
        return {tool.name: tool for tool in self.tools}
