"""The house itself: imports go down the floors, each room exports what it says, and files stay readable."""

import ast
import importlib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = {
    "ground": 0,
    "llm": 1,
    "environments": 2,
    "datasets": 3,
    "judges": 4,
    "server": 5,
    "rollout": 5,
    "cli": 6,
}


def source_files() -> list[Path]:
    return [path for room in FLOORS for path in sorted((ROOT / room).rglob("*.py"))]


def rooms_imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return {name.split(".")[1] for name in names if name.startswith("toolworld.")}


def climbing(room: str, source: str) -> set[str]:
    """Name the rooms that a file of a room must not import but does."""
    return {other for other in rooms_imported(ast.parse(source)) if other != room and FLOORS[other] >= FLOORS[room]}


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_from_the_floors_below_it(path: Path) -> None:
    assert climbing(path.relative_to(ROOT).parts[0], path.read_text()) == set()


def test_the_floor_check_notices_an_import_that_climbs() -> None:
    assert climbing("environments", "from toolworld.server import Store") == {"server"}
    assert climbing("rollout", "import toolworld.server") == {"server"}


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_exports_everything_that_is_visible(room: str) -> None:
    module = importlib.import_module(f"toolworld.{room}")
    values = {name: value for name, value in vars(module).items() if not isinstance(value, ModuleType)}
    visible = {name for name in values if not name.startswith("_")}
    assert visible == set(module.__all__)


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_is_a_source_root_of_one_namespace(room: str) -> None:
    assert not (ROOT / room / "__init__.py").exists()
    assert not (ROOT / room / "toolworld" / "__init__.py").exists()
    assert (ROOT / room / "toolworld" / room / "py.typed").exists()


def test_no_file_of_the_project_names_a_registry_or_a_machine() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
