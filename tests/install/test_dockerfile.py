"""The Dockerfile, step by step, where there is no Docker: its folders stand in a folder of the test's own."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import httpx
import pytest
from tests.support.ports import free_port, wait_for
from tests.test_house import ROOT

UID = 10001
PLACES = ("/opt/toolworld", "/src", "/data")
"""Folders of the image."""


@dataclass
class Image:
    """What the steps have made."""

    root: Path
    port: int = field(default_factory=free_port)
    folder: Path = Path()
    user: str = ""
    commands: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def placed(self, text: str) -> str:
        """A text with folders of the image and its port in their places here."""
        for place in PLACES:
            text = re.sub(rf"(?<![\w/.]){place}(?![\w-])", str(self.root) + place, text)
        return text.replace("8765", str(self.port)).replace("0.0.0.0:", "127.0.0.1:")

    def step(self, instruction: str, rest: str) -> None:
        """Take an instruction."""
        match instruction:
            case "COPY" if rest.startswith("--from="):
                pass  # both stages are one folder here
            case "COPY":
                source, target = rest.split()
                assert source == "."
                copy_context(self.root / target.lstrip("/"))
            case "WORKDIR":
                self.folder = Path(self.placed(rest))
            case "RUN":
                script = re.sub(r"^python\b", shlex.quote(sys.executable), self.placed(rest))
                where = self.folder if self.folder.is_dir() else self.root
                subprocess.run(script, shell=True, check=True, cwd=where)
            case "USER":
                self.user = rest
            case "HEALTHCHECK":
                self.commands[instruction] = json.loads(self.placed(rest.partition("CMD ")[2]))
            case "ENTRYPOINT" | "CMD":
                self.commands[instruction] = json.loads(self.placed(rest))
            case _:
                assert instruction in ("FROM", "ENV", "VOLUME", "EXPOSE"), f"the test does not know {instruction}"

    def command(self, *names: str) -> list[str]:
        """A command as the image's user runs it."""
        uid, gid = self.user.split(":")
        drop = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"] if not os.geteuid() else []
        return [*drop, *(word for name in names for word in self.commands[name])]


def copy_context(target: Path) -> None:
    """Copy what `.dockerignore` lets through."""
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")
    target.mkdir(parents=True)
    for name in kept:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target / name)
    assert not [path for path in target.rglob("*") if fnmatch(path.name, "*.sqlite*")]


@pytest.mark.install
@pytest.mark.timeout(600)
def test_the_steps_of_the_dockerfile_make_a_server_that_is_healthy_and_unprivileged(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:3]):
        parent.chmod(parent.stat().st_mode | 0o011)  # so that another user gets there
    image = Image(tmp_path)
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            image.step(*line.split(maxsplit=1))
    assert image.user == f"{UID}:{UID}"
    checked = image.command("HEALTHCHECK")
    assert subprocess.run(checked, capture_output=True).returncode != 0  # nobody serves yet
    with subprocess.Popen(
        image.command("ENTRYPOINT", "CMD"),
        cwd=image.folder,
        stdout=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path / "data"), "TOOLWORLD_TOKEN": "of-a-test"},
    ) as server:
        try:
            wait_for(image.port)
            deadline = time.monotonic() + 20
            while (done := subprocess.run(checked, capture_output=True, text=True)).returncode:
                assert time.monotonic() < deadline, done.stderr
                time.sleep(0.2)
            base = f"http://127.0.0.1:{image.port}"
            body = {"environment": "library"}
            assert httpx.post(f"{base}/episodes", json=body).status_code == 401
            headers = {"authorization": "Bearer of-a-test"}
            assert httpx.post(f"{base}/episodes", json=body, headers=headers).status_code == 201
            if not os.geteuid():
                assert Path(f"/proc/{server.pid}").stat().st_uid == UID
        finally:
            server.terminate()
        assert server.wait(timeout=30) == 0
    assert (tmp_path / "data" / "episodes.sqlite").is_file()
