"""Programs that are not ours, in processes of their own: what they can waste is bounded, and only their call pays.

Fuel bounds the instructions of a program, but a single instruction can ask for gigabytes or overflow
the native stack. So a program that did not come with toolworld is answered for by a worker process
with a limit on its address space and on the time of a call. A worker that dies is replaced.
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
from toolworld.ground import JsonValue, SimulationError, ToolworldError, parse_record

ADDRESS_SPACE = 1 << 30
"""Bytes that a worker may map, all told."""
SECONDS = 5.0
"""For one call, however it spends them; a worker's own start does not count."""
START_SECONDS = 30.0
"""For a worker to start."""
PROGRAMS = 8
"""How many environments a worker keeps ready."""

Overlay = tuple[dict[str, dict[str, Fields | None]], dict[str, JsonValue]]
T = TypeVar("T")
Given = TypeVarTuple("Given")


async def run_isolated(work: Callable[[*Given], T], *given: *Given) -> T:
    """Run a function in a worker process with bounded memory and time.

    Raises:
        SimulationError: it broke its process, or was not done in time; the process is gone.
    """
    async with to_process.current_default_process_limiter():  # waiting for a turn is not the call's own time
        started = anyio.current_time()
        try:
            with anyio.fail_after(START_SECONDS + SECONDS):
                own = CapacityLimiter(1)
                return await to_process.run_sync(_bounded, SECONDS, work, *given, cancellable=True, limiter=own)
        except (TimeoutError, BrokenWorkerProcess):
            if anyio.current_time() - started >= SECONDS:
                raise SimulationError(
                    f"{BEHAVIOUR_FILE}: it took longer than {SECONDS:g} seconds and was stopped"
                ) from None
            raise SimulationError(
                f"{BEHAVIOUR_FILE}: it broke its process: more than {ADDRESS_SPACE >> 20} MiB, or nested too deep"
            ) from None


async def check_program(environment: Environment) -> None:
    """Load the program of an environment in a worker process, to see whether it can be.

    Raises:
        SpecError: it cannot; the message has the line.
        SimulationError: it broke its process, or was not done in time.
    """
    await run_isolated(_try_to_load, environment)


class _Position(NamedTuple):
    """Where in an episode a call is made, as it is sent to a worker process."""

    now: datetime
    seed: int
    step: int
    ids: int


class IsolatedSimulator:
    """Answers calls with the program of an environment, in a worker process.

    An environment never takes the last worker, so its slow calls do not hold up the others'.
    """

    name: SimulatorName = "behaviour"

    def __init__(self, environment: Environment) -> None:
        self._workers_limiter = CapacityLimiter(max(1, (os.cpu_count() or 2) - 1))
        self._environment = environment
        handle, self._document = mkstemp(prefix="toolworld-", suffix=".json")
        os.close(handle)
        finalize(self, Path(self._document).unlink, missing_ok=True)
        self._write()

    async def simulate(self, tool: ToolSpec, call: Call, view: View) -> Outcome:
        """Run the tool's function on the call, elsewhere."""
        position = _Position(view.now, view.seed, view.step, view.snapshot.ids)
        if not os.path.exists(self._document):  # noqa: ASYNC240 - somebody has cleaned the temporary folder
            self._write()
        async with self._workers_limiter:
            return await run_isolated(_answer, self._document, tool.name, call, view.state.overlay, position)

    def _write(self) -> None:
        Path(self._document).write_bytes(self._environment.json_bytes())


def _bounded(seconds: float, work: Callable[[*Given], T], *given: *Given) -> T:
    """Do the work in this process, which is a worker; what is no plain error, and running out of time, ends it."""
    _limit()
    _set_alarm(seconds)
    try:
        return work(*given)
    except ToolworldError:
        raise
    except BaseException:  # noqa: BLE001 - a panic of the interpreter, or no memory: nothing here can be relied on
        os._exit(70)
    finally:
        _set_alarm(0)


def _set_alarm(seconds: float) -> None:
    """Have this process ended after so many seconds, whatever runs in it; 0 calls it off."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, seconds)


@lru_cache(maxsize=1)
def _limit() -> None:
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)  # where a panic would be told to the user's terminal
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@lru_cache(maxsize=PROGRAMS)
def _ready(document: str) -> tuple[Environment, BehaviourSimulator, State]:
    environment = parse_record(Environment, Path(document).read_bytes(), document)
    base = build_baseline(environment.state_schema, environment.initial_state, f"environment {environment.id}")
    return environment, _load(environment), State(base)


def _try_to_load(environment: Environment) -> None:
    _load(environment)


def _load(environment: Environment) -> BehaviourSimulator:
    return BehaviourSimulator(environment, OpsChecker(environment.state_schema, f"environment {environment.id}"))


def _answer(document: str, tool: str, call: Call, overlay: Overlay, position: _Position) -> Outcome:
    environment, simulator, start = _ready(document)
    spec = environment.tool(tool)
    assert spec is not None
    snapshot = Snapshot(State(start.baseline, *overlay), position.step, position.ids)
    return simulator.answer(spec, call, View(snapshot, position.now, position.seed))
