"""What tools that read show of what a call wrote."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from toolworld.environments.audit.reliability.probes import Prober
from toolworld.environments.audit.reliability.properties import shows, shows_nothing, written_otherwise
from toolworld.environments.audit.reliability.report import Checks, Property
from toolworld.environments.calls.event import Event
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.ops import Delete, Fields, Insert, Update
from toolworld.ground import JsonObject

Step = Callable[[ToolSpec, JsonObject, Snapshot], Awaitable[tuple[Event, Snapshot]]]
"""Makes a call in a state."""
_READERS = 6
"""How many tools are asked what they see after a write."""
_NAMES: Mapping[str, Property] = {"insert": "created_found", "update": "update_seen", "delete": "deleted_gone"}


class Readback:
    """Asks tools that read what they see of a change.

    Args:
        tools: The tools of the environment that a program answers.
        keys: The key field of each collection.
        prober: Makes their arguments.
        step: Makes their calls.
    """

    def __init__(self, tools: Sequence[ToolSpec], keys: Mapping[str, str], prober: Prober, step: Step) -> None:
        self._readers = [one for one in tools if one.effect == "read"]
        self._keys = keys
        self._prober = prober
        self._step = step

    async def after(self, event: Event, after: Snapshot) -> Checks:
        """What readers see of what a call wrote."""
        checks: Checks = {}
        if any(isinstance(op, Insert | Update) for op in event.ops):
            checks["given_written"] = written_otherwise(event)
        for op in event.ops:
            if isinstance(op, Insert | Update | Delete):
                name, said = await self._seen(op, after)
                if name is not None:
                    checks[name] = checks.get(name) or said
        return checks

    async def _seen(self, op: Insert | Update | Delete, after: Snapshot) -> tuple[Property | None, str | None]:
        """Whether the readers of a record see what became of it; None where none can tell."""
        record = after.state.get(op.collection, op.key)
        readers = sorted(self._readers, key=lambda one: not self._asks_for(one, op.collection))
        if record is None:
            readers = [one for one in readers if self._asks_for(one, op.collection)]
        for reader in readers[:_READERS]:
            arguments = self._prober.right(reader, after.state, (op.collection, op.key))
            if record is None:
                arguments |= dict.fromkeys(self._prober.keys_of(reader), op.key)
            read, _ = await self._step(reader, arguments, after)
            if record is None:
                is_gone = read.failure is not None or shows_nothing(read)
                return _NAMES[op.op], None if is_gone else f"{reader.name} still finds {op.key}"
            found = self._shows(read, op, record) if read.failure is None else None
            if found is not None:
                return _NAMES[op.op], None if found else f"{reader.name} shows {op.key} otherwise"
        return None, None

    def _shows(self, read: Event, op: Insert | Update | Delete, record: Fields) -> bool | None:
        return shows(read.result, (self._keys[op.collection], op.key), record, self._keys.values())

    def _asks_for(self, tool: ToolSpec, collection: str) -> bool:
        """Whether a tool is asked for one record of a collection, and for nothing else."""
        return [*self._prober.keys_of(tool).values()] == [collection]
