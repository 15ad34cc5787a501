"""Questions from seeds in one call: five scenarios, resumed, replayed, refused, and judged as tasks."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.small_trees import action

from toolworld.environments import RuntimePool, load_folder
from toolworld.ground import RecordError, RolloutError, SpecError, UsageError
from toolworld.rollout import Node, SynthesisConfig, config_of, load_seeds, scenarios
from toolworld.rollout.questions.agentflow import take_over
from toolworld.rollout.trees.replaying import replay_difference
from toolworld.server import InProcessTreeHost, open_environment, synthesize, synthesize_async

FILES = ("synthesized_qa.jsonl", "trajectories.jsonl", "tasks.jsonl", "rejected.jsonl", "manifest.json")


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def _made(out: Path, name: str = "web", seeds: Any = ("Marrow Bridge", "Needle Light"), **fields: Any) -> Any:
    config = scenarios()[name]
    given = {**json.loads(config.read_text()), **fields}
    found = config_of(given).at(config.parent)
    return await synthesize_async(
        config_path=found, seeds=list(seeds), output_dir=out, environ={}, today=lambda: "2026-03-04"
    )


@pytest.mark.parametrize("name", ["web", "knowledge_base", "document", "database", "filesystem"])
async def test_each_scenario_gives_questions_that_are_solved_by_following_their_hops(name: str, tmp_path: Path) -> None:
    seeds = [one.content for one in load_seeds(scenarios()[name].parent / "seeds.jsonl")][:3]
    manifest = await _made(tmp_path / "out", name, seeds)
    questions = _rows(tmp_path / "out/synthesized_qa.jsonl")
    assert manifest.questions == len(questions) > 0
    assert manifest.questions + manifest.questions_missing == manifest.questions_asked
    by_id = {row["trajectory_id"]: row for row in _rows(tmp_path / "out/trajectories.jsonl")}
    for one in questions:
        trajectory = by_id[one["trajectory_id"]]
        assert trajectory["nodes"][0] == {
            **trajectory["nodes"][0], "depth": 0, "action": None, "parent_id": None,
            "observation": f"Starting point: {trajectory['seed_data']}",
        }  # fmt: skip
        assert len(trajectory["nodes"]) == trajectory["total_depth"] + 1 == one["metadata"]["trajectory_depth"] + 1
        assert len(one["reasoning_steps"]) >= 3 and one["reasoning_steps"][-1]["output"] == one["answer"]
        assert one["metadata"]["synthesis_date"] == "2026-03-04"
    async with open_environment(tmp_path / "out/environment", tasks=tmp_path / "out/tasks.jsonl") as opened:
        assert len(opened.tasks) == len(questions)
        for task, one in zip(opened.tasks, questions, strict=True):
            async with opened.episode(task) as episode:
                assert (await episode.verdict(answer="I do not know.")).outcome == "fail"
            async with opened.episode(task) as episode:
                assert (await episode.verdict(answer=f"It is {one['answer']}.")).outcome == "unclear"  # it was guessed
            async with opened.episode(task) as episode:
                for made in task.calls:
                    await episode.call(made.call.name, **made.call.arguments)
                assert (await episode.verdict(answer=f"It is {one['answer']}.")).outcome == "pass"


async def test_every_exported_path_replays_byte_for_byte_and_one_that_does_not_is_left_out(tmp_path: Path) -> None:
    await _made(tmp_path / "out")
    host = InProcessTreeHost(RuntimePool.of([load_folder(tmp_path / "out/environment")]))
    [tree, *_] = _rows(tmp_path / "out/stages/trees.jsonl")
    nodes = {node["id"]: Node.model_validate(node) for node in tree["nodes"]}
    leaf = max(nodes, key=len)
    path = [node for place, node in nodes.items() if leaf == place or leaf.startswith(f"{place}.")]
    assert await replay_difference(host, path, 0, 30) is None
    other = [*path[:-1], path[-1].model_copy(update={"observation": path[-1].observation + " "})]
    assert "another result" in str(await replay_difference(host, other, 0, 30))
    wrong = [path[0].model_copy(update={"action": action("web_search", query="something else")})]
    assert await replay_difference(host, wrong, 0, 30) is not None


async def test_a_path_whose_world_has_changed_is_not_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from toolworld.rollout.questions import stages

    async def never(*_: Any) -> str:
        return "it gives another result"

    monkeypatch.setattr(stages, "replay_difference", never)
    manifest = await _made(tmp_path / "out")
    assert (manifest.selected, manifest.questions) == (0, 0) and manifest.not_replayed == manifest.deep_enough
    assert _rows(tmp_path / "out/trajectories.jsonl") == []


async def test_stopped_at_any_stage_and_given_again_it_ends_in_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = ["Marrow Bridge", "Needle Light", "Port Ansel", "Petrel"]
    await _made(tmp_path / "whole", seeds=seeds)
    whole = {name: (tmp_path / "whole" / name).read_bytes() for name in FILES}
    from toolworld.rollout.questions.stages import Stages

    for stage in ("explore", "write"):
        out = tmp_path / stage
        original, count = getattr(Stages, stage), 0

        async def stopped(self: Stages, *given: Any, original: Any = original) -> Any:
            nonlocal count
            count += 1
            if count == 3:
                raise RuntimeError("killed")
            return await original(self, *given)

        monkeypatch.setattr(Stages, stage, stopped)
        with pytest.raises(RuntimeError, match="killed"):
            await _made(out, seeds=seeds, concurrency=1)
        assert not any((out / name).exists() for name in FILES)
        monkeypatch.setattr(Stages, stage, original)
        await _made(out, seeds=seeds)
        assert {name: (out / name).read_bytes() for name in FILES} == whole
    again = await _made(tmp_path / "whole", seeds=seeds)
    assert again.questions > 0 and (tmp_path / "whole/manifest.json").read_bytes() == whole["manifest.json"]


async def test_a_folder_that_was_begun_otherwise_is_refused(tmp_path: Path) -> None:
    await _made(tmp_path / "out")
    before = (tmp_path / "out/synthesized_qa.jsonl").read_bytes()
    with pytest.raises(RecordError, match="was made with max_depth 8, and now it is 6"):
        await _made(tmp_path / "out", max_depth=6)
    with pytest.raises(RecordError, match="was made with other resources"):
        await _made(tmp_path / "out", "document", ["Project Heron"])
    assert (tmp_path / "out/synthesized_qa.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("fields", "error", "why"),
    [
        ({"available_tools": ["web_serch"]}, SpecError, "'web_serch' stands for no tool; did you mean `web_search`"),
        ({"resource_types": []}, SpecError, "`resource_init_configs` has 'web'"),
        ({"resource_types": ["wep"], "resource_init_configs": {}}, SpecError, "did you mean `web`"),
        ({"resource_init_configs": {"web": {"content": {"folder": "none"}}}}, SpecError, "no file or folder none"),
        ({"resource_init_configs": {"web": {"content": {}, "top_k": 3}}}, SpecError, "and nothing beside it"),
        ({"resource_types": ["environment"], "resource_init_configs": {"environment": {"content": {"name": "libary"}}}},
         SpecError, "libary is neither a folder"),
        ({"resource_types": ["mcp", "web"], "resource_init_configs": {"mcp": {"content": {"command": "x"}}}},
         UsageError, "explored alone"),
        ({"resource_types": ["mcp"], "resource_init_configs": {"mcp": {"content": {"command": "no-such-command"}}}},
         UsageError, "no MCP server answers there"),
        ({"resource_types": ["database"], "available_tools": [],
          "resource_init_configs": {"database": {"content": {"dsn": "${NO_DSN}"}}}},
         SpecError, "NO_DSN is not set"),
    ],
)  # fmt: skip
async def test_what_cannot_be_opened_is_named_and_nothing_is_half_written(
    tmp_path: Path, fields: dict[str, Any], error: type[Exception], why: str
) -> None:
    with pytest.raises(error) as refused:
        await _made(tmp_path / "out", **fields)
    assert why in str(refused.value)
    assert not {path.name for path in (tmp_path / "out").rglob("*.json*")} & {*FILES}


async def test_a_resource_that_dies_ends_the_run_with_its_first_cause(tmp_path: Path) -> None:
    dead = {"web": {"content": {"search_url": "http://127.0.0.1:9/?q={query}"}}}
    with pytest.raises(RolloutError, match="nothing was explored from any seed; of seed 1 because web_search"):
        await _made(tmp_path / "out", seeds=[f"Seed {number}" for number in range(9)], resource_init_configs=dead)
    assert not any((tmp_path / "out" / name).exists() for name in FILES)


async def test_a_model_without_a_key_ends_the_run_before_anything_is_written(tmp_path: Path) -> None:
    from toolworld.ground import ModelError

    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        await _made(tmp_path / "out", model_name="gpt-4.1")


def test_the_call_takes_a_scenario_by_name_and_seeds_of_every_form(tmp_path: Path) -> None:
    manifest = synthesize(
        config_path="web", seeds=["Marrow Bridge", {"content": "Petrel"}], output_dir=tmp_path / "out"
    )
    assert manifest.seeds == 2 and manifest.explorer == "scripted"
    with pytest.raises(SpecError, match="neither a configuration nor a scenario; scenarios are: database, document"):
        synthesize(config_path="wep", output_dir=tmp_path / "other")
    with pytest.raises(UsageError, match="there are no seeds"):
        synthesize(config_path=SynthesisConfig(resource_types=("web",)), output_dir=tmp_path / "other")


async def test_seeds_and_output_are_found_by_variables_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("Marrow Bridge\n")
    config = scenarios()["web"]
    given = {key: value for key, value in json.loads(config.read_text()).items() if key != "seeds_file"}
    found = config_of(given).at(config.parent)
    environ = {"SEEDS_FILE": str(tmp_path / "s.txt"), "OUTPUT_DIR": str(tmp_path / "there")}
    await synthesize_async(config_path=found, environ=environ)
    assert (tmp_path / "there/manifest.json").exists()


async def test_the_output_of_agentflow_is_taken_over_with_roots_and_checked(tmp_path: Path) -> None:
    await _made(tmp_path / "ours")
    rows = _rows(tmp_path / "ours/trajectories.jsonl")
    for row in rows:  # as AgentFlow writes it: without the root, and with no word of selection or errors
        row["nodes"] = [{k: v for k, v in node.items() if k != "is_error"} for node in row["nodes"][1:]]
        del row["selection"]
    questions = _rows(tmp_path / "ours/synthesized_qa.jsonl")
    for one in questions:
        for step in one["reasoning_steps"]:
            del step["node"]
    questions[0]["question"] += f" ({questions[0]['answer']})"
    questions[1]["reasoning_steps"][0]["evidence"] = "it is said nowhere"
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "trajectories.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (theirs / "synthesized_qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    found = take_over(theirs, tmp_path / "taken")
    assert (found.trajectories, found.roots_added) == (len(rows), len(rows))
    assert found.rejected == {"evidence": 1, "leakage": 1} and found.questions == len(questions) - 2
    taken = _rows(tmp_path / "taken/trajectories.jsonl")
    assert all(row["nodes"][0]["depth"] == 0 and row["nodes"][0]["action"] is None for row in taken)
    with pytest.raises(RecordError, match="write to another folder"):
        take_over(theirs, theirs)


async def test_more_seeds_may_be_given_and_what_only_writing_needs_be_changed_in_another_folder_only(
    tmp_path: Path,
) -> None:
    await _made(tmp_path / "out", seeds=["Petrel"])
    more = await _made(tmp_path / "out", seeds=["Petrel", "Halden Institute"])
    assert more.seeds == 2
    with pytest.raises(RecordError, match="was made with min_hops 3, and now it is 4"):
        await _made(tmp_path / "out", seeds=["Petrel"], min_hops=4)
    with pytest.raises(RecordError, match="was begun with synthesis_date 2026-03-04"):
        await _made(tmp_path / "out", seeds=["Petrel"], synthesis_date="2020-01-01")


async def test_a_refused_configuration_leaves_nothing_that_blocks_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="stands for no tool"):
        await _made(tmp_path / "out", available_tools=["web_serch"])
    assert not (tmp_path / "out").exists()
    assert (await _made(tmp_path / "out")).questions > 0


async def test_the_environment_that_came_out_can_be_explored_again_with_more_beside_it(tmp_path: Path) -> None:
    await _made(tmp_path / "first")
    folder = scenarios()["knowledge_base"].parent / "documents"
    config = config_of(
        {
            "resource_types": ["environment", "rag"],
            "resource_init_configs": {
                "environment": {"content": {"name": str(tmp_path / "first/environment")}},
                "rag": {"content": {"folder": str(folder)}},
            },
            "max_depth": 2,
        }
    )
    await synthesize_async(config_path=config, seeds=["Petrel"], output_dir=tmp_path / "both", environ={})
    async with open_environment(tmp_path / "both/environment") as opened, opened.episode() as episode:
        assert (await episode.call("web_search", query="Petrel")).ok
        assert (await episode.call("rag_search", query="pump")).ok


def test_keys_of_models_go_where_the_model_is_looked_for() -> None:
    from toolworld.server.in_process.synthesis_models import model_name, with_key

    def found(**fields: str) -> tuple[str | None, dict[str, str]]:
        config = config_of({"resource_types": ["web"], **fields})
        return model_name(config), dict(with_key(config, {}))

    assert found(model_name="gpt", api_key="k") == ("openai:gpt", {"OPENAI_API_KEY": "k"})
    assert found(model_name="m", base_url="http://h/v1/", api_key="k") == (
        "http://h/v1#m",
        {"TOOLWORLD_MODEL_KEY": "k"},
    )
    assert found(model_name="http://h/v1#m", api_key="k") == ("http://h/v1#m", {"TOOLWORLD_MODEL_KEY": "k"})
    both = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h/v1"}
    assert found(model_name="openai:m", base_url="http://h/v1", api_key="k") == ("openai:m", both)
    assert found(model_name="localhost-llama", base_url="http://h/v1")[0] == "http://h/v1#localhost-llama"
    assert found(model_name="", api_key="", base_url="") == (None, {})
    with pytest.raises(UsageError, match="does not go with"):
        found(model_name="local", base_url="http://h/v1")


async def test_an_output_inside_what_is_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n")
    config = config_of({"resource_types": ["web"], "resource_init_configs": {"web": {"folder": "."}}}).at(tmp_path)
    with pytest.raises(UsageError, match="where web reads"):
        await synthesize_async(config_path=config, seeds=["A"], output_dir=tmp_path / "out", environ={})
    beside = tmp_path.with_name(f"{tmp_path.name}-beside")
    await synthesize_async(config_path=config, seeds=["A"], output_dir=beside, environ={})


async def test_a_model_explores_and_writes_and_every_answer_that_cannot_be_used_is_counted(tmp_path: Path) -> None:
    search = {"intent": "Begin.", "tool_name": "web_search", "parameters": {"query": "Marrow Bridge"}}
    blank: dict[str, Any] = {"question": "Who?", "answer": "", "reasoning_steps": []}
    answers: list[dict[str, Any]] = [
        {"when": "You explore", "value": {"actions": [search]}, "again": True},
        {"when": "Write one question", "value": blank, "again": True},
    ]
    script = tmp_path / "script.jsonl"
    script.write_text("".join(json.dumps(one) + "\n" for one in answers))
    caps: dict[str, Any] = {"max_depth": 2, "branching_factor": 1, "min_depth": 1, "model_name": f"scripted:{script}"}
    manifest = await _made(tmp_path / "out", seeds=["Marrow Bridge"], **caps)
    assert (manifest.explorer, manifest.writer) == ("scripted:script.jsonl", "scripted:script.jsonl")
    assert manifest.lost_branches == {"repeated": 1} and manifest.nodes == 1
    assert (manifest.questions_asked, manifest.questions, manifest.rejected_drafts) == (1, 0, {"empty": 3})
    assert manifest.usage.completions == 1 + 3 + 3
    rejected = _rows(tmp_path / "out/rejected.jsonl")
    assert [one["attempt"] for one in rejected] == [1, 2, 3]


@pytest.mark.local
@pytest.mark.timeout(300)
async def test_the_small_model_writes_and_whatever_it_says_is_counted(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"model_name": "local", "explorer": "scripted", "max_selected_traj": 1}
    manifest = await _made(tmp_path / "out", seeds=["Marrow Bridge"], observation_tokens=300, **fields)
    assert manifest.questions_asked == 1 and manifest.usage.completions >= 1
    assert manifest.questions == 1 or sum(manifest.rejected_drafts.values()) == 3
