"""One run, one reward, through every door: each framework in an environment of its own, with its own machinery."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.client.conftest import served_in_a_thread
from tests.support.library_runs import RUNS, Says
from tests.support.unanswering import unanswering_library

from toolworld.datasets import load_suite
from toolworld.server import build_nemo_gym

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "doors"
REWARDS = [run.reward for run in RUNS]


@dataclass(frozen=True)
class Framework:
    """Another framework, with what it has to be installed with."""

    script: str
    packages: tuple[str, ...]
    folder: str
    """The virtual environment; several scripts may share one."""
    torch: bool = False
    """Whether it needs the CPU build of PyTorch, which has to be there before."""
    python: str = ""
    """The version of Python that it asks for; by default ours."""


FRAMEWORKS = (
    Framework("drive_client", (), "client"),
    Framework("drive_client", ("httpx>=0.27,<1",), "client-3.10", python="3.10"),
    Framework("drive_gymnasium", ("gymnasium==1.4.0",), "gymnasium"),
    Framework("drive_skyrl", ("skyrl-gym==0.4.0",), "skyrl"),
    Framework("drive_inspect_ai", ("inspect_ai==0.3.285",), "inspect"),
    Framework("drive_openai_agents", ("openai-agents==0.24.0",), "agents-sdk"),
    Framework("drive_openenv", ("openenv==0.10.0",), "openenv"),
    Framework("drive_openenv_sessions", ("openenv==0.10.0",), "openenv"),
    Framework("drive_verifiers", ("verifiers==0.4.0", "uv"), "verifiers"),
    Framework("drive_trl", ("trl==1.16.0", "jmespath"), "trl", torch=True),
    Framework("drive_verl", ("verl==0.9.1", "cachetools", "uvicorn", "fastapi"), "verl", torch=True),
)


def python_of(version: str) -> str:
    """A Python of a version; skips where there is none."""
    if not version:
        return sys.executable
    managed = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    found = str(managed[-1]) if managed else shutil.which(f"python{version}")
    works = found is not None and subprocess.run([found, "--version"], capture_output=True).returncode == 0
    if not works or found is None:
        pytest.skip(f"there is no Python {version} on this machine")
    return found


def installed(framework: Framework) -> Path:
    """The Python of a framework's environment, with the client, made once for each list of packages."""
    folder = ROOT / ".foreign" / f"doors-{framework.folder}"
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    is_wheel = framework.folder.startswith("client")  # else what is changed here is there at once
    client = [str(ROOT / "client")] if is_wheel else ["-e", str(ROOT / "client")]
    sources = sorted((ROOT / "client").rglob("*.py")) if is_wheel else []
    wanted = "\n".join(
        (*framework.packages, *(path.read_text() for path in (ROOT / "client/pyproject.toml", *sources)))
    )
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([python_of(framework.python), "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        if framework.torch:
            subprocess.run([*install, "torch==2.13.0"], check=True)
        subprocess.run([*install, *framework.packages, *client], check=True)
        stamp.write_text(wanted)
    return python


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs, as the scripts read them."""
    file = tmp_path_factory.mktemp("runs") / "runs.json"
    told = [
        {
            "task": run.task,
            "turns": [turn.text if isinstance(turn, Says) else turn._asdict() for turn in run.turns],
        }
        for run in RUNS
    ]
    file.write_text(json.dumps(told))
    return file


@pytest.fixture(scope="module")
def servers() -> Generator[tuple[str, str]]:
    """A server, and one that cannot simulate renewals."""
    with (
        served_in_a_thread(anyio.run(load_suite, ["library"])) as right,
        served_in_a_thread(anyio.run(unanswering_library, 500)) as broken,
    ):
        yield right.url, broken.url


def driven(framework: Framework, servers: tuple[str, str], runs: Path, *more: str) -> dict[str, Any]:
    """What a framework's script tells."""
    command = [str(installed(framework)), str(SCRIPTS / f"{framework.script}.py"), *servers, str(runs), *more]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=runs.parent, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.mark.parametrize("framework", FRAMEWORKS, ids=lambda one: f"{one.script.removeprefix('drive_')}-{one.folder}")
def test_a_run_has_the_same_reward_through_a_framework_and_a_void_one_none(
    framework: Framework, servers: tuple[str, str], runs: Path
) -> None:
    told = driven(framework, servers, runs)
    assert told["rewards"] == REWARDS
    assert told["void"] == ("left out" if framework.script != "drive_client" else None)
    if framework.script == "drive_openenv":
        assert set(told["graders"].values()) == {"CheckStatus.PASS"} and "Verdict: PASS" in told["validated"]
    if framework.script == "drive_trl":  # half of each group is right: mean 0.5, and there is something to learn
        assert told["steps"] == [[0.5, 0.707, True]] * 2
    if framework.script == "drive_client":
        assert told["http"] == ("httpx" if framework.python == "3.10" else "httpx2")


NEMO_GYM = Framework("drive_nemo_gym", ("nemo-gym==0.4.0",), "nemo-gym", python="3.12")


def test_a_run_has_the_same_reward_through_nemo_gyms_agents_and_a_void_one_is_a_failure(
    runs: Path, tmp_path: Path, command: list[str]
) -> None:
    subprocess.run([*command, "export", "nemo-gym", str(tmp_path / "nemo"), "--env", "library"], check=True)
    with (
        served_in_a_thread(anyio.run(load_suite, ["library"]), app=build_nemo_gym) as right,
        served_in_a_thread(anyio.run(unanswering_library, 500), app=build_nemo_gym) as broken,
    ):
        told = driven(NEMO_GYM, (right.url, broken.url), runs, str(tmp_path / "nemo"))
    assert (told["rewards"], told["void"]) == (REWARDS, "left out")
    assert told["alone"] == [0.0, "fail"]  # `simple_agent` has nobody to ask for a yes
