"""The engine: answers calls with a program, the same way in the server's process and in a confined worker."""

from collections.abc import Iterable, Mapping
from types import CodeType
from typing import Any, NamedTuple, cast

import orjson

from toolworld.environments.behaviour.host_functions import MAX_JSON_BYTES, HostFunctions, Position, ToolFailure
from toolworld.environments.behaviour.program import Program, explain
from toolworld.environments.spec.environment import BEHAVIOUR_FILE
from toolworld.environments.state.ops import Op
from toolworld.environments.state.state import State
from toolworld.ground import EncodingError, JsonValue, SimulationError, SpecError, encode


class Answer(NamedTuple):
    """What a program answers: a result with ops, or a refusal."""

    result: JsonValue = None
    refusal: ToolFailure | None = None
    ops: tuple[Op, ...] = ()
    issued: int = 0
    """How many ids the call issued."""
    after: State | None = None
    """The state after the ops."""


class Engine:
    """A loaded program with its host functions.

    Args:
        code: What `compile_program` made of the program.
        keys: The key field of every collection of the state.
        singletons: The names of the state's singletons.

    Raises:
        SpecError: a constant of the program cannot be computed.
    """

    def __init__(self, code: CodeType, keys: Mapping[str, str], singletons: Iterable[str]) -> None:
        self._host = HostFunctions(keys, singletons)
        try:
            self._program = Program(code, self._host.functions)
        except MemoryError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever a program raises is its own fault
            raise SpecError(explain(problem)) from None

    @property
    def functions(self) -> frozenset[str]:
        """The names of the program's functions."""
        return self._program.functions

    def answer(
        self, function: str, arguments: Mapping[str, Any], *, state: State, position: Position, writes: bool
    ) -> Answer:
        """Answer a call.

        Args:
            function: The function of the program that answers.
            arguments: Its arguments by name.
            state: The state before the call.
            position: The point in the episode.
            writes: Whether the call may change the state.

        Raises:
            SimulationError: the program broke; the message has the line.
        """
        if function not in self._program.functions:
            raise SimulationError(f"{BEHAVIOUR_FILE} has no function `{function}`")
        host = self._host
        host.enter(state, position, writes=writes)
        try:
            data = encode(self._program.call(function, arguments))
        except ToolFailure as refusal:
            # its frames hold the arguments, and would hold this answer, until the garbage collector comes
            return Answer(refusal=refusal.with_traceback(None))
        except EncodingError as problem:
            raise SimulationError(f"{BEHAVIOUR_FILE}: the result is not JSON: {problem}") from None
        except MemoryError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever a program raises is its own fault
            raise SimulationError(explain(problem)) from None
        finally:
            host.leave()
        if len(data) > MAX_JSON_BYTES:
            raise SimulationError(f"{BEHAVIOUR_FILE}: the result is larger than {MAX_JSON_BYTES >> 20} MiB")
        result = cast(JsonValue, orjson.loads(data))
        return Answer(result, None, tuple(host.ops), host.issued, host.state_after() if host.ops else None)
