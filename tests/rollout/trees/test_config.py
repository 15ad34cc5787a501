"""Configurations: every key of AgentFlow honoured or refused, variables, keys that are written nowhere; and seeds."""

import json
from pathlib import Path
from typing import Any

import pytest

from toolworld.environments import load_environments
from toolworld.ground import RecordError, SpecError
from toolworld.rollout import config_of, load_config, load_seeds, usable_tools

AGENTFLOW: dict[str, Any] = {
    "seeds_file": "seeds.jsonl",
    "output_dir": "out",
    "available_tools": ["web-search", "web-visit"],
    "qa_examples": [{"question": "Who?", "answer": "She"}],
    "sampling_tips": ["Look twice.", "Then stop."],
    "synthesis_tips": "Be short.",
    "seed_description": "A town.",
    "model_name": "gpt-4.1-2025-04-14",
    "api_key": "${KEY}",
    "base_url": "${URL:-http://127.0.0.1:1/v1}",
    "max_depth": 50,
    "branching_factor": 2,
    "depth_threshold": 2,
    "min_depth": 3,
    "max_selected_traj": 2,
    "path_similarity_threshold": 0.7,
    "number_of_seed": 3,
    "resource_types": ["web"],
    "resource_init_configs": {"web": {"content": {"folder": "${NOT_YET}"}}},
    "sandbox_server_url": "http://127.0.0.1:18890",
    "sandbox_auto_start": True,
    "sandbox_config_path": None,
    "sandbox_timeout": 30,
}


@pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
def test_every_key_of_agentflow_is_read_from_json_and_yaml_with_variables_expanded(tmp_path: Path, suffix: str) -> None:
    import yaml

    place = tmp_path / f"c{suffix}"
    place.write_text(json.dumps(AGENTFLOW) if suffix == ".json" else yaml.safe_dump(AGENTFLOW))
    found = load_config(place, {"KEY": "s3cret"})
    assert found.api_key == "s3cret" and found.base_url == "http://127.0.0.1:1/v1"
    assert found.sampling_tips == "Look twice.\nThen stop." and found.folder == tmp_path
    assert found.resource_init_configs["web"] == {"content": {"folder": "${NOT_YET}"}}  # expanded when it is opened
    assert {*AGENTFLOW} <= {*type(found).model_fields}
    assert "s3cret" not in repr(found)
    assert found.digest() == load_config(place, {"KEY": "another"}).digest()


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"max_dept": 3}, "no key `max_dept`; did you mean `max_depth`"),
        ({"target_qa_count": 100}, "no key `target_qa_count`"),
        ({"max_depth": 0}, "`max_depth`"),
        ({"max_depth": 2, "min_depth": 3}, "`min_depth` 3 is more than `max_depth` 2"),
        ({"path_similarity_threshold": 1.5}, "path_similarity_threshold"),
        ({"api_key": "${UNSET}", "model_name": "m"}, "the environment variable UNSET is not set"),
        ({"api_key": "k"}, "`model_name` names none"),
        ({"explorer": "model"}, "needs `model_name`"),
        ({"sandbox_server_url": "http://10.0.0.1:18890"}, "another server"),
        ({"sandbox_config_path": "x.json"}, "another server"),
        ({"sandbox_auto_start": False}, "always true"),
        ({"resource_init_configs": {"web": {}}}, "which `resource_types` does not name"),
        ({"scores": "best"}, "scores"),
        ({"scores": {"dept": 1}}, "scores"),
        ({"qa_examples": [{"question": "only"}]}, "qa_examples"),
    ],
)
def test_a_key_that_is_wrong_is_refused_with_its_name(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(SpecError) as refused:
        config_of(fields, "c.json", {})
    assert why in str(refused.value) and str(refused.value).startswith("c.json")


@pytest.mark.parametrize("content", ["{", "[1]", "a: [", "", "\x00"])
def test_a_file_that_is_no_configuration_is_named(tmp_path: Path, content: str) -> None:
    for suffix in (".json", ".yaml"):
        place = tmp_path / f"c{suffix}"
        place.write_text(content)
        with pytest.raises(SpecError, match=rf"c\{suffix}"):
            load_config(place, {})
    with pytest.raises(SpecError, match="cannot be read"):
        load_config(tmp_path / "none.json")


@pytest.mark.parametrize("content", ["sampling_tips: &a [*a]", "a: &a [1]\nsampling_tips: [*a, *a]"])
def test_yaml_with_aliases_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "c.yaml").write_text(content)
    with pytest.raises(SpecError, match="aliases"):
        load_config(tmp_path / "c.yaml", {})


def test_one_name_is_a_list_of_one_and_an_empty_text_is_none() -> None:
    found = config_of({"resource_types": "web", "available_tools": "web_*", "model_name": "", "base_url": ""})
    assert (found.resource_types, found.available_tools, found.model_name) == (("web",), ("web_*",), None)


def test_tools_are_named_with_any_mark_and_wildcards_and_none_that_stands_for_nothing() -> None:
    [library] = load_environments(["library"])
    names = {tool.name for tool in usable_tools(library, ["find-patron", "list:*", "get.title"])}
    assert {"find_patron", "get_title", "list_loans"} <= names and "renew_loan" not in names
    assert len(usable_tools(library, [])) == len(library.tools_of("agent"))
    with pytest.raises(SpecError, match=r"'sql:\*' stands for no tool"):
        usable_tools(library, ["find_patron", "sql:*"])
    with pytest.raises(SpecError, match="did you mean `find_patron`"):
        usable_tools(library, ["find_patrn"])


def test_seeds_come_from_files_texts_and_objects(tmp_path: Path) -> None:
    lines = tmp_path / "s.jsonl"
    lines.write_text('\ufeff{"content": "a", "kwargs": {"x": 1}}\n\n"b"\n')
    assert [(one.content, one.kwargs) for one in load_seeds(lines)] == [("a", {"x": 1}), ("b", {})]
    (tmp_path / "s.json").write_text('["a", {"content": "b"}]')
    (tmp_path / "s.txt").write_text("a\n\nb\n")
    for name in ("s.json", "s.txt"):
        assert [one.content for one in load_seeds(tmp_path / name)] == ["a", "b"]
    assert [one.content for one in load_seeds("a town by the sea")] == ["a town by the sea"]
    assert [one.content for one in load_seeds(["a", {"content": "b"}])] == ["a", "b"]
    assert load_seeds("x" * 10_000)[0].content == "x" * 10_000
    with pytest.raises(RecordError, match="20000"):
        load_seeds("x" * 30_000)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ([], "has no seeds"),
        (["a", {"contents": "b"}], "seed 2: `content`: it is missing"),
        (["a", 3], "seed 2: a seed is a text"),
        ([""], "`content`"),
    ],
)
def test_a_seed_that_is_none_is_named_by_its_number(given: list[Any], why: str) -> None:
    with pytest.raises(RecordError) as refused:
        load_seeds(given)
    assert why in str(refused.value)


def test_a_bad_line_of_seeds_is_named_and_a_missing_file_is_not_a_seed(tmp_path: Path) -> None:
    lines = tmp_path / "s.jsonl"
    lines.write_text('{"content": "a"}\n{oops\n')
    with pytest.raises(RecordError, match=r"s\.jsonl:2"):
        load_seeds(lines)
    with pytest.raises(RecordError, match="cannot be read"):
        load_seeds("nowhere.jsonl")
