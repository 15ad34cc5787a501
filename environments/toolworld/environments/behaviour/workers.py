"""Untrusted programs in worker processes with bounded memory and time, so that only the call at fault fails.

Fuel bounds the instructions of a program, but a single instruction can allocate gigabytes or overflow
the native stack. So the calls of programs that are not bundled with toolworld are answered in worker
processes, with a limit on the address space and on the time of a call. A worker that dies is replaced.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from tempfile import mkstemp
from typing import NamedTuple, TypeVar, TypeVarTuple
from weakref import finalize

import anyio
from anyio import BrokenWorkerProcess, CapacityLimiter, to_process

from toolworld.environments.behaviour.program import BehaviourSimulator
from toolworld.environments.calls.event import Call, SimulatorName
from toolworld.environments.calls.simulator import Outcome, View
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.tool import ToolSpec
from toolworld.environments.state.checker import OpsChecker
from toolworld.environments.state.ops import Fields
from toolworld.environments.state.schema import build_baseline
from toolworld.environments.state.state import State
from toolworld.ground import JsonValue, SimulationError, ToolworldError, UsageError, parse_record

MAX_ADDRESS_SPACE_BYTES = 1 << 30
"""Maximum size of a worker's whole address space."""
MAX_CALL_SECONDS = 5.0
"""Maximum wall-clock time of one call; the start of a worker does not count."""
MAX_START_SECONDS = 30.0
"""Maximum time for a worker to start."""
MISSING_MAIN_GUARD = (
    "programs that are not bundled run in worker processes, and each loads your script: start its work under "
    '`if __name__ == "__main__":`, or trust the programs'
)
MAX_LOADED_PROGRAMS = 8
"""Maximum number of environments that a worker keeps loaded."""

Overlay = tuple[dict[str, dict[str, Fields | None]], dict[str, JsonValue]]
"""The content of `State.overlay`; a worker has the baseline already."""
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


async def run_isolated(work: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """Run a function in a worker process with bounded memory and time.

    Raises:
        SimulationError: the function broke its process or exceeded its time; the process is gone.
        UsageError: the caller's script has no `if __name__ == "__main__":`, so a worker that loads it runs it again.
    """
    if _is_loading_main():
        raise UsageError(MISSING_MAIN_GUARD)
    async with to_process.current_default_process_limiter():  # waiting for a free worker is not part of the call's time
        started = anyio.current_time()
        try:
            # The worker stops itself after `MAX_CALL_SECONDS`. This longer timeout is for a worker that does not start,
            # and for systems without timer signals.
            with anyio.fail_after(MAX_START_SECONDS + MAX_CALL_SECONDS):
                call_limiter = CapacityLimiter(1)  # this call holds a token of the default limiter already
                return await to_process.run_sync(
                    _run_bounded, MAX_CALL_SECONDS, work, *arguments, cancellable=True, limiter=call_limiter
                )
        except (TimeoutError, BrokenWorkerProcess) as problem:
            if isinstance(problem.__cause__, UsageError):  # raised by the caller's script, as the worker loaded it
                raise problem.__cause__ from None
            # a worker whose alarm went off just dies, as one that ran out of memory does; the time tells them apart
            if anyio.current_time() - started >= MAX_CALL_SECONDS:
                raise SimulationError(
                    f"{BEHAVIOUR_FILE}: it took longer than {MAX_CALL_SECONDS:g} seconds and was stopped"
                ) from None
            raise SimulationError(
                f"{BEHAVIOUR_FILE}: it broke its process: "
                f"more than {MAX_ADDRESS_SPACE_BYTES >> 20} MiB, or nested too deep"
            ) from None


def _is_loading_main() -> bool:
    """Whether this process is a worker that loads the caller's script, which anyio does under this name."""
    return "__mp_main__" in sys.modules and "__main__" not in sys.modules


async def check_program(environment: Environment) -> None:
    """Check in a worker process that the program of an environment loads.

    Raises:
        SpecError: the program does not load; the message has the line.
        SimulationError: the program broke its process or exceeded its time.
    """
    await run_isolated(_try_to_load, environment)


class _Position(NamedTuple):
    """The point in an episode at which a call is made, as sent to a worker process."""

    now: datetime
    seed: int
    step: int
    ids: int


class IsolatedSimulator:
    """Answers calls with the program of an environment, in a worker process.

    An environment never occupies the last worker, so its slow calls do not hold up those of others.
    """

    name: SimulatorName = "behaviour"

    def __init__(self, environment: Environment) -> None:
        self._workers_limiter = CapacityLimiter(max(1, (os.cpu_count() or 2) - 1))
        self._environment = environment
        # workers read the environment from a file, and cache it by the file's name (`_load_document`), so that it need
        # not be pickled for every call
        handle, self._document = mkstemp(prefix="toolworld-", suffix=".json")
        os.close(handle)
        finalize(self, Path(self._document).unlink, missing_ok=True)
        self._write_document()

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Run the tool's function on the call in a worker process."""
        position = _Position(view.now, view.seed, view.step, view.snapshot.ids)
        if not os.path.exists(self._document):  # noqa: ASYNC240 - the temporary folder may have been cleaned
            self._write_document()
        async with self._workers_limiter:
            return await run_isolated(_answer, self._document, tool.name, call, view.state.overlay, position)

    def _write_document(self) -> None:
        Path(self._document).write_bytes(self._environment.json_bytes())


def _run_bounded(seconds: float, work: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """Run a function in this worker process; a timeout, or any exception that is not our own, ends the process."""
    _limit_process()
    _set_alarm(seconds)
    try:
        return work(*arguments)
    except ToolworldError:
        raise  # an ordinary answer, which leaves the process sound
    except BaseException:  # noqa: BLE001 - a panic or no memory: the state of this process cannot be relied on
        os._exit(70)
    finally:
        _set_alarm(0)


def _set_alarm(seconds: float) -> None:
    """Let the system end this process after `seconds`, also in the middle of native code; 0 cancels the alarm.

    No handler is installed: a Python handler would not run while native code does.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


@lru_cache(maxsize=1)  # once per process
def _limit_process() -> None:
    null_device = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, 2)  # a panic writes to standard error, which is the user's terminal
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_SPACE_BYTES, MAX_ADDRESS_SPACE_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@lru_cache(maxsize=MAX_LOADED_PROGRAMS)
def _load_document(document: str) -> tuple[Environment, BehaviourSimulator, State]:
    environment = parse_record(Environment, Path(document).read_bytes(), document)
    base = build_baseline(environment.state_schema, environment.initial_state, f"environment {environment.id}")
    return environment, _load(environment), State(base)


def _try_to_load(environment: Environment) -> None:  # returns nothing, since a simulator cannot be pickled
    _load(environment)


def _load(environment: Environment) -> BehaviourSimulator:
    return BehaviourSimulator(environment, OpsChecker(environment.state_schema, f"environment {environment.id}"))


def _answer(document: str, tool: str, call: Call, overlay: Overlay, position: _Position) -> Outcome:
    environment, simulator, start = _load_document(document)
    spec = environment.tool(tool)
    assert spec is not None
    snapshot = Snapshot(State(start.baseline, *overlay), position.step, position.ids)
    return simulator.answer(spec, call, View(snapshot, position.now, position.seed))
