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
    assert (counts.sources, counts.environments, counts.imported, counts.refused) == (5, 4, 48, 1)
    assert counts.full + counts.partial + counts.left == 48 and counts.left == 4
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
    assert (counts.resumed, counts.environments, counts.imported) == (1, 4, 48)
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
    assert (counts.full, counts.partial, counts.left) == (0, 0, 12)
    [environment] = load_environments([str(tmp_path / "out.jsonl")])
    assert environment.behaviour is None and environment.tools[0].output_schema is not None


def test_a_path_where_nothing_is_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a file nor a folder"):
        run(tmp_path / "none", tmp_path / "out.jsonl")


def test_another_import_does_not_go_on_with_a_report_or_an_output_that_is_not_its_own(
    documents: Path, tmp_path: Path
) -> None:
    out, report = tmp_path / "out.jsonl", tmp_path / "out.jsonl.report"
    run(documents, out)
    before = out.read_bytes(), report.read_bytes()
    for plan in (ImportPlan("openapi", documents, seed=1), ImportPlan("openapi", documents / "b")):
        with pytest.raises(UsageError, match="the report of another import"):
            import_toolsets(plan, out, report)
    with pytest.raises(UsageError, match="has environments that"):
        import_toolsets(ImportPlan("openapi", documents), out, tmp_path / "other.report")
    with pytest.raises(UsageError, match=r"that .* does not have"):
        import_toolsets(ImportPlan("openapi", documents), tmp_path / "other.jsonl", report)
    with pytest.raises(UsageError, match="both the output and the report"):
        import_toolsets(ImportPlan("openapi", documents), out, out)
    assert (out.read_bytes(), report.read_bytes()) == before


ODD: dict[str, bytes] = {
    "a_format.json": b'{"openapi":"3.0.0","paths":{"/a":{"get":{"parameters":[{"name":"x","in":"query","schema":'
    b'{"type":"string","format":["date"]}}],"responses":{}}}}}',
    "b_day.yaml": b"openapi: 3.0.0\nexample: 2020-13-45\n",
    "c_number.yaml": b"openapi: 0x_\n",
    "d_aliases.yaml": b"a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + b"".join(b"%c: &%c [%s]\n" % (n, n, b", ".join([b"*%c" % (n - 1)] * 10)) for n in range(ord("b"), ord("j"))),
    "e_deep.json": b"[" * 5000,
    "f_null.json": b'{"openapi":"3.0.0","info":{"title":"a\\u0000b"},"paths":{"/a/{id}":{"get":{"summary":"x\\u0000",'
    b'"responses":{"200":{"content":{"application/json":{"schema":{"properties":{"id":{"type":"string"},'
    b'"\xf0\x9f\x98\x80":{"type":"string"}}}}}}}}}}}',
    "g_codes.yaml": b"openapi: 3.0.0\npaths:\n  /a:\n    get:\n      responses:\n        200: {description: x}\n",
    "h_bom.json": b'\xef\xbb\xbf{"openapi":"3.0.0","paths":{"/a":{"get":{"responses":{}},"trace":{"responses":{}}}}}',
}


def test_one_odd_document_does_not_end_the_rest(tmp_path: Path) -> None:
    (tmp_path / "documents").mkdir()
    for name, data in ODD.items():
        (tmp_path / "documents" / name).write_bytes(data)
    (tmp_path / "documents" / "i_link.json").symlink_to("nowhere")
    counts = run(tmp_path / "documents", tmp_path / "out.jsonl")
    lines = {line.source: line for line in read_lines(tmp_path / "out.jsonl.report", ImportedSource).records}
    assert lines.keys() == {*ODD, "i_link.json"}
    made = {name for name, line in lines.items() if line.environment is not None}
    assert made == {"a_format.json", "f_null.json", "g_codes.yaml", "h_bom.json"}
    assert lines["f_null.json"].left == 0 and counts.refused == 6
    assert "more than 2,000,000 values" in (lines["d_aliases.yaml"].items[0].why or "")
    assert [one.why for one in lines["h_bom.json"].items] == [None, "its method is not read"]
    assert len(load_environments([str(tmp_path / "out.jsonl")])) == 4


def test_references_that_multiply_are_refused_in_bounded_time(tmp_path: Path) -> None:
    levels = {
        f"S{level}": {"properties": {f"p{n}": {"$ref": f"#/components/schemas/S{level + 1}"} for n in range(40)}}
        for level in range(8)
    }
    document = shop_document()
    document["components"]["schemas"] = levels | {"S8": {"type": "string"}, "Order": levels["S0"], "Customer": {}}
    (tmp_path / "a.json").write_text(json.dumps(document))
    counts = run(tmp_path / "a.json", tmp_path / "out.jsonl")
    assert counts.sources == 1 and counts.imported + counts.refused >= 1
