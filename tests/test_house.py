"""The house itself: imports go down the floors and down the folders of a room, and past no `__init__` of another."""

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from toolworld.environments import BEHAVIOUR_FILE

ROOT = Path(__file__).parents[1]

FLOORS = {
    room: parts.split()
    for room, parts in {
        "ground": "errors text gc tls tracing task_group keyed_lock json secrets schema_bounds json_schema files "
        "record record_schema lines jobs",
        "llm": "message usage formats model ask scripted_model retry_policy spending providers models embedding",
        "environments": "state spec calls behaviour catalogue normaliser importers graph confinement "
        "resources model_simulator twin faults runtime audit compiler synthesis",
        "datasets": "fact task trajectory verdict trials truth suite mutations formats metrics samples "
        "evaluation perturbation hygiene training_export generation agora_bench",
        "judges": "ownership facts consent statements tool_calls context rules checks blame reward judge rubric "
        "calibration repair regrading files",
        "rollout": "planned_run mutation players mutations hosts play batch synthesis evolution facts "
        "trees questions generation dataset",
        "server": "error_answers store telemetry episodes security mcp in_process control adapters validation "
        "viewer http",
        "cli": "interrupt screen options report commands app start",
    }.items()
}
"""Rooms, the lowest first, each with its folders and files, the lowest first. An import goes down, never up."""
MAX_TOP_LEVEL = 17
"""Folders and files at the top level of a room."""


COMPILER = [
    "literals",
    "file_system",
    "mathematics",
    "packs",
    "layout",
    "data",
    "plans",
    "conditions",
    "functions",
    "function_names",
    "compile",
    "bench",
    "self_check",
    "of_environment",
    "bulk",
]
"""The parts of the compiler, which is as large as a room, the lowest first."""


def source_files() -> list[Path]:
    return [path for room in FLOORS for path in sorted((ROOT / room).rglob("*.py")) if path.name != BEHAVIOUR_FILE]


def modules_imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module or ''}"
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def climbing(room: str, part: str, source: str) -> set[str]:
    """The modules that a file must not import but does: of a higher room, of a higher part, or past an `__init__`.

    Args:
        room: The file's room.
        part: Its folder in the room, or its own name at the top level.
        source: Its text.
    """
    rooms, order, wrong = list(FLOORS), FLOORS[room], set[str]()
    for module in modules_imported(ast.parse(source)):
        top, *rest = module.split(".")
        if top == "":  # relative, so that the order could not be seen
            wrong.add(module)
        if top != "toolworld" or not rest:
            continue
        if rest[0] != room:
            is_up = rooms.index(rest[0]) > rooms.index(room)
            if is_up or len(rest) > 1:
                wrong.add(module)
        elif part != "__init__" and (len(rest) == 1 or order.index(rest[1]) > order.index(part)):
            wrong.add(module)
    return wrong


def part_of(path: Path) -> str:
    """The folder or file at the top level of its room that a file belongs to."""
    inside = path.relative_to(ROOT).parts[3:]
    return inside[0].removesuffix(".py")


@pytest.mark.parametrize("path", source_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_what_is_below_it(path: Path) -> None:
    assert climbing(path.relative_to(ROOT).parts[0], part_of(path), path.read_text()) == set()


def test_the_check_notices_an_import_that_climbs_a_floor_or_a_folder_or_goes_past_an_init() -> None:
    assert climbing("environments", "state", "from toolworld.server import Store") == {"toolworld.server"}
    assert climbing("rollout", "play", "import toolworld.server") == {"toolworld.server"}
    assert climbing("server", "episodes", "from toolworld.rollout import play") == set()
    assert climbing("environments", "state", "from toolworld.environments.spec.tool import ToolSpec") == {
        "toolworld.environments.spec.tool"
    }
    assert climbing("environments", "spec", "from toolworld.environments.state.ops import Op") == set()
    assert climbing("datasets", "task", "from toolworld.environments.spec.tool import ToolSpec") == {
        "toolworld.environments.spec.tool"
    }
    assert climbing("datasets", "task", "from toolworld.environments import ToolSpec") == set()
    assert climbing("server", "store", "from toolworld.server import open_environment") == {"toolworld.server"}
    assert climbing("server", "store", "from ..episodes import episode") == {"..episodes"}
    assert climbing("server", "store", "from . import protocol") == {"."}


COMPILER_FILES = sorted((ROOT / "environments/toolworld/environments/compiler").rglob("*.py"))


@pytest.mark.parametrize("path", COMPILER_FILES, ids=lambda path: path.name)
def test_a_file_of_the_compiler_imports_only_what_is_below_it(path: Path) -> None:
    inside = path.relative_to(ROOT / "environments/toolworld/environments/compiler").parts[0].removesuffix(".py")
    if inside == "__init__" or path.name == BEHAVIOUR_FILE:
        return
    imported = {module for module in modules_imported(ast.parse(path.read_text())) if ".compiler." in module}
    parts = {module.split(".compiler.")[1].split(".")[0] for module in imported}
    assert {part for part in parts if COMPILER.index(part) > COMPILER.index(inside)} == set()


@pytest.mark.parametrize("room", FLOORS)
def test_everything_at_the_top_level_of_a_room_has_its_place_in_the_order(room: str) -> None:
    parts = {part_of(path) for path in source_files() if path.is_relative_to(ROOT / room)} - {"__init__"}
    assert parts == set(FLOORS[room])
    assert len(parts) <= MAX_TOP_LEVEL


@pytest.mark.parametrize("room", FLOORS)
def test_no_folder_of_a_room_holds_a_single_module(room: str) -> None:
    folders = {path.parent for path in (ROOT / room / "toolworld" / room).rglob("*/__init__.py")}
    alone = {str(folder) for folder in folders if len(list(folder.glob("*.py"))) + len(list(folder.glob("*/"))) < 3}
    assert alone == set()


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_exports_everything_that_is_visible(room: str) -> None:
    module = importlib.import_module(f"toolworld.{room}")
    values = {name: value for name, value in vars(module).items() if not isinstance(value, ModuleType)}
    loaded_later: dict[str, str] = getattr(module, "_LOADED_LATER", {})
    visible = {name for name in values if not name.startswith("_")} - {"TYPE_CHECKING", "Any", "import_module"}
    assert visible | loaded_later.keys() == set(module.__all__)
    assert len(module.__all__) == len(set(module.__all__))
    assert all(getattr(module, name) is not None for name in module.__all__)


@pytest.mark.parametrize("room", FLOORS)
def test_a_room_is_a_source_root_of_one_namespace(room: str) -> None:
    assert not (ROOT / room / "__init__.py").exists()
    assert not (ROOT / room / "toolworld" / "__init__.py").exists()
    assert (ROOT / room / "toolworld" / room / "py.typed").exists()


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("toolworld.environments", {"mcp", "fastapi", "starlette", "openai", "uvicorn"}),
        ("toolworld.llm", {"numpy", "aiohttp"}),
        ("toolworld.datasets", {"numpy", "rapidfuzz", "rensa", "jinja2", "networkx"}),
        ("toolworld.judges", {"mcp", "fastapi", "starlette", "openai", "uvicorn"}),
        ("toolworld.server", {"mcp", "fastapi", "starlette", "openai", "uvicorn"}),
        ("toolworld.cli.app", {"mcp", "fastapi", "starlette", "openai", "uvicorn", "toolworld.server"}),
    ],
)
def test_importing_a_room_does_not_load_what_it_may_not_need(module: str, absent: set[str]) -> None:
    source = f"import sys, {module}; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded and not absent & set(loaded)


def test_no_file_of_the_project_names_a_registry_or_a_machine() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
