"""Running a stranger's Python over files: in a process of its own, without files, network or other processes."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import anyio

from toolworld.environments.resources.python_program import UNCONFINED
from toolworld.ground import EncodingError, JsonValue, SimulationError, decode, os_reason

_FOLDER = Path(__file__).parent
_PROGRAM, _SANDBOX = _FOLDER / "python_program.py", _FOLDER.parent / "confinement" / "sandbox.py"
_START_SECONDS = 20.0
"""What is added for the process to start, with pandas where it is asked for."""
MOST = 8_000
"""Characters of what a program prints or returns."""
_FIELDS = ("output", "value", "error")
_MOST_WRITTEN = 1 << 20
"""Bytes that are read of what its process writes."""


class RanPython(NamedTuple):
    """What came of a program."""

    output: str = ""
    value: JsonValue = None
    error: str | None = None
    """Why it did not end well, for whoever wrote it."""


async def run_python(code: str, files: Mapping[str, str], *, seconds: float, megabytes: int) -> RanPython:
    """Run a program.

    Args:
        code: The program.
        files: What it can read, by name.
        seconds: How long it may take.
        megabytes: How much memory.

    Raises:
        SimulationError: no process can be started.
    """
    mark = secrets.token_hex(16)
    limits = {"megabytes": megabytes, "seconds": seconds, "most": MOST, "mark": mark}
    asked = json.dumps({"code": code, "files": dict(files), **limits}).encode()
    # Neither the user's variables nor folders; hashes are fixed, so that sets have one order, and no thread is started.
    command = [sys.executable, "-P", "-s", str(_PROGRAM), str(_SANDBOX)]
    environ = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "PATH": os.environ.get("PATH", "")}
    try:
        with anyio.fail_after(seconds + _START_SECONDS):
            written, code_of_end = await _output(command, asked, environ)
    except TimeoutError:
        return RanPython(error=f"it takes longer than {seconds:g} seconds")
    except OSError as problem:
        raise SimulationError(f"no process for Python can be started: {os_reason(problem)}") from None
    if len(written) > _MOST_WRITTEN:
        return RanPython(error="it writes more than can be kept")
    if code_of_end == UNCONFINED:
        raise SimulationError("this machine cannot confine a program, so that none is run")
    _, has_ended, outcome = written.rpartition(mark.encode())
    if code_of_end == 0 and has_ended:
        return _read(outcome)
    return RanPython(error=_why(code_of_end, seconds))


def _read(outcome: bytes) -> RanPython:
    """An outcome as the program's process wrote it, which may be a stranger's work after all."""
    try:
        said = decode(outcome)
    except EncodingError:
        return RanPython(error="it wrote over its outcome")
    fields = said if isinstance(said, dict) else {"none": said}
    error, output = fields.get("error"), fields.get("output", "")
    if (error is not None and not isinstance(error, str)) or not isinstance(output, str) or {*fields} - {*_FIELDS}:
        return RanPython(error="it wrote over its outcome")
    return RanPython(output[: 2 * MOST], fields.get("value"), error)


async def _output(command: list[str], asked: bytes, environ: Mapping[str, str]) -> tuple[bytes, int]:
    """What a process writes, at most a little more than can be kept, and the code that it ends with."""
    process = await anyio.open_process(command, env=environ, stderr=subprocess.DEVNULL)
    written = bytearray()
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(anyio.BrokenResourceError):  # it ended before it read all
            await process.stdin.send(asked)
        await process.stdin.aclose()
        async for part in process.stdout:
            written += part
            if len(written) > _MOST_WRITTEN:
                break
        else:
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        with anyio.CancelScope(shield=True):
            await process.aclose()
    return bytes(written), process.returncode or 0


def _why(code: int, seconds: float) -> str:
    if -code in (24, 9):  # SIGXCPU, SIGKILL
        return f"it takes longer than {seconds:g} seconds"
    if -code == 31:  # SIGSYS
        return "it was stopped, because it asked the system for something that programs may not have here"
    return f"it was stopped (code {code})"
