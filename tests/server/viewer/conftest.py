"""Runs to look at, played once for all tests of the pages."""

from pathlib import Path

import anyio
import pytest
from tests.support.shown_runs import hostile_run, store_with_forks, two_agents


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two agents' runs, a store with forks, and a run of hostile texts."""
    folder = tmp_path_factory.mktemp("shown")
    sets = two_agents(folder)
    anyio.run(store_with_forks, folder / "forks.sqlite")
    return [*sets, folder / "forks.sqlite", hostile_run(folder / "hostile", sets[0])]
