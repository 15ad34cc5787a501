"""Every format that is read: as it is published, and what is said where it is not what it should be."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import pyarrow  # pyright: ignore[reportMissingTypeStubs]
import pyarrow.parquet  # pyright: ignore[reportMissingTypeStubs]
import pytest
from tests.support.samples import made_samples

from toolworld.datasets import (
    Dataset,
    Layout,
    PerturbationOptions,
    ReadOptions,
    perturb,
    read_categories,
    read_dataset,
    sample_row,
    write_perturbed,
)
from toolworld.datasets.evaluation.rules import calls_parse
from toolworld.datasets.samples.code import SOURCE
from toolworld.ground import RecordError

ACP = "This is a ferry domain, where cars are moved. The ferry is at l1."


def written(path: Path, rows: Sequence[Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return str(path)


def read(path: str, layout: Layout | None = None, *fields: str) -> Dataset:
    return read_dataset(path, ReadOptions(layout, fields))


def test_bfcl_as_published_is_joined_with_its_answers_by_id(tmp_path: Path) -> None:
    turns = [[{"role": "user", "content": "List it."}], [{"role": "user", "content": "Sort\nit, user: bob."}]]
    row = {"id": "m_1", "question": turns, "involved_classes": ["GorillaFileSystem", "MathAPI"]}
    path = written(tmp_path / "BFCL_v4_multi.json", [row, {**row, "id": "m_2"}])
    truth = [{"id": name, "ground_truth": [["ls(a=True)"], ["sort('x.txt')"]]} for name in ("m_2", "m_1")]
    written(tmp_path / "possible_answer" / "BFCL_v4_multi.json", truth)
    found = read(path)
    assert found.layout == "bfcl"
    one = found.samples[0]
    assert one.text == "user: List it.\nuser: Sort\nit, user: bob."
    assert [turn.text for turn in one.turns] == ["List it.", "Sort\nit, user: bob."]
    assert [(call.name, call.arguments) for call in one.calls] == [("ls", {"a": True}), ("sort", {"0": "x.txt"})]
    assert one.attributes == {"primary_api": "GorillaFileSystem", "secondary_api": "MathAPI", "conv_len": "short"}
    written(tmp_path / "possible_answer" / "BFCL_v4_multi.json", truth[:1])
    with pytest.raises(RecordError, match="there is no answer for 'm_1'"):
        read(path)


def test_bfcl_answers_with_several_values_each_take_the_first(tmp_path: Path) -> None:
    path = written(
        tmp_path / "BFCL_v4_simple.json", [{"id": "s", "question": [[{"role": "user", "content": "Area?"}]]}]
    )
    truth = [{"id": "s", "ground_truth": [{"math.area": {"base": [10, 10.0], "unit": ["", "m"]}}]}]
    written(tmp_path / "possible_answer" / "BFCL_v4_simple.json", truth)
    [one] = read(path).samples
    assert [(call.name, call.arguments) for call in one.calls] == [("area", {"base": 10})]


def test_t1_as_published_is_lines_that_belong_together_by_id(tmp_path: Path) -> None:
    lines = [
        "ID,Filled_Template,Filled_Plan",
        "7,assistant: Hello,",
        '7,"user: Art, please","found = search_attractions(type=[""Art""], near=place)"',
        "8,assistant: Hi,",
    ]
    (tmp_path / "t1.csv").write_text("\n".join(lines))
    one, other = read(str(tmp_path / "t1.csv")).samples
    assert [(turn.speaker, turn.text) for turn in one.turns] == [("assistant", "Hello"), ("user", "Art, please")]
    assert one.calls[0].arguments == {"type": ["Art"], "near": {SOURCE: "place"}}
    assert other.id == "8" and other.calls == ()


def test_acpbench_as_published_has_its_domain_and_kind_as_labels(tmp_path: Path) -> None:
    row = {
        "id": 3,
        "group": "applicable_actions_bool",
        "context": ACP,
        "question": "Will it hold?",
    }
    [one] = read(written(tmp_path / "acp.json", [{**row, "answer": "Yes"}])).samples
    assert (one.output, one.attributes) == ("yes", {"domain": "ferry", "type": "progression"})
    row["question"] = "Is the following action applicable in this state: sail?"
    [one] = read(written(tmp_path / "acp.json", [{**row, "answer": "no"}])).samples
    assert one.attributes["type"] == "applicability"
    assert [turn.text for turn in one.turns] == [ACP, row["question"]]


@pytest.mark.parametrize(
    ("head", "layout", "expected"),
    [
        ("Data,Tool Call,Output,city", None, "t1"),
        ("Data,Tool Calls,primary_api", None, "bfcl"),
        ("Data,Output", None, "acp"),
        ("Data,Tool Calls,note", "dialogue", "dialogue"),
    ],
)
def test_synaes_csv_is_told_from_its_columns(tmp_path: Path, head: str, layout: Layout | None, expected: str) -> None:
    text = {"t1": "assistant: hi\nuser: yo", "bfcl": "user: go", "acp": f"{ACP}\nIs it?\nOnly", "dialogue": "user: a"}[
        expected
    ]
    cells = [f'"{text}"', *("x()" if name.startswith("Tool") else "yes" for name in head.split(",")[1:])]
    path = tmp_path / "data.csv"
    path.write_text(f"{head}\n{','.join(cells)}\n")
    found = read(str(path), layout)
    assert found.layout == expected and found.samples[0].text == text
    assert found.samples[0].attributes.get("city") == ("yes" if "city" in head else None)


def test_openai_messages_sharegpt_and_conversation_records_say_the_same(tmp_path: Path) -> None:
    function = {"name": "renew", "arguments": '{"loan": "L1"}'}
    messages = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Renew L1."},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c", "content": "until June"},
        {"role": "assistant", "content": "Done, until June."},
    ]
    said = ("Renew L1.", '{"name": "renew", "arguments": {"loan": "L1"}}', "until June", "Done, until June.")
    who = ("human", "function_call", "observation", "gpt")
    turns = [{"from": one, "value": value} for one, value in zip(who, said, strict=True)]
    record = [
        {"role": "user", "content": "Renew L1."},
        {"role": "assistant", "content": "", "tool_calls": [{"name": "renew", "parameters": {"loan": "L1"}}]},
        {"role": "tool", "content": "until June"},
        {"role": "assistant", "content": "Done, until June."},
    ]
    metadata = {"domain": "library", "pattern_type": "question"}
    rows = {
        "chat": {"messages": messages},
        "share": {"conversations": turns},
        "conversation": {"conversation_id": "0", "messages": record, "metadata": metadata},
    }
    found = [read(written(tmp_path / f"{name}.jsonl", [row])).samples[0] for name, row in rows.items()]
    plain = [one.model_dump(exclude={"attributes", "environment"}) for one in found]
    assert plain[0] == plain[1] == plain[2]
    assert found[0].output == "Done, until June." and found[0].results == ("until June",)
    assert found[2].attributes == {"domain": "library", "pattern": "question"}


def test_calls_in_tags_and_in_the_older_field_are_calls(tmp_path: Path) -> None:
    tag = '<tool_call>\n{"name": "renew", "arguments": {"loan": "L1"}}\n</tool_call>'
    older = {"name": "renew", "arguments": '{"loan": "L1"}'}
    rows = [
        {"messages": [{"role": "user", "content": "Go."}, {"role": "assistant", "content": f"One moment. {tag}"}]},
        {
            "messages": [
                {"role": "user", "content": "Go."},
                {"role": "assistant", "content": None, "function_call": older},
            ]
        },
        {"conversations": [{"from": "human", "value": "Go."}, {"from": "gpt", "value": f"One moment. {tag}"}]},
    ]
    found = [read(written(tmp_path / f"{place}.jsonl", [row])).samples[0] for place, row in enumerate(rows)]
    assert all([(call.name, call.arguments) for call in one.calls] == [("renew", {"loan": "L1"})] for one in found)
    assert found[0].said_by("assistant") == found[2].said_by("assistant") == ("One moment.",)
    with pytest.raises(RecordError, match="the row is not of the format"):
        read(
            written(
                tmp_path / "bad.jsonl", [{"messages": [{"role": "assistant", "content": "<tool_call>x</tool_call>"}]}]
            )
        )


def test_arguments_that_are_no_json_are_a_figure_and_no_error(tmp_path: Path) -> None:
    function = {"name": "renew", "arguments": '{"loan": '}
    calls = [{"id": "c", "type": "function", "function": function}]
    row = {
        "messages": [{"role": "user", "content": "Go."}, {"role": "assistant", "content": None, "tool_calls": calls}]
    }
    [one] = read(written(tmp_path / "a.jsonl", [row])).samples
    assert one.calls[0].arguments == {SOURCE: '{"loan": '}
    assert calls_parse(one) == (0, 1)


def test_parquet_and_a_list_of_objects_are_read_as_lines_are(tmp_path: Path) -> None:
    rows = [{"id": f"r{number}", "data": "user: go", "tool_calls": "f(x=1)"} for number in range(3)]
    lines = read(written(tmp_path / "a.jsonl", rows))
    (tmp_path / "a.json").write_text(json.dumps(rows))
    cast(Any, pyarrow.parquet).write_table(cast(Any, pyarrow).Table.from_pylist(rows), tmp_path / "a.parquet")
    assert read(str(tmp_path / "a.json")).samples == lines.samples == read(str(tmp_path / "a.parquet")).samples


def test_a_sample_that_is_written_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    samples = made_samples(5, with_output=True)
    path.write_bytes(b"".join(sample_row(one) + b"\n" for one in samples))
    assert list(read(str(path)).samples) == samples


def test_a_text_without_a_tag_is_what_the_user_says(tmp_path: Path) -> None:
    [one] = read(written(tmp_path / "a.jsonl", [{"data": "please book", "tool_calls": "f(x=[(1, 2)])"}])).samples
    assert [(turn.speaker, turn.text) for turn in one.turns] == [("user", "please book")]
    assert one.calls[0].arguments == {"x": [[1, 2]]}
    assert read(written(tmp_path / "b.jsonl", [{"data": "", "tool_calls": ""}]), "bfcl").samples[0].turns == ()


async def test_what_was_made_worse_is_read_back_in_its_layout(tmp_path: Path) -> None:
    rows = [{"data": f"{ACP}\nIs it {number}?\nOnly", "output": "yes"} for number in range(4)]
    real = read(written(tmp_path / "acp.jsonl", rows))
    made = await perturb(real.samples, "invalidate", 0.5, PerturbationOptions())
    write_perturbed(made, tmp_path / "worse.jsonl")
    again = read(str(tmp_path / "worse.jsonl"))
    assert again.layout == "acp" and again.samples == made.samples
    assert real.lines([2, 0]) == b"".join(json.dumps(rows[n], separators=(",", ":")).encode() + b"\n" for n in (2, 0))


def test_a_damaged_file_of_answers_is_an_error_and_a_missing_one_a_note(tmp_path: Path) -> None:
    row = {"id": "m", "question": [[{"role": "user", "content": "Go."}]]}
    path = written(tmp_path / "b.json", [row])
    assert read(path).notes == ("b.json has no answers in possible_answer/, so its samples have no calls",)
    written(tmp_path / "possible_answer" / "b.json", [{"id": "m", "ground_truth": [["f()"]]}])
    with (tmp_path / "possible_answer" / "b.json").open("a") as file:
        file.write('\n{"id": "n", "ground')
    with pytest.raises(RecordError, match=r"possible_answer/b\.json:2"):
        read(path)


def test_tau2s_tasks_are_read_as_they_are_recorded(tau2_folder: Path) -> None:
    found = read(str(tau2_folder / "tasks.train.jsonl")).samples
    assert len(found) > 50 and all(one.environment == "retail" and one.turns[0].text for one in found)
    assert sum(len(one.calls) for one in found) > 200


def test_labels_come_from_any_field_and_from_words_in_the_text(tmp_path: Path) -> None:
    rows = [{"data": "user: start in Paris", "tool_calls": "", "meta": {"kind": "k"}}]
    path = written(tmp_path / "d.jsonl", rows)
    (tmp_path / "categories.json").write_text(json.dumps({"city": ["Art", "Paris", "Paris", " "]}))
    found = read(path, None, "meta.kind")
    assert found.samples[0].attributes == {"meta.kind": "k"}
    assert found.categories == {"city": ("Art", "Paris")}
    assert found.with_categories(found.categories).samples[0].attributes["city"] == "Paris"
    (tmp_path / "words.csv").write_text("city,type\nParis,Art\nRome,\n")
    assert read_categories(tmp_path / "words.csv") == {"city": ("Paris", "Rome"), "type": ("Art",)}
    with pytest.raises(RecordError, match=r"no field `meta\.colour`; it has `data`, `tool_calls`, `meta`"):
        read(path, None, "meta.colour")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b"", "holds no samples"),
        ("a.jsonl", b"[1]", "entry 0: a row is an object"),
        ("a.jsonl", b'{"data": 3, "tool_calls": ""}', "`data` is no text"),
        ("a.jsonl", b'{"data": "user: x"}', r"no column `tool_calls` or `Tool Call` or `Tool Calls`; it has `data`"),
        ("a.jsonl", b'{"colour": 1}', "no format is known with the columns `colour`"),
        ("a.jsonl", b'{"data": "user: x",', "a.jsonl:1:"),
        ("a.csv", b"Data,Tool Call\nonly one cell\n", "not as many cells"),
        ("a.csv", b"Data\xff\n", "is not UTF-8"),
        ("a.parquet", b"PAR1 is not enough", "is no Parquet file that can be read"),
        ("a.txt", b"hello", "ending in .jsonl, .json, .csv, .parquet"),
        ("a.jsonl", b'{"messages": [{"role": "robot"}]}', "messages.0: the role is"),
        ("a.jsonl", b'{"conversations": [{"from": "cat", "value": "x"}]}', "not from 'cat'"),
        ("a.jsonl", b'{"data": "user: x", "tool_calls": "", "attrs": [1]}', "a.jsonl:1: the row is not of the format"),
        ("a.jsonl", b'{"data": "user: x", "tool_calls": {"a": 1}}', "calls are code, or a list of lines of code"),
        (
            "a.jsonl",
            b'{"data": "user: x", "tool_calls": "", "output_n_tokens": -5}',
            "is a number of words, and not -5",
        ),
        ("a.jsonl", b'{"conversations": 5}', "a.jsonl:1: the row is not of the format"),
        ("a.jsonl", b'{"conversations": [{"from": "function_call", "value": "{\\"name\\": null}"}]}', "name of a call"),
        ("a.jsonl", b'{"user_scenario": {"instructions": {}}, "calls": 5}', "the row is not of the format"),
        ("a.jsonl", b'{"question": [[5]], "id": "x"}', "the row is not of the format"),
        ("a.jsonl", b'{"question": [[{"role": "user"}]], "id": "x"}', "the content of a message is a text"),
        ("a.jsonl", b'{"context": "c", "question": "q", "answer": null}', "`answer` is a text"),
        ("a.csv", b"Data,Data\nx,y\n", "two columns are called `Data`"),
        ("a.jsonl", b'{"turns": [], "id": "x", "colour": 1}', "there is no such field"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RecordError, match=said):
        read(str(path), "bfcl" if b"data" in content else None)


def test_a_file_that_is_not_there_and_a_category_that_does_not_exist_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"nothing\.jsonl cannot be read: no such file"):
        read(str(tmp_path / "nothing.jsonl"))
    with pytest.raises(RecordError, match=r"(?i)bfcl"):
        read("bfcl:no_such_category")
