"""What the user had agreed to before each call of the agent's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from toolworld.datasets import Trajectory
from toolworld.environments import Environment, Event
from toolworld.ground import same
from toolworld.judges.consent.reader import read_consent
from toolworld.judges.facts.language import load_language
from toolworld.llm import Message, ToolCall


@dataclass(frozen=True, slots=True)
class Agreement:
    """What stood when a call was made."""

    agreed: tuple[str, ...]
    """The proposals that the user had agreed to, and that were neither withdrawn nor replaced."""
    unclear: tuple[str, ...]
    """The proposals of which nobody can say whether the user agreed to them."""


@dataclass(frozen=True, slots=True)
class AgreedCall:
    """A call of the agent's in the log, with what the user had agreed to."""

    event: Event
    turn: int
    """The position of the message that makes the call."""
    agreement: Agreement


class Ledger:
    """Follows a conversation: a yes adds what was proposed, a no takes all back, another proposal replaces it."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._proposal: list[str] = []
        self._last = ""
        self._agreed: list[str] = []
        self._unclear: list[str] = []

    @property
    def agreement(self) -> Agreement:
        """What stands now."""
        return Agreement(tuple(self._agreed), tuple(self._unclear))

    def add(self, message: Message, today: date) -> None:
        """Take up a message of the agent or the user."""
        if message.role == "assistant" and message.content:
            self._proposal.append(message.content)
        elif message.role == "user" and self._proposal:  # the opening words agree to nothing
            self._last = "\n".join(self._proposal)
            self._proposal = []
            self._reply(message, self._last, today)
        elif message.role == "user" and self._last:  # the user adds something
            self._reply(message, self._last, today)

    def _reply(self, message: Message, proposal: str, today: date) -> None:
        match message.agrees or read_consent(message.content or "", proposal, today, self._environment.reads):
            case "yes":
                self._agreed.append(proposal)
            case "no":
                self._agreed, self._unclear = [], []
            case "unclear":  # whether what was agreed to before still holds is unclear, too
                self._unclear, self._agreed = [*self._unclear, *self._agreed, proposal], []
            case _:
                if load_language().has("asks_to_proceed", proposal):  # another thing was proposed, and not agreed to
                    self._agreed, self._unclear = [], []


def agreed_calls(trajectory: Trajectory, environment: Environment) -> Iterator[AgreedCall]:
    """Yield each call of the agent's that the conversation shows, with what had been agreed to before it."""
    ledger, used = Ledger(environment), set[int]()
    results = iter([message for message in trajectory.messages if message.role == "tool"])
    for turn, message in enumerate(trajectory.messages):
        ledger.add(message, environment.clock.at(len(used)).date())
        for call in message.tool_calls:
            result = next((one for one in results if one.tool_call_id == call.id), None)
            step = result.step if result is not None else None
            found = step if step is not None else _find(trajectory.log, used, call, environment)
            if found is not None and found < len(trajectory.log):
                used.add(found)
                yield AgreedCall(trajectory.log[found], turn, ledger.agreement)


def last_agreement(trajectory: Trajectory, environment: Environment) -> Agreement:
    """What stood at the end of a conversation."""
    ledger = Ledger(environment)
    for message in trajectory.messages:
        ledger.add(message, environment.clock.at(0).date())
    return ledger.agreement


def _find(log: tuple[Event, ...], used: set[int], call: ToolCall, environment: Environment) -> int | None:
    """The first step that is the call and no other's; None for a call that never reached the log, of no tool."""
    for event in log:
        tool = environment.tool(event.call.name)
        if event.step in used or tool is None or not _is_named(event.call.name, call.name):
            continue
        if same(tool.with_defaults(event.call.arguments), tool.with_defaults(call.arguments)):
            return event.step
    return None


def _is_named(tool: str, name: str) -> bool:
    """Whether a call names a tool, perhaps behind its server's name, as clients of MCP write it."""
    return name == tool or re.search(rf"[_.:/-]{re.escape(tool)}$", name) is not None
