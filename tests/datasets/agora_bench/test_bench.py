"""Generators of known skill, compared: the table ranks them rightly, and each metric sees what it should."""

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import anyio
import numpy as np
import pytest
from tests.support.generators import drawn_from, erring_writer, good_writer, repeating_writer, sum_problem
from tests.support.learning_solver import flattering_judge, honest_judge, learning_solver
from tests.support.model_endpoint import Reply, endpoint

from toolworld.datasets import (
    AgoraConfig,
    BenchReport,
    Comparison,
    GeneratorRows,
    InContext,
    Instruments,
    TrainedScores,
    agora_for,
    bench_page,
    compare_generators,
    mean_distance,
    perplexities,
    read_generator,
    word_vectors,
)
from toolworld.datasets.agora_bench.components import principal_components, regression
from toolworld.ground import JsonObject, RecordError, UsageError
from toolworld.llm import Request, open_models

ROWS = 80


def anything(instruction: str, response: str) -> bool:
    return True


async def by_words(texts: Sequence[str]) -> Any:
    return word_vectors(texts)


def problems(count: int, salt: str) -> list[dict[str, Any]]:
    made = [sum_problem(drawn_from(Request((), seed=seed), salt)) for seed in range(count)]
    return [{"instruction": instruction, "response": response} for instruction, response in made]


@pytest.fixture(scope="module")
def generators(tmp_path_factory: pytest.TempPathFactory) -> list[GeneratorRows]:
    """The rows of three generators; near duplicates and wrong rows stay, since that is what is to be seen."""
    folder, found = tmp_path_factory.mktemp("generators"), list[GeneratorRows]()
    config = AgoraConfig(show_progress=False, near_duplicates=None)
    for model in (repeating_writer(), erring_writer(), good_writer()):
        agora = agora_for("instance_generation", "math", model, config=config)
        agora.validator = anything
        agora.run(ROWS, folder / f"{model.name}.jsonl")
        found.append(read_generator(f"{model.name}={folder / model.name}.jsonl"))
    return found


def comparison(generators: Sequence[GeneratorRows], **more: Any) -> Comparison:
    instruments = Instruments("math", learning_solver(), honest_judge())
    return Comparison(generators, more.pop("instruments", instruments), by_words, **more)


@pytest.fixture(scope="module")
def report(generators: list[GeneratorRows]) -> BenchReport:
    in_context = InContext(problems(150, "benchmark"), problems(40, "reference"))
    return anyio.run(compare_generators, comparison(generators, in_context=in_context))


def test_the_table_ranks_generators_by_their_skill(report: BenchReport) -> None:
    assert [*report.generators] == ["good", "erring", "repeating"]
    assert report.ranked_by == "in-context gap"


def test_what_rows_teach_by_example_is_what_the_solver_learns(report: BenchReport) -> None:
    gaps = {name: one.in_context for name, one in report.generators.items()}
    values = {name: gap.value for name, gap in gaps.items() if gap is not None and gap.value is not None}
    assert values["good"] > 85
    assert 45 < values["erring"] < 85
    assert values["repeating"] < 65
    assert all(
        gap is not None and gap.low is not None and gap.low < gap.high for gap in gaps.values() if gap and gap.high
    )


def test_each_metric_sees_its_own_fault(report: BenchReport) -> None:
    metrics = {name: one.metrics for name, one in report.generators.items()}

    def of(metric: str) -> dict[str, float]:
        return {name: value for name, one in metrics.items() if (value := one[metric]) is not None}

    assert of("sound")["good"] == of("sound")["repeating"] == 1
    assert 0.55 < of("sound")["erring"] < 0.85
    assert of("repeated")["good"] < 0.1
    assert of("repeated")["repeating"] == 1 - 3 / ROWS
    assert of("instruction diversity")["repeating"] < 0.8 * of("instruction diversity")["good"]
    assert of("response diversity")["repeating"] < of("response diversity")["good"]
    assert of("vendi")["repeating"] < 0.1
    assert of("vendi")["good"] > 3 * of("vendi")["repeating"]
    assert of("quality (judge)")["good"] == of("quality (judge)")["repeating"] == 5
    assert 3.5 < of("quality (judge)")["erring"] < 4.6
    assert of("sound and new")["repeating"] == 3 / ROWS
    assert of("sound and new")["erring"] < of("sound")["good"]
    assert of("difficulty")["erring"] > of("difficulty")["good"]
    assert of("reject rate") == {"good": 0, "erring": 0, "repeating": 0}


def test_the_card_of_a_judge_tells_an_honest_one_from_a_flatterer(report: BenchReport) -> None:
    assert report.judge is not None
    assert report.judge.share is not None
    assert report.judge.share > 0.9
    assert {*report.judge.kinds} == {"cut", "of another row", "evasive"}


async def test_a_judge_that_likes_everything_has_a_card_that_says_so(generators: list[GeneratorRows]) -> None:
    instruments = Instruments("math", judge=flattering_judge())
    found = await compare_generators(comparison(generators, instruments=instruments))
    assert found.judge is not None
    assert found.judge.share == 0
    assert {one.metrics["quality (judge)"] for one in found.generators.values()} == {5.0}


async def test_without_models_what_can_be_measured_is_and_the_rest_is_named(generators: list[GeneratorRows]) -> None:
    found = await compare_generators(comparison(generators, instruments=Instruments("math")))
    assert found.ranked_by == "sound and new"
    assert [*found.generators] == ["good", "erring", "repeating"]
    assert found.generators["good"].metrics["difficulty"] is None
    assert {note.split(" needs")[0] for note in found.notes} == {
        "gap recovered",
        "in-context gap",
        "difficulty",
        "quality (judge)",
        "perplexity",
    }


def scores(rate: float, salt: str) -> dict[str, dict[str, float]]:
    return {
        benchmark: {str(item): float(Random(f"{salt}{benchmark}{item}").random() < rate) for item in range(300)}
        for benchmark in ("gsm8k", "math")
    }


async def test_scores_of_trained_models_come_before_the_stand_in(generators: list[GeneratorRows]) -> None:
    trained = TrainedScores(
        scores(0.2, "base"),
        scores(0.8, "reference"),
        {"good": scores(0.65, "g"), "erring": scores(0.15, "e"), "repeating": scores(0.4, "r")},
    )
    found = await compare_generators(comparison(generators, instruments=Instruments("math"), trained=trained))
    assert found.ranked_by == "gap recovered"
    assert [*found.generators] == ["good", "repeating", "erring"]
    gap = found.generators["erring"].gap
    assert gap is not None
    assert gap < 0
    assert {*found.generators["good"].gaps} == {"gsm8k", "math"}


async def test_generators_that_differ_in_nothing_that_ranks_are_not_ranked(generators: list[GeneratorRows]) -> None:
    good = generators[2]
    twins = [good, good._replace(name="twin")]
    found = await compare_generators(comparison(twins, instruments=Instruments("math")))
    assert found.ranked_by is None
    assert [*found.generators] == ["good", "twin"]
    assert "Not ranked" in bench_page(found)


async def test_scores_of_other_benchmarks_are_refused(generators: list[GeneratorRows]) -> None:
    base, reference = scores(0.2, "b"), scores(0.8, "r")
    for wrong in ({"gsm8k": base["gsm8k"]}, {"GSM8K": base["gsm8k"], "math": base["math"]}):
        with pytest.raises(UsageError, match="all must have the same benchmarks"):
            await compare_generators(comparison(generators, trained=TrainedScores(base, reference, {"good": wrong})))


def test_copies_of_a_template_do_not_look_diverse() -> None:
    template = [f"What is {n} plus {n + 7}? Give the answer as a whole number." for n in range(200)]
    varied = [sum_problem(drawn_from(Request((), seed=seed)))[0] for seed in range(200)]
    distances = [mean_distance(word_vectors(texts)) for texts in (template, varied)]
    assert distances[0] is not None
    assert distances[1] is not None
    assert distances[0] < 0.35 < distances[1]


def test_pure_noise_is_not_explained() -> None:
    draw = Random(0)
    adjusted: list[float] = []
    for _ in range(30):
        table = {str(setting): {str(metric): draw.random() for metric in range(10)} for setting in range(9)}
        components = principal_components(table)
        assert components is not None
        fit = regression(components, {name: draw.random() for name in table}, "gap recovered")
        assert fit is not None
        assert fit.components == 2
        adjusted.append(fit.adjusted_r2)
    assert abs(np.mean(adjusted)) < 0.15


async def test_the_item_itself_is_never_shown_as_an_example() -> None:
    rows = problems(12, "benchmark")
    solver = learning_solver()
    one = GeneratorRows("one", tuple(rows), None)
    in_context = InContext(rows, rows)
    await compare_generators(comparison([one], instruments=Instruments("math", solver), in_context=in_context))
    for request in solver.asked:
        shown, _, task = (request.messages[-1].content or "").rpartition("Task: ")
        assert task.partition("\nSolution:")[0] not in shown


async def test_scores_of_a_generator_that_there_is_not_are_refused(generators: list[GeneratorRows]) -> None:
    trained = TrainedScores(scores(0.2, "b"), scores(0.8, "r"), {"nobody": scores(0.5, "n")})
    with pytest.raises(UsageError, match="nobody"):
        await compare_generators(comparison(generators, trained=trained))
    with pytest.raises(UsageError, match="two generators are called good"):
        await compare_generators(comparison([generators[2], generators[2]]))


async def test_the_stand_in_needs_a_solver(generators: list[GeneratorRows]) -> None:
    in_context = InContext(problems(3, "benchmark"), problems(3, "reference"))
    with pytest.raises(UsageError, match="solver"):
        await compare_generators(comparison(generators, instruments=Instruments("math"), in_context=in_context))


async def test_a_report_is_the_same_again(generators: list[GeneratorRows]) -> None:
    first, second = [
        await compare_generators(comparison(generators, instruments=Instruments("math", learning_solver(), at_once=n)))
        for n in (1, 32)
    ]
    assert first.model_dump(exclude={"ledger"}) == second.model_dump(exclude={"ledger"})


async def test_the_solver_is_asked_for_the_task_and_not_for_what_an_example_holds() -> None:
    rows: list[JsonObject] = [
        {"instruction": "Fill {instruction} in. 1 + 1?", "response": "1 + 1 = 2\n[RESULT]2[/RESULT]"}
    ] * 5
    solver = learning_solver()
    in_context = InContext(problems(4, "benchmark"), rows)
    one = GeneratorRows("one", tuple(rows), None)
    await compare_generators(comparison([one], instruments=Instruments("math", solver), in_context=in_context))
    prompts = [request.messages[-1].content or "" for request in solver.asked]
    assert any(prompt.count("Fill {instruction} in.") == 4 for prompt in prompts)


async def test_components_of_several_reports_explain_the_gap(
    generators: list[GeneratorRows], report: BenchReport
) -> None:
    assert report.components is not None
    assert sum(report.components.explained) == pytest.approx(1)
    assert {*report.components.places} == {"good (math)", "erring (math)", "repeating (math)"}
    others = [
        report.model_copy(update={"domain": domain, "generators": dict(report.generators)})
        for domain in ("code", "general")
    ]
    found = await compare_generators(
        comparison(generators, in_context=InContext(problems(60, "b"), problems(20, "r")), earlier=others)
    )
    with pytest.raises(UsageError, match="an earlier report is of math as well"):
        await compare_generators(comparison(generators, earlier=[report]))
    assert found.components is not None
    assert len(found.components.places) == 9
    assert found.regression is not None
    assert found.regression.settings == 9
    assert found.regression.of == "in-context gap"
    assert 0 <= found.regression.r2 <= 1
    assert 0 <= found.regression.p <= 1


async def test_the_page_shows_the_table_the_card_and_the_plane(report: BenchReport) -> None:
    page = bench_page(report)
    assert "<script" not in page
    assert page.index("good") < page.index("repeating")
    assert "<svg" in page
    assert "evasive" in page


async def test_perplexity_comes_from_an_endpoint_and_each_row_has_its_own() -> None:
    texts = ["likely words", "less likely"]

    def answer(payload: dict[str, Any]) -> Reply:
        text = payload["prompt"]
        tokens = [text[at : at + 4] for at in range(0, len(text), 4)]
        value = -1.0 if text.endswith(texts[0]) else -2.0
        told = {"tokens": [*tokens, "."], "token_logprobs": [None, *([value] * (len(tokens) - 1)), -7.0]}
        assert payload["echo"] is True
        return Reply(body={"choices": [{"text": text, "logprobs": told}]})

    async with endpoint(answer) as fake, open_models({}, "bench") as models:
        scorer = await models.text_scorer(f"{fake.url}#m", "judge")
        rows: tuple[JsonObject, ...] = tuple({"instruction": "q", "response": text} for text in texts)
        one = GeneratorRows("one", rows, None)
        instruments = Instruments("general", log_probabilities=scorer.log_probabilities)
        found = await compare_generators(comparison([one], instruments=instruments))
    assert found.generators["one"].metrics["perplexity"] == pytest.approx((np.exp(1) + np.exp(2)) / 2)


def test_padding_counts_nowhere() -> None:
    whole = perplexities([[-1.0, -1.0], [-2.0]])
    padded = perplexities([[-1.0, -1.0], [-2.0, -9.0]], [[True, True], [True, False]])
    assert whole == padded
    assert whole[0] != whole[1]
    assert perplexities([[]]) == [None]


def test_distances_are_those_of_all_pairs() -> None:
    vectors = word_vectors(["red apples on the tree", "blue ships at sea", "red apples on the table", "prime numbers"])
    pairs = [1 - float(vectors[one] @ vectors[other]) for one in range(4) for other in range(one)]
    assert mean_distance(vectors) == pytest.approx(np.mean(pairs), abs=1e-6)
    same = mean_distance(word_vectors(["the same words"] * 5))
    assert same == pytest.approx(0, abs=1e-6)
    assert mean_distance(vectors[:1]) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [("=rows.jsonl", "NAME=FILE"), ("a=nowhere.jsonl", "nowhere")],
)
def test_generators_are_named_with_their_file(text: str, told: str) -> None:
    with pytest.raises((UsageError, RecordError), match=told):
        read_generator(text)


def test_rows_without_a_response_are_no_generators(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps({"instruction": "a"}) + "\n")
    with pytest.raises(RecordError, match="row 1 has no response"):
        read_generator(str(tmp_path / "rows.jsonl"))
    (tmp_path / "rows.jsonl").write_text("")
    with pytest.raises(RecordError, match="holds no rows"):
        read_generator(str(tmp_path / "rows.jsonl"))
