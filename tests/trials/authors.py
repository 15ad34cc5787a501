"""Errors of authors, planted one by one: how many `env check` names as errors, warns of, and misses."""

import json
import random
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import anyio
from tests.support.planted_errors import PLANTED, Planted

PERMITS = Path(__file__).parents[1] / "support" / "permits"
Outcome = Literal["error", "warning", "missed"]


@dataclass(slots=True)
class Findings:
    """What a trial came to."""

    planted: int = 0
    errors: int = 0
    warnings: int = 0
    missed: list[str] = field(default_factory=list[str])
    faults: list[str] = field(default_factory=list[str])


async def plant_errors(folder: Path, errors: int = len(PLANTED), seed: int = 0, say: Any = print) -> Findings:
    """Check the environment with each error in it, and as it is."""
    planted = random.Random(seed).sample(PLANTED, errors) if errors < len(PLANTED) else PLANTED
    found = Findings(planted=len(planted))
    clean, told = await _check(PERMITS, folder / "clean")
    if clean != "missed":
        found.faults.append(f"without an error it is not clean: {told}")
    limiter = anyio.CapacityLimiter(2)
    outcomes: dict[str, tuple[Outcome, str]] = {}

    async def one(error: Planted) -> None:
        async with limiter:
            outcomes[error.name] = await _check(PERMITS, folder / str(PLANTED.index(error)), error)

    async with anyio.create_task_group() as tasks:
        for error in planted:
            tasks.start_soon(one, error)
    for error in planted:
        outcome, told = outcomes[error.name]
        say(f"{outcome:8} {error.file:17} {error.name}{': ' + told if told else ''}")
        found.errors += outcome == "error"
        found.warnings += outcome == "warning"
        if outcome == "missed":
            found.missed.append(error.name)
    found.faults += [f"missed: {name}" for name in found.missed]
    return found


async def _check(source: Path, folder: Path, error: Planted | None = None) -> tuple[Outcome, str]:
    shutil.copytree(source, folder)
    if error is not None:
        place = folder / error.file
        text = place.read_text(encoding="utf-8")
        assert text.count(error.old) >= 1, f"{error.name}: {error.file} has no {error.old!r}"
        place.write_text(text.replace(error.old, error.new, 1), encoding="utf-8")
    toolworld = [sys.executable, "-c", "from toolworld.cli import main; main()"]
    done = await anyio.run_process([*toolworld, "env", "check", str(folder), "--json"], check=False)
    findings = json.loads(done.stdout)["findings"]
    for severity in ("error", "warning"):
        for finding in findings:
            if finding["severity"] == severity:
                return severity, finding["message"]
    return "missed", ""
