"""What a judge is shown of a run, within a number of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from toolworld.datasets import ConversationRecord, Task, Trajectory, Verdict, statements
from toolworld.environments import Environment
from toolworld.ground import JsonObject, JsonValue, encode
from toolworld.llm import Message

CHARACTERS_A_TOKEN = 4
"""How many characters of JSON a token is reckoned to have, which is few."""
LONGEST_RESULT, LONGEST_MESSAGE = 2_000, 8_000
"""Characters of the result of a call, and of a message, that are shown."""
_LEAST_SHOWN = 4
"""How many parts of the budget a message may be at most, one of which is always left for the last one."""


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run as its judges see it, whether it was made by toolworld or by others."""

    id: str
    messages: tuple[Message, ...]
    environment: str | None = None
    pattern: str | None = None
    policy: str = ""
    tools: tuple[JsonValue, ...] = ()
    """The tools with their schemas, as far as they are known."""
    expected: JsonObject = field(default_factory=dict[str, JsonValue])
    """What the task asks for: calls, changes, and what is to be told."""
    changes: tuple[JsonValue, ...] | None = None
    """What the run changed; None where nobody knows."""
    statements: tuple[str, ...] = ()
    verdict: Verdict | None = None
    """What the checks found."""

    def text(self, budget: int) -> tuple[str, str | None]:
        """The run as lines of JSON, and what was left out of it.

        Each is one line of JSON, cut where it is too long, so that nothing in it can look like a part of the prompt.

        Args:
            budget: About how many tokens it may have.
        """
        facts = self._facts()
        most = budget * CHARACTERS_A_TOKEN // (2 * max(len(facts), 1))
        head = [_cut(encode({name: value}).decode(), most) for name, value in facts]
        lines = [encode(_line(turn, message, budget)).decode() for turn, message in enumerate(self.messages)]
        room = budget * CHARACTERS_A_TOKEN - sum(map(len, head))
        first, last = _shown_ends([len(line) for line in lines], room)
        if first + last >= len(lines):
            return "\n".join([*head, *lines]), None
        left_out = f"turns {first} to {len(lines) - last - 1} of {len(lines)}"
        mark = encode({"left out, as there was no room": left_out}).decode()
        return "\n".join([*head, *lines[:first], mark, *lines[len(lines) - last :]]), left_out

    def _facts(self) -> list[tuple[str, JsonValue]]:
        facts: list[tuple[str, JsonValue]] = [
            ("policy", self.policy),
            ("tools", [*self.tools]),
            ("what the task asks for", self.expected),
            ("what the run changed", None if self.changes is None else [*self.changes]),
            ("what the checks found", self._found()),
        ]
        return [(name, value) for name, value in facts if value]

    def _found(self) -> list[JsonValue]:
        checks = self.verdict.checks if self.verdict is not None else ()
        return [
            {"check": one.name, "outcome": one.outcome, "evidence": [reason.text for reason in one.evidence[:8]]}
            for one in checks
        ]


def of_trajectory(task: Task, trajectory: Trajectory, environment: Environment, verdict: Verdict) -> ShownRun:
    """A run of toolworld as its judges see it.

    Args:
        task: Its task.
        trajectory: The run.
        environment: Its environment.
        verdict: What the checks found.
    """
    told = [*trajectory.messages]
    if trajectory.answer:
        told.append(Message(role="assistant", content=trajectory.answer))
    return ShownRun(
        id=trajectory.id,
        messages=tuple(one for one in told if one.role != "system"),
        environment=environment.id,
        pattern="+".join(task.origin.patterns) if task.origin else None,
        policy=environment.policy,
        tools=tuple(
            {"name": one.name, "description": one.description, "parameters": one.input_schema}
            for one in environment.tools
            if one.party == "agent"
        ),
        expected={
            "calls": [one.call.model_dump(mode="json") for one in task.calls],
            "changes": [one.model_dump(mode="json") for one in task.truth.changes],
            "to be told": [one.model_dump(mode="json", exclude_none=True) for one in task.truth.facts],
        },
        changes=tuple(op.model_dump(mode="json") for event in trajectory.log for op in event.ops),
        statements=tuple(" / ".join(statements(one)) for one in task.truth.facts if statements(one)),
        verdict=verdict,
    )


def of_conversation(record: ConversationRecord) -> ShownRun:
    """A conversation record as its judges see it: neither the schemas of its tools nor its state are known."""
    domain = record.metadata.get("domain")
    pattern = record.metadata.get("pattern_type")
    return ShownRun(
        id=record.conversation_id,
        messages=record.chat(),
        environment=str(domain) if domain else None,
        pattern=str(pattern) if pattern else None,
    )


def _line(turn: int, message: Message, budget: int) -> JsonObject:
    longest = LONGEST_RESULT if message.role == "tool" else LONGEST_MESSAGE
    content = _cut(message.content or "", min(longest, budget * CHARACTERS_A_TOKEN // _LEAST_SHOWN))
    calls: JsonValue = [{"name": one.name, "arguments": one.arguments} for one in message.tool_calls]
    role = {"assistant": "agent", "tool": "result"}.get(message.role, message.role)
    return {"turn": turn, "by": role, "text": content, **({"calls": calls} if message.tool_calls else {})}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most} characters left out)"


def _shown_ends(lengths: Sequence[int], room: int) -> tuple[int, int]:
    """How many lines from the start and from the end are shown: the end first, where a run is decided."""
    first = last = 0
    while first + last < len(lengths):
        is_last = last <= first
        room -= lengths[len(lengths) - 1 - last] if is_last else lengths[first]
        if room < 0:
            break
        first, last = (first, last + 1) if is_last else (first + 1, last)
    return first, last
