"""Imports in bulk: everything is accounted for, a stopped one goes on, ids are apart, processes change nothing."""

import json
from pathlib import Path

import pytest
from tests.support.order_documents import shop_document

from toolworld.environments import ImportCounts, ImportedSource, ImportPlan, import_toolsets, load_environments
from toolworld.ground import UsageError, read_lines


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    (folder / "b").mkdir(parents=True)
    for name in ("a.json", "b/shop.json", "b-shop.json", "c.json"):
        (folder / name).write_text(json.dumps(shop_document()))
    (folder / "bad.json").write_text("{")
    return folder


def run(documents: Path, out: Path, limit: int | None = None, processes: int = 1) -> ImportCounts:
    report = out.with_name(f"{out.name}.report")
    return import_toolsets(ImportPlan("openapi", documents), out, report, limit=limit, processes=processes)


def test_imported_and_refused_are_all_that_there_was(documents: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    counts = run(documents, out)
    assert (counts.sources, counts.environments, counts.imported, counts.refused) == (5, 4, 44, 1)
    assert counts.full + counts.partial + counts.left == 44 and counts.left == 4
    lines = read_lines(tmp_path / "out.jsonl.report", ImportedSource).records
    assert [line.environment for line in lines] == ["a", "b-shop", "b-shop-2", None, "c"]
    assert sum(len(line.items) for line in lines) == counts.imported + counts.refused
    assert [one.id for one in load_environments([str(out)])] == ["a", "b-shop", "b-shop-2", "c"]


def test_a_stopped_import_goes_on_where_it_stopped(documents: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    run(documents, whole)
    assert run(documents, out, limit=2).environments == 2
    kept = (tmp_path / "out.jsonl.report").read_bytes()
    (tmp_path / "out.jsonl.report").write_bytes(b"".join(kept.splitlines(keepends=True)[:1]))  # killed before this line
    counts = run(documents, out)
    assert (counts.resumed, counts.environments, counts.imported) == (1, 4, 44)
    assert out.read_bytes() == whole.read_bytes()


def test_processes_change_no_byte(documents: Path, tmp_path: Path) -> None:
    run(documents, tmp_path / "one.jsonl")
    run(documents, tmp_path / "two.jsonl", processes=2)
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()


def test_a_folder_gets_a_folder_an_environment(documents: Path, tmp_path: Path) -> None:
    counts = run(documents, tmp_path / "out")
    assert counts.environments == 4
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["a", "b-shop", "b-shop-2", "c"]
    assert (tmp_path / "out" / "a" / "behaviour.py").is_file()


def test_without_compiling_every_tool_is_left_to_a_model(documents: Path, tmp_path: Path) -> None:
    plan = ImportPlan("openapi", documents / "a.json", compiles=False)
    counts = import_toolsets(plan, tmp_path / "out.jsonl", tmp_path / "report")
    assert (counts.full, counts.partial, counts.left) == (0, 0, 11)
    [environment] = load_environments([str(tmp_path / "out.jsonl")])
    assert environment.behaviour is None and environment.tools[0].output_schema is not None


def test_a_path_where_nothing_is_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        run(tmp_path / "none", tmp_path / "out.jsonl")
