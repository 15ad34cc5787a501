"""Near duplicates, contamination, leaks, splits and cards, on planted copies."""

import json
import random
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from tests.support.samples import TOOLS, WORDS, bag_vectors, dataset, made_samples

from toolworld.datasets import (
    Lineage,
    Sample,
    Turn,
    VectorTable,
    contamination,
    data_card,
    deduplicate,
    leaks,
    licence_beside,
    made_beside,
    near_pairs,
    parts_of,
    perturb,
    request_of,
    split_samples,
    text_key,
    write_perturbed,
)
from toolworld.datasets.hygiene.near_duplicates import THRESHOLDS, NearPair, groups_of, near_vectors
from toolworld.datasets.perturbation.methods import PerturbationOptions
from toolworld.environments import Call
from toolworld.ground import UsageError

PARAPHRASES = Path(__file__).with_name("paraphrases.jsonl")


def said(name: str, text: str, *calls: Call) -> Sample:
    return Sample(id=name, turns=(Turn(speaker="user", text=text),), calls=calls)


def edited(text: str, draw: random.Random) -> str:
    """A text with one word in twelve changed, left out or put in."""
    words = text.split()
    for _ in range(max(1, round(len(words) / 12))):
        place = draw.randrange(len(words))
        match draw.randrange(3):
            case 0:
                words[place] = f"new{draw.randrange(10_000)}"
            case 1:
                words.pop(place)
            case _:
                words.insert(place, f"new{draw.randrange(10_000)}")
    return " ".join(words)


@pytest.mark.parametrize("background", [2_000, pytest.param(19_800, marks=pytest.mark.long)])
def test_planted_near_duplicates_are_found_and_nothing_else(background: int) -> None:
    draw = random.Random(5)
    names = [f"{word}{number}" for word in WORDS for number in range(12)]
    texts = [" ".join(draw.choices([*WORDS, *names], k=draw.randint(14, 40))) for _ in range(background)]
    sources = draw.sample(range(background), 200)
    texts += [edited(texts[source], draw) for source in sources]
    samples = [said(str(number), text) for number, text in enumerate(texts)]
    draw.shuffle(samples)
    pairs = near_pairs([parts_of(one, "words") for one in samples], THRESHOLDS["words"])
    found = {frozenset((samples[one.first].id, samples[one.second].id)) for one in pairs}
    planted = {frozenset((str(source), str(background + number))) for number, source in enumerate(sources)}
    hits = len(found & planted)
    assert hits / len(planted) >= 0.97  # a few of the edits leave less than the threshold in common
    assert hits / len(found) >= 0.99


def test_calls_are_near_duplicates_by_tools_and_arguments_and_not_by_words() -> None:
    call = [Call(name=name, arguments={"id": number}) for number, name in enumerate(TOOLS)]
    samples = [
        said("first", "one thing", *call),
        said("same", "quite another request", *call),
        said("longer", "and another", *call, Call(name="pay", arguments={"sum": 3})),
        said("other values", "one thing", *(one.model_copy(update={"arguments": {"id": "x"}}) for one in call)),
        said("none", "one thing"),
    ]
    _, by_calls = deduplicate(samples, "calls")
    assert [(one.id, one.copy_of) for one in by_calls.dropped] == [("same", "first"), ("longer", "first")]
    kept, by_request = deduplicate(samples, "words")
    assert [samples[place].id for place in kept] == ["first", "same", "longer"]
    assert by_request.kept + len(by_request.dropped) == by_request.asked == 5


def test_groups_join_what_is_near_to_a_near_one() -> None:
    pairs = [NearPair(0, 2, 0.9), NearPair(2, 5, 0.8), NearPair(3, 4, 1.0)]
    assert groups_of(pairs) == [[0, 2, 5], [3, 4]]


def test_texts_that_mean_the_same_are_near_by_their_vectors() -> None:
    rows = np.array([[1, 0], [0.99, 0.1], [0, 1], [0, 2]], np.float32)
    assert [(one.first, one.second) for one in near_vectors(rows, 0.9)] == [(0, 1), (2, 3)]
    samples = [said(str(number), f"text {number}") for number in range(4)]
    kept, report = deduplicate(samples, vectors=rows)
    assert kept == [0, 2] and report.by == "vectors of requests"


def test_copies_of_a_benchmark_are_found_by_words_by_calls_and_by_meaning_and_new_samples_are_not() -> None:
    benchmark = made_samples(80, seed=3)
    own = made_samples(80, seed=4)
    planted = {f"w{one.id}": one.id for one in benchmark[:10]}
    copies = [said(f"w{one.id}", edited(request_of(one), random.Random(1))) for one in benchmark[:10]]
    stolen = [
        said(f"c{one.id}", request_of(own[0]) + f" {number}", *one.calls) for number, one in enumerate(benchmark[20:30])
    ]
    everything = [*own[1:], *copies, *stolen]
    found = contamination(everything, {"bench": benchmark})
    by_way: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for one in found:
        by_way[one.by].add((one.id, one.other))
    assert by_way["words"] >= set(planted.items())
    assert {one for one in by_way["calls"] if one[0].startswith("c")} == {
        (f"c{one.id}", one.id) for one in benchmark[20:30]
    }
    assert {one.id for one in found if one.id.startswith("s")} == set()
    vectors = VectorTable(
        "planted",
        [text_key(request_of(one)) for one in (*everything, *benchmark)],
        np.eye(len(everything) + len(benchmark), dtype=np.float32),
    )
    assert not [one for one in contamination(own[1:], {"bench": benchmark}, vectors=vectors) if one.by == "meaning"]
    assert leaks({"train": everything, "test": benchmark}) == contamination(everything, {"test": benchmark})


def test_the_nearest_of_a_benchmark_is_named() -> None:
    near, nearer = (
        said("near", "please book a flight to oslo on friday"),
        said("nearer", "please book a flight to oslo on monday"),
    )
    [found] = contamination([said("mine", "please book a flight to oslo on monday now")], {"b": [near, nearer]})
    assert (found.other, found.by) == ("nearer", "words")


@pytest.mark.local
async def test_paraphrases_are_found_by_meaning() -> None:
    """50 requests of BFCL (Apache-2.0), each with a paraphrase that was written for this test."""
    from toolworld.llm import embed_texts, open_embedder

    rows = [json.loads(line) for line in PARAPHRASES.read_text().splitlines()]
    benchmark = [said(row["id"], row["original"]) for row in rows]
    mine = [said(f"p{row['id']}", row["paraphrase"]) for row in rows]
    new = made_samples(100, seed=8)
    texts = [request_of(one) for one in (*benchmark, *mine, *new)]
    async with open_embedder("minilm", {}) as embedder:
        vectors = VectorTable(embedder.name, [text_key(one) for one in texts], await embed_texts(embedder, texts))
    found = [one for one in contamination([*mine, *new], {"bfcl": benchmark}, vectors=vectors) if one.by == "meaning"]
    assert sum(one.id == f"p{one.other}" for one in found) >= 42
    assert not [one for one in found if one.id.startswith("s")]
    by_words = contamination(mine, {"bfcl": benchmark})
    assert not [one for one in by_words if one.by == "words"]  # which is why meaning is looked at


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_environment_stands_in_two_splits_and_the_shares_are_near(seed: int) -> None:
    samples = [
        one.model_copy(update={"environment": f"e{number % 40}"}) for number, one in enumerate(made_samples(400))
    ]
    shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
    splits = split_samples(samples, shares, seed=seed)
    assert sorted(place for of in splits.values() for place in of) == list(range(len(samples)))
    environments = [{samples[place].environment for place in of} for of in splits.values()]
    assert sum(len(of) for of in environments) == 40
    for name, share in shares.items():
        assert abs(len(splits[name]) / len(samples) - share) <= 0.03
    assert splits == split_samples(samples, shares, seed=seed)
    assert seed == 0 or splits != split_samples(samples, shares, seed=0)


def test_no_split_is_empty_where_there_are_groups_enough() -> None:
    samples = made_samples(10)
    two = [one.model_copy(update={"environment": "ef"[place > 8]}) for place, one in enumerate(samples)]
    assert [len(of) for of in split_samples(two, {"a": 0.9, "b": 0.1}).values()] == [9, 1]
    three = [*two, two[0].model_copy(update={"environment": "g"})]
    found = split_samples(three, {"a": 0.01, "b": 0.98, "c": 0.01})
    assert sorted(len(of) for of in found.values()) == [1, 1, 9] and len(found["b"]) == 9


def test_a_split_that_cannot_be_is_refused_in_a_sentence() -> None:
    samples = made_samples(10)
    with pytest.raises(UsageError, match=r"add up to 1, and not to 1\.2"):
        split_samples(samples, {"a": 0.6, "b": 0.6})
    with pytest.raises(UsageError, match="1 groups by environment cannot be split into 2"):
        split_samples([one.model_copy(update={"environment": "e"}) for one in samples], {"a": 0.5, "b": 0.5})
    with pytest.raises(UsageError, match="not to nan"):
        split_samples(samples, {"a": float("nan"), "b": 0.5})
    with pytest.raises(UsageError, match="sample s0 has no colour; it has the labels: kind"):
        split_samples(samples, {"a": 0.5, "b": 0.5}, by="colour")


async def test_a_card_says_what_a_dataset_holds_where_it_is_from_and_what_was_checked(tmp_path: Path) -> None:
    made = await perturb(made_samples(40), "oversample", 0.5, PerturbationOptions())
    path = tmp_path / "half.jsonl"
    write_perturbed(made, path)
    (tmp_path / "LICENSE").write_text("\n  Apache License\n  Version 2.0\n")
    lineage = Lineage(file="half.jsonl", samples=40, licence=licence_beside(path), made_by=made_beside(path))
    page = data_card([dataset(made.samples, str(path))], [lineage], title="Half of it | copies")
    assert "| half.jsonl | 40 | Apache License | oversample" in page
    assert "| near duplicates by words | 47.5% |" in page
    assert "### By kind" in page and "| arguments that were said |" in page
    assert licence_beside(tmp_path / "elsewhere" / "x.jsonl") == "not stated"
    assert made_beside(tmp_path / "x.jsonl") == ""
    (tmp_path / "summary.json").write_text('{"mode": "mixed", "seed": 42}')
    assert made_beside(tmp_path / "x.jsonl") == "toolworld make, mode mixed, seed 42"


def test_pairs_are_the_same_in_any_order_of_the_parts() -> None:
    samples = made_samples(60, seed=6)
    parts = [parts_of(one, "words") for one in [*samples, *samples[:7]]]
    assert near_pairs(parts, 0.7) == near_pairs([frozenset(sorted(one, reverse=True)) for one in parts], 0.7)
    assert [one for one in near_pairs(parts, 0.7) if one.similarity == 1] == [
        NearPair(n, 60 + n, 1.0) for n in range(7)
    ]
    assert bag_vectors(samples).of([samples[0].text]).shape == (1, 24)
