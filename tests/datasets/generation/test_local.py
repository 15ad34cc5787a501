"""The small real model as a generator, over real HTTP: what it writes is poor, and every reply is accounted for."""

from pathlib import Path

import pytest

from toolworld.datasets import (
    AgoraConfig,
    Checks,
    Comparison,
    Instruments,
    PromptSettings,
    agora_for,
    compare_generators,
    read_generator,
    word_vectors,
)
from toolworld.llm import open_models

pytestmark = [pytest.mark.local, pytest.mark.timeout(1200)]
CONFIG = AgoraConfig(show_progress=False, max_retries=4, corrections=1)


@pytest.mark.parametrize("domain", ["math", "general"])
async def test_every_reply_of_the_small_model_is_accepted_or_listed(tmp_path: Path, domain: str) -> None:
    agora = agora_for(
        "instance_generation",
        domain,
        "local",
        prompts=PromptSettings(num_fewshot=1, num_sample_from_seed_data=1),
        checks=Checks(max_tokens=1024),
        sampling_params={"max_tokens": 160, "temperature": 0.7},
        config=CONFIG,
    )
    rows = await agora.arun(2, tmp_path / "rows.jsonl", num_threads=2)
    summary = rows.summary
    assert summary.replies > 0
    assert summary.replies == summary.accepted + sum(summary.rejected.values()) - summary.rejected.get("no_answer", 0)
    assert summary.usage.completion_tokens > 0
    print(f"\n{domain}: {summary.accepted} of {summary.asked} from {summary.replies} replies; {summary.rejected}")  # noqa: T201


async def test_the_small_model_answers_and_solves(tmp_path: Path) -> None:
    given = [{"instruction": f"What is {n} + {n}?", "answer": 2 * n} for n in range(2, 6)]
    agora = agora_for(
        "response_generation",
        "math",
        "local",
        seeds=given,
        sampling_params={"max_tokens": 120},
        config=AgoraConfig(show_progress=False, max_retries=2),
    )
    rows = await agora.arun(4, tmp_path / "rows.jsonl", num_threads=2)
    assert len(rows) + len(rows.summary.missing_rows) == 4
    (tmp_path / "known.jsonl").write_text(
        "".join(
            f'{{"instruction": "What is {n} + {n}?", "response": "[RESULT]{2 * n}[/RESULT]"}}\n' for n in range(2, 6)
        )
    )

    async def by_words(texts: object) -> object:
        return word_vectors(list(texts))  # type: ignore[call-overload]

    async with open_models({}, "bench") as models:
        solver = await models.get("local", "solver")
        known = read_generator(f"known={tmp_path / 'known.jsonl'}")
        report = await compare_generators(Comparison([known], Instruments("math", solver, tries=1), by_words))
    difficulty = report.generators["known"].metrics["difficulty"]
    assert difficulty is not None
    assert 0 <= difficulty <= 1
    print(f"\n{len(rows)} of 4 answered; {rows.summary.rejected}; difficulty {difficulty:g}")  # noqa: T201
