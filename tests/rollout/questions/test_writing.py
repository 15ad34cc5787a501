"""Writing: three tries each told why the last one failed, and every check in its turn, with a scripted model."""

from collections.abc import Sequence
from typing import Any

import pytest
from tests.support.answered_resource import written

from toolworld.environments import RuntimePool, save_with_resources
from toolworld.ground import JsonObject
from toolworld.llm import Request, ScriptedAnswer, ScriptedModel, ToolCall
from toolworld.rollout import Action, Node, Seed, config_of
from toolworld.rollout.planned_run import TRIAL_STRIDE
from toolworld.rollout.questions.model_writer import ModelWriter
from toolworld.rollout.questions.question import RejectedDraft
from toolworld.rollout.questions.writing import QuestionWriting, Written
from toolworld.server import InProcessTreeHost

PAGES = {
    "pages/bridge.md": "# Bridge\n\nDesigned by: [Ann Ives](ann.md)\n",
    "pages/ann.md": "# Ann Ives\n\nBorn in: [Tornby](tornby.md)\n",
    "pages/tornby.md": "# Tornby\n\nMayor: Bo Lund\n",
}
SEED = Seed(content="Bridge")
VISITS = ("bridge", "ann", "tornby")


@pytest.fixture
def host(tmp_path: Any) -> InProcessTreeHost:
    made = save_with_resources({"web": {"folder": "pages"}}, folder=tmp_path / "e", near=written(tmp_path, PAGES))
    return InProcessTreeHost(RuntimePool.of([made]))


async def _path(host: InProcessTreeHost) -> list[Node]:
    visits: list[JsonObject] = [{"url": f"https://pages.example/{name}.md"} for name in VISITS]
    calls = [("web_search", JsonObject(query="Bridge", top_k=1)), *(("web_visit", one) for one in visits)]
    nodes: list[Node] = []
    async with host.root("s1", 0) as branch:
        for step, (tool, given) in enumerate(calls):
            answer = await branch.call(tool, given)
            nodes.append(
                Node(
                    id="s1/" + ".".join("0" * (step + 1)),
                    episode="s1",
                    step=step,
                    action=Action(tool_name=tool, parameters=given),
                    observation=answer.text,
                    result=answer.result,
                    digest=answer.digest,
                )
            )
    return nodes


def _draft(**changes: Any) -> dict[str, Any]:
    steps = [
        {
            "hop": 1,
            "fact": "Bridge was designed by Ann Ives",
            "evidence": "Designed by: Ann Ives",
            "output": "Ann Ives",
        },
        {"hop": 2, "fact": "Ann Ives was born in Tornby", "evidence": "Born in: Tornby", "output": "Tornby"},
        {"hop": 3, "fact": "Tornby has the mayor Bo Lund", "evidence": "Mayor: Bo Lund", "output": "Bo Lund"},
    ]
    question = "Who is mayor where the designer of Bridge was born?"
    return {"question": question, "answer": "Bo Lund", "reasoning_steps": steps, **changes}


async def _wrote(
    host: InProcessTreeHost, answers: Sequence[Any], known: str | None = None, **fields: Any
) -> tuple[Written | None, list[RejectedDraft], ScriptedModel]:
    model = ScriptedModel(answers)
    config = config_of({"resource_types": ["web"], "model_name": "scripted:x", **fields})
    writer = ModelWriter(model, min_hops=3, observation_tokens=2000, tips="Plainly.", examples=config.qa_examples)
    closed = None if known is None else ScriptedModel([JsonObject(answer=known)] * 5)
    path = await _path(host)
    found, rejected = await QuestionWriting(writer, host, config, closed).of_path(SEED, path, 0, [])
    return found, rejected, model


async def test_a_right_draft_is_kept_with_its_task_and_the_calls_that_lead_to_it(host: InProcessTreeHost) -> None:
    found, rejected, model = await _wrote(host, [_draft()], qa_examples=[{"question": "Why?", "answer": "So"}])
    assert found is not None and rejected == [] and found.question.attempts == 1
    assert found.question.calls == (0, 1, 2, 3)
    assert [call.call.name for call in found.task.calls] == ["web_search", "web_visit", "web_visit", "web_visit"]
    written_calls = [one.written.arguments["url"] for one in found.task.calls if one.written is not None]
    assert written_calls == ["$0.results.0.url", "$1.links.0.url", "$2.links.0.url"]
    prompt = str(model.asked[0].messages[0].content)
    assert all(part in prompt for part in ("Bridge", "Plainly.", "Mayor: Bo Lund", '"Why?"', "at least 3"))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("no object", "invalid"),
        ({"question": "only"}, "invalid"),
        (_draft(reasoning_steps="three"), "invalid"),
        (_draft(answer=""), "empty"),
        (_draft(question="Is Bo Lund the mayor?"), "leakage"),
        (_draft(answer="word " * 90), "verbose"),
        (_draft(reasoning_steps=_draft()["reasoning_steps"][:2]), "few_steps"),
        (_draft(answer="Nobody"), "chain"),
        (_draft(question="Who is mayor?"), "ungrounded"),
    ],
)
async def test_a_draft_that_fails_a_check_is_told_why_and_tried_again_three_times_in_all(
    host: InProcessTreeHost, bad: Any, reason: str
) -> None:
    found, rejected, model = await _wrote(host, [bad, _draft()])
    assert found is not None and found.question.attempts == 2 and [one.reason for one in rejected] == [reason]
    assert rejected[0].why[:60] in str(model.asked[1].messages[0].content)
    assert [request.temperature for request in model.asked] == [0.7, 0.8]
    found, rejected, model = await _wrote(host, [bad, bad, bad, _draft()])
    assert found is None and [one.reason for one in rejected] == [reason] * 3 and len(model.asked) == 3


async def test_what_a_model_knows_without_tools_is_no_question(host: InProcessTreeHost) -> None:
    found, rejected, _ = await _wrote(host, [_draft()] * 3, known="bo lund.")
    assert found is None and {one.reason for one in rejected} == {"closed_book"}
    found, _, _ = await _wrote(host, [_draft()], known="unknown")
    assert found is not None


async def test_a_model_that_solves_with_the_tools_gives_the_difficulty(host: InProcessTreeHost) -> None:
    path = await _path(host)
    config = config_of({"resource_types": ["web"], "model_name": "scripted:x", "solver_tries": 3})
    visit = ToolCall(id="1", name="web_visit", arguments={"url": "https://pages.example/tornby.md"})
    look = ScriptedAnswer(tool_calls=(visit,))
    said = {0: "Bo Lund is the mayor.", 1: "It is Ann Ives.", 2: "It is Bo Lund."}

    def answer(request: Request) -> str | ScriptedAnswer:
        trial = (request.seed or 0) // TRIAL_STRIDE
        return said[trial] if any(one.role == "tool" for one in request.messages) else look

    solver = ScriptedModel(answer)
    writer = ModelWriter(ScriptedModel([_draft()]), min_hops=3, observation_tokens=2000)
    found, _ = await QuestionWriting(writer, host, config, None, solver).of_path(SEED, path, 0, [])
    assert found is not None and found.question.difficulty is not None
    assert found.question.difficulty.rate == pytest.approx(2 / 3)
    assert found.task.difficulty == found.question.difficulty


async def test_a_question_like_one_of_the_same_seed_is_a_duplicate(host: InProcessTreeHost) -> None:
    path = await _path(host)
    config = config_of({"resource_types": ["web"], "model_name": "scripted:x"})
    writer = ModelWriter(ScriptedModel([_draft()] * 4), min_hops=3, observation_tokens=2000)
    writing = QuestionWriting(writer, host, config)
    first, _ = await writing.of_path(SEED, path, 0, [])
    assert first is not None
    second, rejected = await writing.of_path(SEED, path, 1, [first.question.draft])
    assert second is None and {one.reason for one in rejected} == {"duplicate"}
