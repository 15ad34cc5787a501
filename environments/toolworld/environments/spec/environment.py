"""What an environment is: tools over a state, a policy, a clock, and a program that says how the tools behave."""

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, PrivateAttr, StringConstraints

from toolworld.environments.spec.clock import Clock
from toolworld.environments.spec.fault_profile import FaultProfile
from toolworld.environments.spec.policy_rule import Rule, tools_of_rule
from toolworld.environments.spec.reads import Reads
from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.spec.resource import ResourceSpec
from toolworld.environments.spec.tool import Party, ToolSpec
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.ground import Record, digest

EnvironmentId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
"""Lower-case letters, digits, `-` and `_`, at most 100: it stands in URLs and file names."""

BEHAVIOUR_FILE = "behaviour.py"
"""The file of an environment folder that holds its program."""


def _unique(tools: tuple[ToolSpec, ...]) -> tuple[ToolSpec, ...]:
    names = [tool.name for tool in tools]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two tools are called {twice[0]}")
    return tools


MAX_NAMED = 200
"""How many tools a message names."""


class Environment(Record):
    """A set of tools over a state, with everything that is needed to answer their calls."""

    schema_version: Literal[1] = 1
    """Of the file format."""
    id: EnvironmentId
    """Lower-case letters, digits, `-` and `_`."""
    domain: str
    """The application domain, such as `public library`."""
    title: str
    """A name for people."""
    description: str
    """What it is, in a sentence."""
    policy: str
    """What an agent must obey, in Markdown; agents get it as the MCP server's instructions."""
    tools: Annotated[tuple[ToolSpec, ...], AfterValidator(_unique)]
    """What agents and users can call."""
    rules: tuple[Rule, ...] = ()
    """The part of the policy that a check can enforce."""
    state_schema: StateSchema
    """The collections and singletons that the tools read and change."""
    initial_state: StateDocument
    """The state that every episode begins with."""
    clock: Clock
    """The simulated time."""
    reads: Reads = Reads()
    """How dates in figures, telephone numbers and sums in what people say are read."""
    behaviour: str | None = None
    """The source of a program with one function per tool; None where a model simulates the tools."""
    recording: tuple[RecordedAnswer, ...] = ()
    """What a real server answered, of which this is the twin; asked the same again, that is the answer."""
    resources: tuple[ResourceSpec, ...] = ()
    """What stands behind tools that look things up outside the state."""
    faults: FaultProfile | None = None
    """The fault profile that the environment was rewritten for; see `with_faults`."""
    _origin: str | None = PrivateAttr(default=None)

    @cached_property
    def content_digest(self) -> str:
        """The SHA-256 of all that answers calls: program, recording, resources, tools, state and clock."""
        parts = {"behaviour", "recording", "resources", "tools", "state_schema", "initial_state", "clock"}
        return digest(self.model_dump(mode="json", include=parts))

    @property
    def origin_digest(self) -> str:
        """The `content_digest` of the environment that this one was derived from, or its own."""
        return self._origin or self.content_digest

    @cached_property
    def folder(self) -> Path | None:
        """The folder that it was loaded from, where the files of its resources are; None where nobody knows."""
        return None

    def at(self, folder: Path | None) -> Self:
        """The same, as loaded from a folder. Where it was loaded from is no part of what it is."""
        object.__setattr__(self, "folder", folder)
        return self

    @cached_property
    def version(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the content; fields at their defaults do not count."""
        return digest(self.model_dump(mode="json", exclude_defaults=True))[:16]

    def tool(self, name: str) -> ToolSpec | None:
        """The tool of that name, or of that name at the server that it was recorded from; None if there is none."""
        return self._tools_by_name.get(name)

    def tools_of(self, party: Party) -> tuple[ToolSpec, ...]:
        """The tools that `party` can see and call."""
        return self._tools_by_party[party]

    def unknown_tool(self, name: str, party: Party | None = None) -> str:
        """The sentence that a call of an unknown tool is answered with; it names the tools of a party, or all."""
        known = [tool.name for tool in (self.tools if party is None else self.tools_of(party))]
        more = ", ..." if len(known) > MAX_NAMED else ""
        return f"environment {self.id} has no tool {name[:80]!r}; its tools: {', '.join(known[:MAX_NAMED])}{more}"

    @property
    def has_user_tools(self) -> bool:
        """Whether the user has tools of its own."""
        return bool(self._tools_by_party["user"])

    def without_tools(self, names: Iterable[str]) -> Self | None:
        """A copy without some tools and the rules that name them; None if no tool is left."""
        left_out = {*names}
        tools = tuple(tool for tool in self.tools if tool.name not in left_out)
        rules = tuple(rule for rule in self.rules if not left_out & tools_of_rule(rule))
        return self.replaced(tools=tools, rules=rules) if tools else None

    def replaced(self, **changes: object) -> Self:
        """A copy with some fields replaced, validated anew; its version follows from its content."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        made = self.model_validate({**fields, **changes})
        return made.at(self.folder)

    def derived(self, **changes: object) -> Self:
        """The same as `replaced` for changes that toolworld itself makes: the copy is trusted as the original is."""
        made = self.replaced(**changes)
        made._origin = self.origin_digest
        return made

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same as `replaced`: pydantic's own copy keeps cached properties, so the version of the original."""
        del deep  # nothing in it can be changed
        return self.replaced(**(update or {}))

    @cached_property
    def _tools_by_name(self) -> dict[str, ToolSpec]:
        recorded = {str(tool.listing["name"]): tool for tool in self.tools if tool.listing is not None}
        return recorded | {tool.name: tool for tool in self.tools}

    @cached_property
    def _tools_by_party(self) -> dict[Party, tuple[ToolSpec, ...]]:
        parties: tuple[Party, ...] = ("agent", "user")
        return {party: tuple(tool for tool in self.tools if tool.party == party) for party in parties}


EnvironmentSource = Callable[[], Environment]
"""Reads an environment from wherever it is kept, at each call."""
