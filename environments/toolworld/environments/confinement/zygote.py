"""A clean process that workers are forked from: it has the engine loaded, and no secrets, descriptors or threads.

The server itself cannot be forked: it has threads, keys and open files. The two speak over a socket: one
letter says what is asked, and the descriptors of a worker's pipes come with it.
"""

import gc
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from subprocess import DEVNULL, Popen
from typing import NamedTuple
from weakref import finalize

FORK, END = b"f", b"e"
_MESSAGE = struct.Struct("<cI")
_BOOT = "import sys; sys.path[:] = sys.argv[1:]; from toolworld.environments.confinement.zygote import main; main()"
ANSWER_SECONDS = 30.0
"""How long the clean process may take to start and to fork."""


class WorkerProcess(NamedTuple):
    """A worker, with this process's ends of its pipes."""

    zygote: "Zygote"
    """Its parent, the only process that can end it safely."""
    pid: int
    read: int
    write: int


class Zygote:
    """The clean process, seen from the one that started it. Threads may share it."""

    def __init__(self) -> None:
        self._socket, inner = socket.socketpair()
        # neither environment nor site packages' start-up files: only what the engine imports
        command = [sys.executable, "-I", "-S", "-c", _BOOT, *sys.path]
        with inner:
            self._process = Popen(command, stdin=inner.fileno(), stdout=DEVNULL, stderr=DEVNULL, env={})
        self._socket.settimeout(ANSWER_SECONDS)
        self._lock = threading.Lock()
        finalize(self, _end, self._socket, self._process)

    def fork(self) -> WorkerProcess:
        """Fork a worker; it waits for its first frame.

        Raises:
            OSError: the clean process is gone, or there are no processes or descriptors left.
        """
        inner_read, write = os.pipe()
        try:
            read, inner_write = os.pipe()
        except OSError:
            os.close(inner_read)
            os.close(write)
            raise
        try:
            with self._lock:
                socket.send_fds(self._socket, [_MESSAGE.pack(FORK, 0)], [inner_read, inner_write])
                answer = self._socket.recv(_MESSAGE.size, socket.MSG_WAITALL)
            if len(answer) < _MESSAGE.size:
                raise OSError("the process that workers are forked from has died")
        except OSError:
            forget_zygote(self)  # the next use starts another one
            os.close(read)
            os.close(write)
            raise
        finally:
            os.close(inner_read)
            os.close(inner_write)
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        return WorkerProcess(self, _MESSAGE.unpack(answer)[1], read, write)

    def end(self, worker: WorkerProcess) -> None:
        """Kill a worker and close its pipes. Its parent does the killing, which alone knows that the number is its."""
        os.close(worker.read)
        os.close(worker.write)
        if self._lock.acquire(blocking=False):  # a thread that forks has it for milliseconds
            try:
                self._send_end(worker.pid)
            finally:
                self._lock.release()
        else:
            threading.Thread(target=self._end_later, args=(worker.pid,), daemon=True).start()

    def _end_later(self, pid: int) -> None:
        with self._lock:
            self._send_end(pid)

    def _send_end(self, pid: int) -> None:
        with suppress(OSError):  # the clean process has died, and its workers with it
            self._socket.sendall(_MESSAGE.pack(END, pid))


def _end(end: socket.socket, process: Popen[bytes]) -> None:
    end.close()
    process.kill()
    process.wait()


_zygotes: dict[int, Zygote] = {}
"""The clean process of this process, by its number: a fork of this process must not speak over the same socket."""


def shared_zygote() -> Zygote:
    """The clean process of this process, started on first use."""
    if os.getpid() not in _zygotes:
        _zygotes[os.getpid()] = Zygote()
    return _zygotes[os.getpid()]


def forget_zygote(zygote: Zygote) -> None:
    """Start another one at the next use: this one does not answer."""
    if _zygotes.get(os.getpid()) is zygote:
        del _zygotes[os.getpid()]


def fork_worker() -> WorkerProcess:
    """Fork a worker, from another clean process if this one has died.

    Raises:
        OSError: there are no processes or descriptors left.
    """
    try:
        return shared_zygote().fork()
    except OSError:
        return shared_zygote().fork()


def main() -> None:
    """Run as the clean process: fork a worker for each request, until the socket is closed."""
    from toolworld.environments.confinement.worker import work  # loads the engine

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends us when it is done
    gc.freeze()
    requests = socket.socket(fileno=0)
    workers: set[int] = set()
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, _MESSAGE.size, 2)
        if len(message) < _MESSAGE.size:
            break
        kind, pid = _MESSAGE.unpack(message)
        if kind == FORK:
            workers.add(_fork(requests, descriptors, work))
        elif pid in workers:
            workers.remove(pid)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    os._exit(0)


def _fork(requests: socket.socket, descriptors: list[int], work: Callable[..., None]) -> int:
    pid = os.fork()
    if pid:
        for descriptor in descriptors:
            os.close(descriptor)
        requests.sendall(_MESSAGE.pack(FORK, pid))
        return pid
    code = 70
    try:
        requests.close()
        work(*descriptors)
        code = 0
    finally:
        os._exit(code)  # never back into the loop above
