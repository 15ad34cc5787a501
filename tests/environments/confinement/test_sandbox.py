"""The sandbox: each system call that could reach out ends the process that makes it, and no other."""

import _socket
import ctypes
import mmap
import os
import signal
import sys
from collections.abc import Callable

import pytest

from toolworld.environments.confinement.sandbox import confine, seal

pytestmark = [
    pytest.mark.isolated,
    pytest.mark.skipif(sys.platform != "linux", reason="system calls are filtered on Linux only"),
]
FORBIDDEN: dict[str, Callable[[], object]] = {
    "open a file": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "list a folder": lambda: os.listdir("/"),
    "look at a file": lambda: os.stat("/etc/passwd"),
    "make a folder": lambda: os.mkdir("/tmp/toolworld-canary"),
    "remove a file": lambda: os.unlink("/tmp/toolworld-canary"),
    "open a socket": lambda: _socket.socket(),
    "open a local socket": lambda: _socket.socketpair(),
    "fork": os.fork,
    "run a program": lambda: os.execv("/bin/true", ["true"]),
    "send a signal": lambda: os.kill(os.getppid(), 0),
    "look at another process": lambda: ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0),
    "make memory that can be executed": lambda: mmap.mmap(-1, 4096, prot=7),
    "lift a limit": lambda: __import__("resource").setrlimit(9, (-1, -1)),
    "ask who it is": os.getuid,
    "sleep": lambda: __import__("time").sleep(0.1),
    "make a pipe": os.pipe,
    "change the filter": lambda: ctypes.CDLL(None).prctl(22, 0, 0, 0, 0),
}
ALLOWED: dict[str, Callable[[], object]] = {
    "compute": lambda: sum(range(1000)),
    "use memory": lambda: len(bytearray(50 << 20)),
    "run out of memory": lambda: _refused(lambda: bytearray(400 << 20)),
}


def _refused(action: Callable[[], object]) -> None:
    try:
        action()
    except MemoryError:
        return
    raise AssertionError


def confined(action: Callable[[], object]) -> tuple[bytes, int]:
    """What a confined child does: what it wrote when it was done, and the signal that ended it."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        strength = confine(256 << 20)
        seal()
        try:
            action()
            os.write(write, strength.encode())
        finally:
            os._exit(1)
    os.close(write)
    try:
        said = os.read(read, 100)
    finally:
        os.close(read)
    return said, os.waitpid(child, 0)[1] & 127


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # a fork beside threads; the child does nothing else
@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_system_call_ends_its_process(name: str) -> None:
    for module in ("resource", "time"):
        __import__(module)
    assert confined(FORBIDDEN[name]) == (b"", signal.SIGSYS)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ALLOWED)
def test_what_computing_needs_is_allowed(name: str) -> None:
    assert confined(ALLOWED[name]) == (b"confined", 0)
