"""What `toolworld make` exports, in the hands of those that read it: Hugging Face's datasets, and chat templates."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.foreign, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "chat_export"
TASKS = 40


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "dataset"
    toolworld = str(Path(sys.executable).with_name("toolworld"))
    make = [toolworld, "make", "--n", str(TASKS), "--generated", "6", "--out", str(folder)]
    subprocess.run(make, check=True, capture_output=True)
    return folder


def python_with(name: str, *packages: str) -> str:
    """The Python of a virtual environment that has some packages, made once."""
    folder = ROOT / ".foreign" / name
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    wanted = "\n".join(packages)
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*install, *packages], check=True)
        stamp.write_text(wanted)
    return str(python)


@pytest.mark.parametrize("version", ["3.6.0", "5.2.0"])
def test_hugging_face_loads_every_conversation_as_it_is(version: str, dataset: Path, tmp_path: Path) -> None:
    python = python_with(f"datasets-{version}", f"datasets=={version}")
    environment = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    command = [python, str(SCRIPTS / "load.py"), str(dataset), str(tmp_path / "cache")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts == {"version": version, "chat": [TASKS, TASKS], "sharegpt": [TASKS, TASKS], "card": TASKS}


def test_three_chat_templates_take_every_conversation_with_all_its_tools_and_calls(dataset: Path) -> None:
    python = python_with("chat-templates", "mistral-common[sentencepiece]>=1.8,<2", "jinja2>=3.1,<4")
    command = [python, str(SCRIPTS / "render.py"), str(dataset)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {"mistral": TASKS, "hermes": TASKS, "llama": TASKS}
