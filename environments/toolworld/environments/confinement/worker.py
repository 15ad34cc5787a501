"""The worker: answers the calls of one environment, confined. It reads frames from a pipe, and writes frames."""

import gc
import marshal
import os
import signal
import sys
from collections.abc import Iterator
from datetime import datetime
from types import CodeType
from typing import Any, cast

import orjson

from toolworld.environments.behaviour.compiler import compile_program
from toolworld.environments.behaviour.engine import Answer, Engine
from toolworld.environments.behaviour.host_functions import Position
from toolworld.environments.confinement.frames import FrameReader, read_frame, write_frame
from toolworld.environments.confinement.parcel import Parcel
from toolworld.environments.confinement.sandbox import confine, seal
from toolworld.environments.state.draft import applied
from toolworld.environments.state.frozen import freeze
from toolworld.environments.state.ops import Delete, Insert, Op, SetValue, Update
from toolworld.environments.state.state import State
from toolworld.ground import SimulationError, SpecError

EXTRA_BYTES = 256 << 20
"""How much memory a program may use, besides its environment's state."""
BYTES_PER_STATE_BYTE = 16
"""How much memory a byte of a state's JSON takes up at most."""
OUT_OF_MEMORY, NOT_SEALED = 71, 72
"""Exit codes of a worker that has no memory left, and of one whose system calls could not be taken away."""
MAX_REQUEST_BYTES = 1 << 30
"""Maximum size of what the server sends."""
_OPS: dict[str, type[Op]] = {"insert": Insert, "update": Update, "delete": Delete, "set": SetValue}
INITIAL_STATE = 0
"""The number of the initial state."""


class World:
    """An environment in a worker: its program, and the states that episodes are in, by the numbers the server gave."""

    def __init__(self, parcel: Parcel, code: CodeType) -> None:
        self._engine = Engine(code, parcel.keys, parcel.singletons)
        self._states = {INITIAL_STATE: State(parcel.baseline())}

    def answer(self, request: dict[str, Any]) -> list[list[Any]]:
        """Take in what changed since the last request, and answer its calls."""
        for number in request["drop"]:
            self._states.pop(number, None)
        for number, origin, content in request["states"]:
            self._states[number] = self._made(origin, content)
        return [self._call(*call) for call in request["calls"]]

    def _made(self, origin: int | None, content: Any) -> State:
        if origin is not None:
            return applied(self._states[origin], tuple(map(_read_op, content)))
        changed, values = content
        records = {name: {key: freeze(record) for key, record in rows.items()} for name, rows in changed.items()}
        return State(
            self._states[INITIAL_STATE].baseline, records, {name: freeze(value) for name, value in values.items()}
        )

    def _call(
        self, state: int, function: str, arguments: dict[str, Any], now: str, seed: int, ids: int, writes: bool
    ) -> list[Any]:
        position = Position(datetime.fromisoformat(now), seed, ids)
        try:
            answer = self._engine.answer(
                function, arguments, state=self._states[state], position=position, writes=writes
            )
        except SimulationError as problem:
            return ["broken", str(problem)]
        return _written(answer)


def _written(answer: Answer) -> list[Any]:
    if answer.refusal is not None:
        return ["refused", answer.refusal.code, answer.refusal.message]
    return ["result", answer.result, [op.__dict__ for op in answer.ops], answer.issued]


def _read_op(fields: dict[str, Any]) -> Op:
    return _OPS[fields["op"]].model_construct(**fields)


def work(read: int, write: int) -> None:
    """Load an environment and answer its calls, until the other end of the pipe is closed.

    The first frame is a `Parcel`, the second what an earlier worker made of its program, or nothing. The first answer
    says how confined this process is, and why the program does not load, if so; the second is the compiled program.
    """
    reader = FrameReader(MAX_REQUEST_BYTES)
    frames = iter(lambda: read_frame(read, reader), None)
    try:
        _answer_all(frames, write)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # nothing else: what allocates now may crash


def _answer_all(frames: Iterator[bytes | None], write: int) -> None:
    parcel_bytes, code_bytes = cast(bytes, next(frames)), cast(bytes, next(frames))
    strength = confine(EXTRA_BYTES + BYTES_PER_STATE_BYTE * len(parcel_bytes))
    parcel = Parcel.of_bytes(parcel_bytes)
    try:
        code = cast(CodeType, marshal.loads(code_bytes)) if code_bytes else compile_program(parcel.program)
        if strength == "confined" and not seal():
            os._exit(NOT_SEALED)
        world = World(parcel, code)
    except SpecError as problem:
        write_frame(write, orjson.dumps({"strength": strength, "problem": str(problem)}))
        return
    write_frame(write, orjson.dumps({"strength": strength, "problem": None}))
    write_frame(write, b"" if code_bytes else marshal.dumps(code))
    gc.freeze()
    for frame in frames:
        request = orjson.loads(cast(bytes, frame))
        _set_alarm(2 * request["seconds"])
        answers = orjson.dumps(world.answer(request))
        _set_alarm(0)
        write_frame(write, answers)


def _set_alarm(seconds: float) -> None:
    """Have the system end this process after a time; the server does so as well, but may have died itself."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)
