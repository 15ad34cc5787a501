"""The wheel and the sdist, installed into clean environments of each Python that is at hand."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest
from tests.support.ports import free_port, wait_for
from tests.test_house import ROOT

pytestmark = [pytest.mark.install, pytest.mark.timeout(900)]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def interpreter(version: str) -> Path | None:
    """A Python of a version: of the PATH, or one that pyenv has."""
    others = sorted(Path.home().glob(f".pyenv/versions/{version}*/bin/python{version}"))
    tell = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    for found in (shutil.which(f"python{version}"), *others):
        if found is not None:
            done = subprocess.run([str(found), "-c", tell], capture_output=True, text=True)
            if done.returncode == 0 and done.stdout.strip() == version:
                return Path(found)
    return None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is made from it, as they are published."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)], check=True, capture_output=True)
    return folder


def install(python: Path, place: Path, *what: str) -> Path:
    """A new environment with something in it; gives the folder of its programs."""
    subprocess.run([str(python), "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "pip"), "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "-c", str(ROOT / "requirements.lock"), *what], check=True)
    return place / "bin"


def run(folder: Path, *command: str | Path) -> str:
    done = subprocess.run([str(one) for one in command], capture_output=True, text=True, cwd=folder, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def try_as_a_stranger(programs: Path, folder: Path) -> None:
    """The demo, the README's first lines of Python, and a server with a call."""
    assert "right runs passed" in run(folder, programs / "toolworld", "demo", "--out", "out")
    [lines, *_] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (folder / "lines.py").write_text(lines, encoding="utf-8")
    assert "pass 1.0" in run(folder, programs / "python", "lines.py")
    port = free_port()
    command = [programs / "toolworld", "serve", "library", "--http", f"127.0.0.1:{port}", "--store", "s.sqlite"]
    environ = {**os.environ, "TOOLWORLD_TOKEN": "of-a-test"}
    with subprocess.Popen([str(one) for one in command], cwd=folder, stdout=subprocess.DEVNULL, env=environ) as server:
        try:
            wait_for(port)
            headers = {"authorization": "Bearer of-a-test"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
                episode = client.post("/episodes", json={"environment": "library"}).json()["id"]
                call = {"name": "get_patron", "arguments": {"patron_id": "B2040"}}
                answer = client.post(f"/episodes/{episode}/calls", json=call).json()
                assert answer["result"]["patron_id"] == "B2040"
                assert "get_patron" in client.get("/view/environments/library.html").text
        finally:
            server.terminate()
        assert server.wait(timeout=30) == 0


def test_the_wheel_holds_every_file_of_every_room(built: Path) -> None:
    """Also those that look as if `.gitignore` meant them."""
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    rooms = [path.parent for path in ROOT.glob("*/toolworld") if path.parent.name != "client"]
    files = {path.relative_to(room).as_posix() for room in rooms for path in room.rglob("*.py")}
    assert len(files) > 500 and files - held == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_wheel_works_in_a_clean_environment(built: Path, tmp_path: Path, version: str) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"there is no Python {version} on this machine")
    [wheel] = built.glob("*.whl")
    try_as_a_stranger(install(python, tmp_path / "env", str(wheel)), tmp_path)


def test_the_sdist_works_in_a_clean_environment_and_has_the_tests(built: Path, tmp_path: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    programs = install(Path(sys.executable), tmp_path / "env", str(sdist))
    assert "library" in run(tmp_path, programs / "toolworld", "env", "list")
    shutil.unpack_archive(sdist, tmp_path / "unpacked")
    [folder] = (tmp_path / "unpacked").iterdir()
    assert (folder / "tests" / "test_house.py").is_file() and not (folder / ".ci").exists()


def test_an_extra_that_is_not_installed_is_named(built: Path, tmp_path: Path) -> None:
    [wheel] = built.glob("*.whl")
    programs = install(Path(sys.executable), tmp_path / "env", str(wheel))
    for arguments, extra in missing(tmp_path):
        done = subprocess.run([programs / "toolworld", *arguments], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert f"toolworld[{extra}]" in done.stderr and "Traceback" not in done.stderr


def missing(folder: Path) -> Sequence[tuple[list[str], str]]:
    """Commands that need an extra."""
    (folder / "t.parquet").write_bytes(b"PAR1")
    return [
        (["store", "stats", "postgresql://127.0.0.1/x"], "postgres"),
        (["evaluate", "t.parquet", "t.parquet"], "parquet"),
        (["run", "library", "--agent", "local", "--out", "o"], "local"),
    ]
