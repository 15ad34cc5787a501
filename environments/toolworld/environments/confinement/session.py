"""A session: one worker with one environment loaded, and what it knows of the states of episodes."""

import os
import select
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

import anyio
import orjson
from anyio import to_thread

from toolworld.environments.confinement.frames import HEADER_BYTES, FrameReader
from toolworld.environments.confinement.parcel import Parcel
from toolworld.environments.confinement.sandbox import Strength
from toolworld.environments.confinement.worker import INITIAL_STATE
from toolworld.environments.confinement.zygote import WorkerProcess, fork_worker
from toolworld.environments.state.state import State
from toolworld.ground import JsonValue, SpecError

MAX_LOAD_SECONDS = 20.0
"""Maximum time for a worker to start, and to check and load its program."""
MAX_ANSWER_BYTES = 4 << 20
"""Maximum size of what a worker answers to one call: a result, and ops."""
MAX_KEPT_STATES = 1024
"""How many states a worker keeps; the one that was used least recently is dropped first, and sent again if needed."""
MAX_KEPT_BYTES = 4 << 20
"""How large the states that a worker keeps may be together, as JSON."""
BRIEF_MILLISECONDS = 1
"""How long the server waits for an answer without turning to anything else: most take a tenth of this."""


class ConfinedCall(NamedTuple):
    """A call for a worker."""

    state: State
    function: str
    arguments: dict[str, JsonValue]
    now: datetime
    seed: int
    ids: int
    writes: bool


class WorkerStoppedError(Exception):
    """A worker has died or was stopped; the message says of what.

    Args:
        died: Whether it died by itself.
    """

    def __init__(self, message: str, *, died: bool = False) -> None:
        super().__init__(message)
        self.died = died


class Session:
    """A worker with an environment loaded.

    Args:
        process: A worker that has read nothing yet.
    """

    def __init__(self, process: WorkerProcess) -> None:
        self._process = process
        self._reader = FrameReader(MAX_ANSWER_BYTES)
        self._ready = select.poll()
        self._ready.register(process.read, select.POLLIN)
        self._closed = False
        self._numbers: OrderedDict[int, tuple[weakref.ref[State], int]] = OrderedDict()
        self._next = INITIAL_STATE + 1
        self._dropped: list[int] = []
        self._initial: State | None = None
        self._sizes: dict[int, int] = {}
        self._kept_bytes = 0
        self.answered = 0
        """How many calls it has answered."""
        self.strength: Strength = "limited"

    @classmethod
    async def open(cls, parcel: Parcel, code: bytes, initial: State) -> tuple["Session", bytes]:
        """Start a worker and load an environment.

        Args:
            parcel: The environment.
            code: What an earlier worker made of the program, or nothing.
            initial: The environment's initial state, which the worker has from its parcel.

        Returns:
            The session, and the compiled program, which is never loaded in this process.

        Raises:
            SpecError: the program is not in the language, or does not load.
            WorkerStoppedError: the worker died or took too long.
        """
        session = cls(await to_thread.run_sync(fork_worker))
        session._initial = initial
        try:
            await session._send(parcel.to_bytes(), MAX_LOAD_SECONDS)
            loaded = _parse_loaded(await session._exchange(code, MAX_LOAD_SECONDS))
            session.strength = "confined" if loaded.get("strength") == "confined" else "limited"
            if loaded.get("problem"):
                raise SpecError(str(loaded["problem"]))
            return session, await session._receive(MAX_LOAD_SECONDS) or code
        except BaseException:
            session.close()
            raise

    async def ask(self, calls: Sequence[ConfinedCall], seconds: float, *, brief: bool) -> list[list[Any]]:
        """Have the worker answer calls.

        Args:
            calls: The calls.
            seconds: How long each may take.
            brief: Whether answers are likely to come at once, so that they are worth a short wait.

        Raises:
            WorkerStoppedError: the worker died, took too long, or answered in another form; it is of no use any more.
        """
        self._reader.max_bytes = MAX_ANSWER_BYTES * len(calls)
        request = self._request(calls, seconds)
        # all together, since nearly all take a thousandth of it; a batch that does not is made again one by one
        answers = _parse(await self._exchange(request, seconds, brief=brief))
        if len(answers) != len(calls):
            raise WorkerStoppedError("it answered in a form that is not its own")
        self.answered += len(answers)
        return answers

    def close(self) -> None:
        """Kill the worker."""
        if not self._closed:
            self._closed = True
            self._process.zygote.end(self._process)

    def _request(self, calls: Sequence[ConfinedCall], seconds: float) -> bytes:
        # taken first: what is dropped while this is made may be what a state of this request is made from
        dropped, self._dropped = self._dropped, []
        states: list[list[Any]] = []
        listed = [[self._number(call.state, states), *call[1:]] for call in calls]
        return orjson.dumps({"drop": dropped, "states": states, "calls": listed, "seconds": seconds})

    def _number(self, state: State, states: list[list[Any]]) -> int:
        """The number by which the worker knows a state; what it does not know yet is added to `states`."""
        known = self._known(state)
        if known is not None:
            return known
        number = self._next
        self._next += 1
        origin = state.origin
        before = self._known(origin[0]) if origin else None
        if origin and before is not None:
            states.append([number, before, [op.__dict__ for op in origin[1]]])
        else:
            states.append([number, None, state.overlay])
        identity = id(state)
        self._numbers[identity] = weakref.ref(state, lambda _: self._forget(identity, number)), number
        self._sizes[number] = size = len(orjson.dumps(states[-1]))
        self._kept_bytes += size
        while len(self._numbers) > 1 and (len(self._numbers) > MAX_KEPT_STATES or self._kept_bytes > MAX_KEPT_BYTES):
            self._drop(self._numbers.popitem(last=False)[1][1])
        return number

    def _drop(self, number: int) -> None:
        self._kept_bytes -= self._sizes.pop(number, 0)
        self._dropped.append(number)

    def _known(self, state: State) -> int | None:
        if state is self._initial:
            return INITIAL_STATE
        kept = self._numbers.get(id(state))
        if kept is None or kept[0]() is not state:
            return None
        self._numbers.move_to_end(id(state))
        return kept[1]

    def _forget(self, identity: int, number: int) -> None:
        kept = self._numbers.get(identity)
        if kept is not None and kept[1] == number:
            del self._numbers[identity]
            self._drop(number)

    async def _exchange(self, message: bytes, seconds: float, *, brief: bool = False) -> bytes:
        await self._send(message, seconds)
        if brief:
            self._ready.poll(BRIEF_MILLISECONDS)
        return await self._receive(seconds)

    async def _send(self, message: bytes, seconds: float) -> None:
        rest = memoryview(len(message).to_bytes(HEADER_BYTES, "little") + message)
        with anyio.move_on_after(seconds, shield=True) as scope:
            while rest:
                try:
                    rest = rest[os.write(self._process.write, rest) :]
                except BlockingIOError:
                    await anyio.wait_writable(self._process.write)
                except OSError:
                    raise WorkerStoppedError(_DIED, died=True) from None
        if scope.cancelled_caught:
            raise WorkerStoppedError(_took_too_long(seconds))

    async def _receive(self, seconds: float) -> bytes:
        with anyio.move_on_after(seconds, shield=True):
            while True:
                message = self._take()
                if message is not None:
                    return message
                try:
                    data = os.read(self._process.read, 1 << 16)
                except BlockingIOError:
                    await anyio.wait_readable(self._process.read)
                    continue
                if not data:
                    raise WorkerStoppedError(_DIED, died=True)
                self._reader.feed(data)
        raise WorkerStoppedError(_took_too_long(seconds))

    def _take(self) -> bytes | None:
        try:
            return self._reader.take()
        except ValueError as problem:
            raise WorkerStoppedError(f"it answered with {problem}") from None


_DIED = "it broke its process: more memory than it may use, or nested too deep"


def _took_too_long(seconds: float) -> str:
    return f"it took longer than {seconds:g} second{'s' * (seconds != 1)} and was stopped"


def _parse_loaded(data: bytes) -> dict[str, Any]:
    try:
        loaded = orjson.loads(data)
    except orjson.JSONDecodeError:
        loaded = None
    if not isinstance(loaded, dict):
        raise WorkerStoppedError("it answered in a form that is not its own")
    return cast("dict[str, Any]", loaded)


def _parse(data: bytes) -> list[list[Any]]:
    try:
        answers = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise WorkerStoppedError("it answered in a form that is not its own") from None
    return cast("list[list[Any]]", answers) if isinstance(answers, list) else []
