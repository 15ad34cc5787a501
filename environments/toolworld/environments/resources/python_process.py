"""Running a stranger's Python over files: in a process of its own, without files, network or other processes."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import anyio

from toolworld.ground import JsonValue, SimulationError, os_reason

_FOLDER = Path(__file__).parent
_PROGRAM, _SANDBOX = _FOLDER / "python_program.py", _FOLDER.parent / "confinement" / "sandbox.py"
_START_SECONDS = 20.0
"""What is added for the process to start, with pandas where it is asked for."""
MOST = 8_000
"""Characters of what a program prints or returns."""


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
    limits = {"megabytes": megabytes, "seconds": seconds, "most": MOST}
    asked = json.dumps({"code": code, "files": dict(files), **limits}).encode()
    # Neither the user's variables nor folders; hashes are fixed, so that sets have one order, and no thread is started.
    command = [sys.executable, "-P", "-s", str(_PROGRAM), str(_SANDBOX)]
    environ = {
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "1",
        "PATH": os.environ.get("PATH", ""),
    }
    try:
        with anyio.fail_after(seconds + _START_SECONDS):
            ran = await anyio.run_process(command, input=asked, check=False, env=environ, stderr=subprocess.DEVNULL)
    except TimeoutError:
        return RanPython(error=f"it takes longer than {seconds:g} seconds")
    except OSError as problem:
        raise SimulationError(f"no process for Python can be started: {os_reason(problem)}") from None
    if ran.returncode == 0 and ran.stdout:
        return RanPython(**json.loads(ran.stdout))
    return RanPython(error=_why(ran.returncode, seconds))


def _why(code: int, seconds: float) -> str:
    if -code in (24, 9):  # SIGXCPU, SIGKILL
        return f"it takes longer than {seconds:g} seconds"
    if -code == 31:  # SIGSYS
        return "it was stopped, because it asked the system for something that programs may not have here"
    return f"it was stopped (code {code})"
