"""Looking before a run: whole candidates, and whether all is there that it needs."""

import json
from pathlib import Path

import pytest
from tests.support.generators import good_writer
from tests.support.model_endpoint import Reply, endpoint

from toolworld.datasets import Agora, AgoraConfig, OutputPaths, agora_for, preview, readiness
from toolworld.ground import UsageError
from toolworld.llm import ScriptedModel

QUIET = AgoraConfig(show_progress=False)


def mathematics(llm: object) -> Agora:
    return agora_for("instance_generation", "math", llm, config=QUIET)


async def test_prompts_are_shown_whole_without_asking_anybody() -> None:
    model = good_writer()
    found = await preview(mathematics(model), 3, {}, ask=False)
    assert model.asked == []
    assert len({one.prompt for one in found}) == 3
    assert all(one.prompt.endswith("INPUT:") and one.prompt_tokens > 100 for one in found)
    assert found[0].metadata["chosen_theme"]


async def test_the_prompts_of_a_preview_are_those_of_the_run_which_pays_for_none_of_them_again(tmp_path: Path) -> None:
    model = good_writer()
    found = await preview(mathematics(model), 2, {}, output=tmp_path / "rows.jsonl")
    assert [one.instance is not None for one in found] == [True, True]
    assert [request.messages[-1].content for request in model.asked] == [one.prompt for one in found]
    rows = await mathematics(model).arun(5, tmp_path / "rows.jsonl")
    assert len(model.asked) == rows.summary.replies
    first = found[0].instance
    assert first is not None
    assert rows[0]["instruction"] == first.instruction


async def test_the_prompt_of_a_loader_with_a_memory_is_the_one_that_was_asked() -> None:
    prompts = iter(f"prompt {number}" for number in range(9))
    model = ScriptedModel(lambda _: "no markers")
    agora = mathematics(model)
    agora.prompt_loader = lambda: next(prompts)
    found = await preview(agora, 2, {})
    assert [one.prompt for one in found] == ["prompt 0", "prompt 1"]
    assert {request.messages[1].content for request in model.asked} == {"prompt 0", "prompt 1"}


async def test_a_rejected_reply_is_shown_with_its_reason() -> None:
    [found] = await preview(mathematics(ScriptedModel(lambda _: "no idea")), 1, {})
    assert found.instance is None
    assert [(one.reason, one.reply) for one in found.rejected] == [("no_markers", "no idea")] * 2


async def test_a_preview_ends_with_the_rows() -> None:
    agora = agora_for("response_generation", "math", good_writer(), seeds=[{"instruction": "a"}], config=QUIET)
    assert len(await preview(agora, 5, {}, ask=False)) == 1
    with pytest.raises(UsageError, match="one candidate"):
        await preview(agora, 0, {})


async def test_what_is_there_is_told_with_what_it_will_cost(tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    async with endpoint([Reply(content="ready")]) as fake:
        name = f"{fake.url}#m"
        prices.write_text(json.dumps({"models": {name: {"prompt": 1.0, "completion": 2.0}}}))
        agora = agora_for("instance_generation", "math", name, config=AgoraConfig(show_progress=False, prices=prices))
        found = {one.what: one for one in await readiness(agora, 1_000, tmp_path / "rows.jsonl", {})}
        assert len(fake.asked) == 1
    assert all(one.is_ready for one in found.values())
    assert "about $" in found["cost"].said
    assert "GB are free" in found["output"].said


async def test_what_is_missing_is_told_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    agora = agora_for(
        "response_generation", "math", "http://127.0.0.1:9/v1#m", seeds=[{"instruction": "a"}], config=QUIET
    )
    found = {one.what: one for one in await readiness(agora, 5, tmp_path / "file" / "rows.jsonl", {})}
    assert not found["model"].is_ready
    assert not found["output"].is_ready
    assert not found["rows"].is_ready
    assert "1 are given, and 5 are asked for" in found["rows"].said
    assert found["prompts"].is_ready
    assert not OutputPaths(tmp_path / "rows.jsonl").rows.exists()


async def test_an_ending_that_is_none_is_told(tmp_path: Path) -> None:
    found = {one.what: one for one in await readiness(mathematics(good_writer()), 5, tmp_path / "rows.csv", {})}
    assert not found["output"].is_ready
    assert ".json or .jsonl" in found["output"].said
