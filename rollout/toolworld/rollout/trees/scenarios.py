"""Scenarios that come with toolworld: configurations with small data, ready to run."""

from importlib.resources import as_file, files
from pathlib import Path


def scenarios() -> dict[str, Path]:
    """The configuration of each scenario, by name."""
    with as_file(files("toolworld.rollout") / "scenarios") as folder:
        return {place.parent.name: place for place in sorted(folder.glob("*/config.json"))}
