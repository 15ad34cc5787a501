"""Calls of an audit that a judge is shown: of each tool a few, of every outcome one before a second of any."""

from collections import defaultdict

from toolworld.environments.calls.event import Event
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Delete, Op, Update
from toolworld.ground import JsonObject, JsonValue, Record

SHOWN_CALLS = 6
"""How many calls of a tool a judge is shown."""


class AuditedCall(Record):
    """A call, what came of it, and the records that it changed as they were before."""

    arguments: JsonObject
    result: JsonValue = None
    error: str | None = None
    """The code of its refusal."""
    message: str | None = None
    changes: tuple[Op, ...] = ()
    records_before: tuple[JsonObject, ...] = ()


class CallSamples:
    """Collects calls while an audit makes them."""

    def __init__(self, most: int = SHOWN_CALLS) -> None:
        self._most = most
        self._kept: dict[str, dict[str, list[AuditedCall]]] = defaultdict(lambda: defaultdict(list))

    def add(self, tool: ToolSpec, before: Snapshot, event: Event) -> None:
        """Take note of a call; one that broke its simulator is no matter for a judge."""
        if event.failure is not None and event.failure.kind != "tool":
            return
        outcomes = self._kept[tool.name][event.failure.code if event.failure else ""]
        call = _audited(before, event)
        if len(outcomes) < self._most and call not in outcomes:
            outcomes.append(call)

    def of(self, tool: str) -> list[AuditedCall]:
        """The calls of a tool that a judge is shown."""
        outcomes = list(self._kept[tool].values())
        rounds = (one[number] for number in range(self._most) for one in outcomes if number < len(one))
        return [call for call, _ in zip(rounds, range(self._most), strict=False)]


def _audited(before: Snapshot, event: Event) -> AuditedCall:
    touched = [before.state.get(op.collection, op.key) for op in event.ops if isinstance(op, Update | Delete)]
    return AuditedCall(
        arguments=event.call.arguments,
        result=event.result,
        error=event.failure.code if event.failure else None,
        message=event.failure.message if event.failure else None,
        changes=event.ops,
        records_before=tuple(dict(one) for one in touched if one is not None),
    )
