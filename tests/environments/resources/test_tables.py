"""Tables in files, and Python over them."""

from pathlib import Path

import pytest
from tests.support.answered_resource import asked, refusal_of, resource_runtime, result_of

from toolworld.environments import Runtime
from toolworld.ground import SpecError

FILES = {
    "boats.csv": "name,length,code\nTern,12,007\nOwl,9.5,x\nEmpty,,\n",
    "log.jsonl": '{"day": 1, "wind": 3}\n{"day": 2, "wind": 5}\n',
    "note.txt": "The Tern leaks.",
}


_FORGED = """
try:
    1 / 0
except ZeroDivisionError as e:
    frame = e.__traceback__.tb_frame
    while 'asked' not in frame.f_locals:
        frame = frame.f_back
    system = frame.f_globals['os']
    system.write(1, frame.f_locals['asked']['mark'].encode() + {outcome})
    system._exit(0)
"""


def _runtime(folder: Path) -> Runtime:
    return resource_runtime(folder, "filesystem", FILES, seconds=3, megabytes=256)


async def test_tables_are_listed_described_and_read_with_numbers_as_numbers(tmp_path: Path) -> None:
    tables = _runtime(tmp_path)
    assert [one["file"] for one in (await result_of(tables, "ds_list_files"))["files"]] == [*FILES]
    looked = await result_of(tables, "ds_inspect_data", file="boats.csv")
    assert looked["rows"] == 3
    assert looked["columns"] == [
        {"name": "name", "type": "text", "different": 3},
        {"name": "length", "type": "number", "different": 3},
        {"name": "code", "type": "text", "different": 3},
    ]
    read = await result_of(tables, "ds_read_csv", csv_file="boats.csv", max_rows=1, first_row=1)
    assert read == {"rows": [{"name": "Owl", "length": 9.5, "code": "x"}], "total": 3}
    assert (await result_of(tables, "ds_read_csv", csv_file="log.jsonl"))["total"] == 2
    assert (await result_of(tables, "ds_read_file", file="note.txt"))["text"] == "The Tern leaks."


async def test_files_that_are_not_there_or_no_tables_are_refused(tmp_path: Path) -> None:
    tables = _runtime(tmp_path)
    assert (await refusal_of(tables, "ds_read_csv", csv_file="../environment.json"))[0] == "file_not_found"
    assert (await refusal_of(tables, "ds_inspect_data", file="note.txt"))[0] == "not_a_table"


async def test_python_reads_the_tables_and_gives_what_it_prints_and_its_last_expression(tmp_path: Path) -> None:
    tables = _runtime(tmp_path)
    ran = await result_of(
        tables,
        "ds_run_python",
        code="b = read_csv('boats.csv')\nprint(len(b))\nmax(r['length'] or 0 for r in b)",
    )
    assert ran == {"output": "3\n", "value": 12}
    ran = await result_of(tables, "ds_run_python", code="import json\n[json.loads(line) for line in open('log.jsonl')]")
    assert ran["value"] == [{"day": 1, "wind": 3}, {"day": 2, "wind": 5}]


async def test_python_has_pandas_where_it_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    code = "import pandas as pd\npd.read_csv('boats.csv').length.sum()"
    assert (await result_of(_runtime(tmp_path), "ds_run_python", code=code))["value"] == 21.5


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("def f(:", "SyntaxError"),
        ("open('/etc/passwd')", "there is no file"),
        ("open('boats.csv', 'w')", "only be read"),
        ("import os", "os cannot be imported"),
        ("import socket", "socket cannot be imported"),
        ("print.__self__.__import__('os').system('echo leaked')", ""),
        ("print.__self__.open('/etc/passwd').read()", ""),
        ("while True: pass", "longer than 3 seconds"),
        ("x = 'a' * 10**11", "too much memory"),
        ("raise SystemExit(0)", "SystemExit"),
        ("import dataclasses\ndataclasses.sys.__stdout__.write('x' * 3_000_000)", "writes more than can be kept"),
        ("class E(Exception):\n    def __str__(self): 1 / 0\nraise E", "cannot be told"),
        (_FORGED.format(outcome="b'nojson'"), "wrote over its outcome"),
        (_FORGED.format(outcome="b'[1]'"), "wrote over its outcome"),
        (_FORGED.format(outcome="b'{{\"output\":5}}'"), "wrote over its outcome"),
        (_FORGED.format(outcome="b'{{\"x\":1}}'"), "wrote over its outcome"),
        ("class V:\n    def __repr__(self): 1 / 0\nV()", "ZeroDivisionError"),
    ],
)
async def test_python_that_breaks_reaches_out_or_does_not_end_is_refused_with_why(
    tmp_path: Path, code: str, why: str
) -> None:
    refused, message = await refusal_of(_runtime(tmp_path), "ds_run_python", code=code)
    assert refused == "python_failed" and why in message and "root:" not in message


async def test_python_gives_the_same_each_time_sets_and_random_numbers_included(tmp_path: Path) -> None:
    tables = _runtime(tmp_path)
    code = "import random\n[str({'b', 'a', 'c'}), random.random()]"
    first, second = [await result_of(tables, "ds_run_python", code=code) for _ in range(2)]
    assert first == second


async def test_junk_on_the_output_is_not_taken_for_the_outcome_and_odd_values_are_texts(tmp_path: Path) -> None:
    tables = _runtime(tmp_path)
    code = "import dataclasses\ndataclasses.sys.__stdout__.write('{junk')\ndataclasses.sys.__stdout__.flush()\n7"
    assert (await result_of(tables, "ds_run_python", code=code))["value"] == 7
    assert (await result_of(tables, "ds_run_python", code="10**30"))["value"] == str(10**30)
    assert (await result_of(tables, "ds_run_python", code="['\\ud800', float('nan')]"))["value"].startswith("[")


async def test_cells_are_read_alike_by_the_tools_and_by_python(tmp_path: Path) -> None:
    tables = _runtime(tmp_path)
    by_tool = await result_of(tables, "ds_read_csv", csv_file="boats.csv")
    by_python = await result_of(tables, "ds_run_python", code="read_csv('boats.csv')")
    assert by_python["value"] == by_tool["rows"] and by_tool["rows"][0]["code"] == "007"


async def test_cells_with_line_ends_and_values_that_json_lacks_are_read(tmp_path: Path) -> None:
    files = {"a.CSV": 'name,note\nTern,"line one\nline two"\n', "b.jsonl": '{"n": NaN, "t": "x\u2028y"}\n\n'}
    tables = resource_runtime(tmp_path, "filesystem", files)
    read = await result_of(tables, "ds_read_csv", csv_file="a.CSV")
    assert read["rows"] == [{"name": "Tern", "note": "line one\nline two"}]
    assert (await result_of(tables, "ds_read_csv", csv_file="b.jsonl"))["rows"] == [{"n": "nan", "t": "x\u2028y"}]


@pytest.mark.parametrize("settings", [{"seconds": -1}, {"seconds": 1e30}, {"seconds": "nan"}, {"megabytes": 0}])
def test_settings_have_bounds(tmp_path: Path, settings: dict[str, float]) -> None:
    with pytest.raises(SpecError, match="filesystem"):
        resource_runtime(tmp_path, "filesystem", FILES, **settings)


async def test_a_machine_that_cannot_confine_runs_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolworld.environments.resources import python_process

    fake = tmp_path / "sandbox.py"
    fake.write_text("def confine(extra_bytes):\n    return 'limited'\n")
    monkeypatch.setattr(python_process, "_SANDBOX", fake)
    event = await asked(_runtime(tmp_path), "ds_run_python", code="1")
    assert event.failure is not None and "cannot confine" in str(event.failure.detail)
