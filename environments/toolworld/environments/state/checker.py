"""Checks of ops against a state and its schema. Either all ops of a call are applied, or none."""

from collections.abc import Iterable

from toolworld.environments.state.draft import Draft
from toolworld.environments.state.op_target import InvalidOpsError, check_target
from toolworld.environments.state.ops import Delete, Fields, Op, SetValue
from toolworld.environments.state.path import values_at
from toolworld.environments.state.schema import StateSchema
from toolworld.environments.state.state import State
from toolworld.ground import Schema


class OpsChecker:
    """Checks ops against a state schema: types, required fields, unique keys, references."""

    def __init__(self, schema: StateSchema, where: str) -> None:
        self._schema = schema
        self._keys = schema.key_fields
        self._records = {
            name: Schema(shape.record, f"{where}: the record schema of `{name}`")
            for name, shape in schema.collections.items()
        }
        self._singletons = {
            name: Schema(shape, f"{where}: the schema of singleton `{name}`")
            for name, shape in schema.singletons.items()
        }

    def apply(self, state: State, ops: tuple[Op, ...]) -> State:
        """The state after the ops.

        Raises:
            InvalidOpsError: an op is not allowed. `state` itself is not changed in any case.
        """
        if not ops:
            return state
        # Each op must have its target in the state that the earlier ops lead to. Schemas and references are checked
        # only at the end: two new records may refer to each other, or a later op may complete a record.
        draft = Draft(state)
        for op in ops:
            check_target(self._keys, self._singletons, draft, op)
            draft.add(op)
        after = draft.finish()
        self.check_results(after, ops)
        return after

    def problems(self, state: State) -> Iterable[str]:
        """Every violation of the schema and every dangling reference in a whole state."""
        for name in self._schema.collections:
            for key, record in state.rows(name):
                yield from self._record_problems(state, name, key, record)
        for name, schema in self._singletons.items():
            problem = schema.error_in(state.value(name))
            if problem:
                yield f"singleton `{name}`: {problem}"

    def check_results(self, after: State, ops: tuple[Op, ...]) -> None:
        """Check what ops lead to: types, required fields and references.

        Raises:
            InvalidOpsError: a record or singleton is not allowed.
        """
        for op in ops:
            if isinstance(op, SetValue):
                problem = self._singletons[op.name].error_in(op.value)
                if problem:
                    raise InvalidOpsError(f"singleton `{op.name}`: {problem}")
            elif isinstance(op, Delete):
                self._refuse_orphans(after, op)
            else:
                # the final version counts; it is None if a later op deleted the record, which leaves nothing to check
                record = after.get(op.collection, op.key)
                for problem in () if record is None else self._record_problems(after, op.collection, op.key, record):
                    raise InvalidOpsError(problem)

    def _record_problems(self, state: State, collection: str, key: str, record: Fields) -> Iterable[str]:
        problem = self._records[collection].error_in(record)
        if problem:
            yield f"record {key!r} of `{collection}`: {problem}"
        for path, target in self._schema.collections[collection].references.items():
            for value in values_at(record, path):
                # null is a reference that is not set
                if value is not None and (not isinstance(value, str) or state.get(target, value) is None):
                    yield f"record {key!r} of `{collection}`: `{path}` is {value!r}, and `{target}` has no such record"

    def _refuse_orphans(self, after: State, deleted: Delete) -> None:
        # deleted and inserted again under the same key: references to the key still hold
        if after.get(deleted.collection, deleted.key) is not None:
            return
        # references are checked from the other side as well, since the referring records are not among the ops;
        # `find` looks them up in an index of the baseline, so this does not read whole collections
        for name, shape in self._schema.collections.items():
            for path, target in shape.references.items():
                for key, _ in after.find(name, {path: deleted.key}) if target == deleted.collection else ():
                    raise InvalidOpsError(
                        f"{deleted.key!r} of `{deleted.collection}` is still referred to by {key!r} of `{name}`"
                    )
