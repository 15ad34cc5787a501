"""Trials that take minutes: `python -m tests.trials NAME`. Exit code 1 if something was found."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import anyio
from tests.trials.authors import plant_errors
from tests.trials.crash import kill_under_load
from tests.trials.crash_postgres import kill_servers_and_database
from tests.trials.engines import compare_engines
from tests.trials.fidelity import compare_programs
from tests.trials.generation import generate_many
from tests.trials.hostile import be_hostile
from tests.trials.imports import import_in_bulk
from tests.trials.language import fuzz_language
from tests.trials.links import measure_links
from tests.trials.losses import lose_things
from tests.trials.lying import be_lied_to
from tests.trials.questions import ask_many
from tests.trials.rate import be_quick
from tests.trials.readings import measure_readings
from tests.trials.scale import grow
from tests.trials.served_packs import call_every_tool
from tests.trials.soak import soak
from tests.trials.strangers import live_beside
from tests.trials.verdicts import judge_variations
from tests.trials.words import read_words

TABLES = ("honest", "by_type", "right", "wrong", "by_environment", "by_kind", "by_error", "disagreements", "sets")
"""Findings that have a line for each name."""


def main() -> None:
    """Run one trial."""
    parser = argparse.ArgumentParser(prog="python -m tests.trials", description=__doc__)
    parser.add_argument(
        "trial",
        choices=[
            "authors",
            "crash",
            "crash_postgres",
            "engines",
            "fidelity",
            "generation",
            "hostile",
            "imports",
            "language",
            "links",
            "losses",
            "lying",
            "questions",
            "rate",
            "readings",
            "scale",
            "served",
            "soak",
            "strangers",
            "verdicts",
            "words",
        ],
    )
    parser.add_argument(
        "--size",
        type=float,
        help="errors, kills, losses, calls, programs, inputs, episodes, seeds, rows, seconds, or minutes",
    )
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    trials: dict[str, tuple[Callable[..., Any], float]] = {
        "authors": (plant_errors, 64),
        "crash": (kill_under_load, 300),
        "crash_postgres": (kill_servers_and_database, 100),
        "engines": (compare_engines, 300),
        "fidelity": (compare_programs, 6),
        "generation": (generate_many, 100_000),
        "hostile": (be_hostile, 100_000),
        "imports": (import_in_bulk, 700),
        "language": (fuzz_language, 200_000),
        "links": (measure_links, 0),
        "losses": (lose_things, 20),
        "lying": (be_lied_to, 10_000),
        "questions": (ask_many, 200),
        "rate": (be_quick, 256),
        "readings": (measure_readings, 0),
        "scale": (grow, 100_000),
        "served": (call_every_tool, 0),
        "soak": (soak, 30),
        "strangers": (live_beside, 60),
        "verdicts": (judge_variations, 1_000),
        "words": (read_words, 100_000),
    }
    run, usual = trials[chosen.trial]
    size = chosen.size or usual
    with tempfile.TemporaryDirectory(prefix="toolworld-trial-") as folder:
        findings = anyio.run(run, Path(folder), size if chosen.trial == "soak" else int(size), chosen.seed)
    for part in fields(findings):
        value: Any = getattr(findings, part.name)
        rows: dict[str, Any] = value if part.name in TABLES else {}
        for name, said in rows.items():
            print(f"{part.name}: {name}: {said}")
        if not rows:
            print(f"{part.name}: {len(value) if part.name in ('faults', 'misread') else value}")
    for fault in findings.faults[:20]:
        print(f"FAULT {fault}")
    sys.exit(1 if findings.faults else 0)


if __name__ == "__main__":
    main()
