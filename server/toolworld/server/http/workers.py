"""Several processes that listen at one address and share a store; one that dies is started again."""

import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress

import anyio
from anyio.abc import Process

from toolworld.ground import BindError, ToolworldError, task_group
from toolworld.server.http.listener import bind

STOP_SECONDS = 15
"""How long workers have to answer what they are at when they are told to stop."""
_MOST_FAILED = 3
"""How often in a row a worker may end before any of them has answered, until they are given up. Once one has answered,
what keeps others from it, such as a database that is away, may pass."""
_FIRST_PAUSE, _LONGEST_PAUSE, _QUICK_SECONDS = 0.2, 5.0, 5.0
"""How long it is waited before a worker is started again, longer each time when it ends so soon after its start."""


@contextmanager
def held_address(address: str, token: str | None) -> Generator[str]:
    """Hold an address for workers, which all listen at it; the kernel gives each new connection to one of them.

    Yields:
        The address with its port, where 0 was asked for.

    Raises:
        BindError: it cannot be listened on, or the system cannot share an address.
    """
    if not sys.platform.startswith("linux"):
        raise BindError("several workers share an address on Linux only")
    with bind(address, token) as alone:  # refused if anybody else listens there; with the others it would be shared
        host, port = alone.getsockname()[:2]
    exact = f"{f'[{host}]' if ':' in host else host}:{port}"
    with bind(exact, token, shared=True):
        yield exact


async def run_workers(command: Sequence[str], count: int, address: str, say: Callable[[str], object]) -> None:
    """Run workers until this process is told to stop, by SIGTERM or Ctrl-C.

    A worker is told to stop by SIGTERM, and by the end of its standard input where this process dies.

    Args:
        command: What a worker runs.
        count: How many.
        address: Where they listen.
        say: Told of a worker that ended and is started again.

    Raises:
        ToolworldError: none of them comes up.
        KeyboardInterrupt: it was Ctrl-C.
    """
    running, answered = set[Process](), anyio.Event()
    told = None
    try:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async with task_group() as tasks:
                tasks.start_soon(_wait_for_answer, address, answered)
                for _ in range(count):
                    tasks.start_soon(_keep_running, command, running, answered, say)
                async for number in signals:
                    told = number
                    tasks.cancel_scope.cancel()
    finally:
        await _stop(running)
    if told == signal.SIGINT:
        raise KeyboardInterrupt


async def _wait_for_answer(address: str, answered: anyio.Event) -> None:
    """Find out when the first worker listens; until then connections are refused."""
    host, _, port = address.rpartition(":")
    while not answered.is_set():
        with suppress(OSError):
            async with await anyio.connect_tcp(host.strip("[]"), int(port)):
                answered.set()
        await anyio.sleep(_FIRST_PAUSE)


async def _keep_running(
    command: Sequence[str], running: set[Process], answered: anyio.Event, say: Callable[[str], object]
) -> None:
    failed = quick = 0
    while True:
        start = anyio.current_time()
        # in a session of its own: Ctrl-C at the terminal is for this process, which tells the workers
        process = await anyio.open_process(
            command, stdin=subprocess.PIPE, stdout=None, stderr=None, start_new_session=True
        )
        running.add(process)
        code = await process.wait()
        running.discard(process)
        failed += not answered.is_set()
        if failed >= _MOST_FAILED:
            raise ToolworldError(f"a worker ended with code {code} before it could serve, {failed} times in a row")
        say(f"a worker ended with code {code} and is started again")
        quick = quick + 1 if anyio.current_time() - start < _QUICK_SECONDS else 0
        await anyio.sleep(min(_FIRST_PAUSE * 2**quick, _LONGEST_PAUSE))


async def _stop(running: set[Process]) -> None:
    """Tell workers to stop, and kill those that do not."""
    with anyio.CancelScope(shield=True):
        for process in running:
            process.terminate()
        with anyio.move_on_after(STOP_SECONDS):
            for process in running:
                await process.wait()
        for process in running:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def wait_for_end_of_input(ended: anyio.Event) -> None:
    """Set an event when standard input ends, which is when the process that started this worker is gone."""
    await anyio.wait_readable(sys.stdin)
    ended.set()
