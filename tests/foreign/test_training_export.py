"""What `toolworld export` writes, in the hands of those that read it: Hugging Face's datasets, and inspect_ai."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.foreign.test_chat_export import SCRIPTS, python_with
from tests.foreign.test_doors import Framework, installed

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(600)]
INSPECT = Framework("", ("inspect_ai==0.3.285",), "inspect")
READ_LOG = """
import json, sys
from inspect_ai.log import list_eval_logs, read_eval_log
[found] = list_eval_logs(sys.argv[1])
log = read_eval_log(found)
sample = log.samples[0]
roles = sorted({message.role for message in sample.messages})
mean = log.results.scores[0].metrics["mean"].value
print(json.dumps([log.status, len(log.samples), sample.scores["verdict"].value, roles, mean]))
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, command: list[str]) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    for line in (
        "run library --out runs",
        "export parquet --env library --env clinic --env bank_cards --out tasks",
        "export parquet runs --env library --only pass --out runs.parquet",
        "export inspect runs logs --env library",
    ):
        subprocess.run([*command, *line.split()], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("version", ["3.6.0", "5.2.0"])
def test_hugging_face_loads_tasks_by_split_and_runs_as_they_are(version: str, exported: Path, tmp_path: Path) -> None:
    python = python_with(f"datasets-{version}", f"datasets=={version}")
    command = [python, str(SCRIPTS / "load_parquet.py"), "tasks", "runs.parquet", str(tmp_path / "cache")]
    variables = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=exported, capture_output=True, text=True, env=variables)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "version": version,
        "splits": {"train": 21, "validation": 23, "test": 22},
        "environments": {"train": ["library"], "validation": ["clinic"], "test": ["bank_cards"]},
        "prompt": ["system", "user"],
        "runs": 21,
        "roles": ["assistant", "system", "tool", "user"],
        "arguments": ["str"],
        "tools": 16,
        "rewards": [1.0],
        "columns_are_the_same": True,
    }


def test_inspect_reads_the_log_of_every_run(exported: Path) -> None:
    command = [str(installed(INSPECT)), "-c", READ_LOG, "logs"]
    done = subprocess.run(command, cwd=exported, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    status, samples, value, roles, mean = json.loads(done.stdout.splitlines()[-1])
    assert (status, samples, value, mean) == ("success", 21, 1.0, 1.0)
    assert roles == ["assistant", "system", "tool", "user"]
