"""Confines this process for good: what it may use up, and on Linux, which system calls are left to it.

Filters are installed by `ctypes`: the libraries for it either need a C library that is not everywhere, or run
whole commands. Sources: seccomp(2), landlock(7), Documentation/userspace-api/seccomp_filter.rst of Linux.
"""

import ctypes
import errno
import os
import platform
import struct
import sys
from typing import Literal, NamedTuple

Strength = Literal["confined", "limited"]
"""`confined`: limits, and no system calls but those that computing needs. `limited`: limits only."""


class _Machine(NamedTuple):
    """The numbers of system calls on one kind of machine."""

    opening: tuple[int, ...]
    """`open` and `openat`."""
    prctl: int

    audit: int
    """The machine's number in filters."""
    allowed: tuple[int, ...]
    mapping: tuple[int, ...]
    """`mmap` and `mprotect`: allowed unless they ask for memory that can be executed."""


# read write close munmap brk rt_sigaction rt_sigprocmask rt_sigreturn sched_yield mremap madvise exit exit_group
# futex clock_gettime gettimeofday getrandom setitimer sched_getaffinity
_X86_64 = _Machine(
    (2, 257), 157, 0xC000003E, (0, 1, 3, 11, 12, 13, 14, 15, 24, 25, 28, 60, 231, 202, 228, 96, 318, 38, 204), (9, 10)
)
_AARCH64 = _Machine(
    (56,),
    167,
    0xC00000B7,
    (63, 64, 57, 215, 214, 134, 135, 139, 124, 216, 233, 93, 94, 98, 113, 169, 278, 103, 123),
    (222, 226),
)
_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _MODE_FILTER = 38, 22, 2
_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_ANY, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_OFFSET, _MACHINE_OFFSET, _PROTECTION_OFFSET = 0, 4, 32
_ALLOW, _KILL_PROCESS, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_PROT_EXEC = 4
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446
_EVERY_FILE_ACCESS = (1 << 13) - 1
"""The kinds of access to files of Landlock's first version."""


def confine(extra_bytes: int) -> Strength:
    """Confine this process, while it parses what a stranger wrote: no file can be opened, and a try to is an error.

    Python's parser tries to open the file of a program with a syntax error. `seal` takes that away as well.

    Args:
        extra_bytes: By how much its address space may grow from now on.

    Raises:
        OSError: a limit cannot be set.
    """
    _limit(extra_bytes)
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return "limited"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return "limited"
    _forbid_files(libc)
    parsing = _filter(machine, [*_fail(machine.opening), *_allow((machine.prctl,))])
    return "confined" if _install(libc, parsing) else "limited"


def seal() -> bool:
    """End this process at any system call but those that computing needs; `confine` must have come first.

    Of two filters the stricter one decides, and this one cannot be taken back. False if it could not be installed.
    """
    machine = _MACHINES.get(platform.machine())
    if sys.platform != "linux" or machine is None:
        return False
    return _install(ctypes.CDLL(None, use_errno=True), _filter(machine, []))


def _limit(extra_bytes: int) -> None:
    import resource

    limits = {
        resource.RLIMIT_AS: _address_space() + extra_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


def _address_space() -> int:
    """The size of this process's address space in bytes; 0 where it cannot be known."""
    try:
        with open("/proc/self/statm", encoding="ascii") as status:
            return int(status.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 512 << 20


def _forbid_files(libc: ctypes.CDLL) -> None:
    """Take away all access to files by Landlock, where the kernel has it; the filter refuses to open any as well."""
    rules = struct.pack("<Q", _EVERY_FILE_ACCESS)
    ruleset = libc.syscall(_LANDLOCK_CREATE_RULESET, rules, ctypes.c_size_t(len(rules)), 0)
    if ruleset < 0:
        return
    libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    libc.close(ruleset)


def _install(libc: ctypes.CDLL, program: list[bytes]) -> bool:
    instructions = ctypes.create_string_buffer(b"".join(program), 8 * len(program))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(instructions))
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0) == 0:
        return True
    if ctypes.get_errno() in (errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EACCES):
        return False  # this kernel, or a container around us, does not let us filter
    raise OSError(ctypes.get_errno(), "seccomp")


def _filter(machine: _Machine, more: list[bytes]) -> list[bytes]:
    """A program for the kernel that looks at each system call, and ends the process at one that is not allowed.

    Args:
        machine: The numbers of system calls.
        more: Instructions about further calls.
    """
    kill, allow = _instruction(_RETURN, _KILL_PROCESS), _instruction(_RETURN, _ALLOW)
    checks = [
        _instruction(_LOAD, _MACHINE_OFFSET),
        _instruction(_JUMP_IF_EQUAL, machine.audit, 1, 0),
        kill,
        _instruction(_LOAD, _NUMBER_OFFSET),
    ]
    checks += [*_allow(machine.allowed), *more]
    for number in machine.mapping:
        checks += [
            _instruction(_JUMP_IF_EQUAL, number, 0, 4),
            _instruction(_LOAD, _PROTECTION_OFFSET),
            _instruction(_JUMP_IF_ANY, _PROT_EXEC, 0, 1),
            kill,
            allow,
        ]
    return [*checks, kill]


def _allow(numbers: tuple[int, ...]) -> list[bytes]:
    return [
        part
        for number in numbers
        for part in (_instruction(_JUMP_IF_EQUAL, number, 0, 1), _instruction(_RETURN, _ALLOW))
    ]


def _fail(numbers: tuple[int, ...]) -> list[bytes]:
    refuse = _instruction(_RETURN, _FAIL | errno.EACCES)
    return [part for number in numbers for part in (_instruction(_JUMP_IF_EQUAL, number, 0, 1), refuse)]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)
