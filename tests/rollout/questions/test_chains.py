"""Facts of results, chains of them, and the questions that a grammar makes."""

from tests.support.small_trees import node, path_of

from toolworld.ground import JsonObject, encode
from toolworld.rollout import Seed
from toolworld.rollout.facts.facts import facts_of
from toolworld.rollout.facts.relations import phrase_of, said_facts, singular
from toolworld.rollout.facts.thread import connected
from toolworld.rollout.questions.chains import chains_of
from toolworld.rollout.questions.wording import draft_of

BRIDGE = Seed(content="Bridge")
PATH = path_of(
    ("visit", {"title": "Bridge", "facts": {"Designed by": "Ann Ives", "Length": "9 m"}}),
    ("visit", {"title": "Ann Ives", "facts": {"Born in": "Tornby"}}),
    ("visit", {"title": "Tornby", "facts": {"Mayor": "Bo Lund"}}),
)


def test_facts_come_from_objects_labelled_lines_and_sentences() -> None:
    rows: JsonObject = {
        "orders": [
            {"order_id": "O1", "customer_id": "C1", "total": 3},
            {"order_id": "O2", "customer_id": "C2", "total": 4},
        ]
    }
    found = {(fact.subject, fact.label, fact.value, fact.noun, fact.thing) for fact in facts_of(0, rows, {})}
    assert ("O1", "total", "3", "order", "") in found and ("C2", "order id", "O2", "", "order") in found
    text: JsonObject = {"title": "Heron", "text": "Lead: Ann Ives\n\nThe gate was built by Bo Lund. It rained."}
    found = {(fact.subject, fact.label, fact.value) for fact in facts_of(0, text, {})}
    assert ("Heron", "lead", "Ann Ives") in found and ("gate", "built by", "Bo Lund") not in found
    assert {(one.subject, one.value) for one in said_facts("The North gate was built by Bo Lund in 1902.")} == {
        ("North gate", "Bo Lund")
    }


def test_a_value_that_several_things_have_leads_to_none_of_them() -> None:
    rows: JsonObject = {"loans": [{"loan_id": "L1", "patron_id": "P1"}, {"loan_id": "L2", "patron_id": "P1"}]}
    assert not any(fact.subject == "P1" for fact in facts_of(0, rows, {}))
    one: JsonObject = {"loans": [{"loan_id": "L1"}]}
    asked = facts_of(0, one, {"patron_id": "P1"})
    assert any((fact.subject, fact.value) == ("P1", "L1") for fact in asked)


def test_every_piece_of_evidence_stands_in_its_result() -> None:
    for made in (*PATH, node("s1/0", "q", {"rows": [{"name": "x y", "n": 1.5, "when": "a, b"}]})):
        text = encode(made.result).decode()
        assert all(fact.evidence in text or fact.evidence in str(made.result) for fact in facts_of(0, made.result, {}))


def test_a_chain_takes_a_later_result_for_each_hop_and_ends_in_what_no_earlier_one_shows() -> None:
    [best, *_] = chains_of(PATH, BRIDGE, 3)
    assert [(fact.step, fact.value) for fact in best] == [(0, "Ann Ives"), (1, "Tornby"), (2, "Bo Lund")]
    told_before = [PATH[0].model_copy(update={"observation": "Bo Lund"}), *PATH[1:]]
    assert chains_of(told_before, BRIDGE, 3) == []
    assert chains_of(PATH[:2], BRIDGE, 3) == []
    assert chains_of([*reversed(PATH)], BRIDGE, 3) == []


def test_a_relation_with_two_values_is_no_link() -> None:
    twice = [*PATH, node("s1/0.0.0.0", "visit", {"title": "Ann Ives", "facts": {"Born in": "Halden"}})]
    assert chains_of(twice, BRIDGE, 3) == []


def test_the_grammar_asks_by_relation_of_relation_and_keeps_the_answer_to_itself() -> None:
    draft = draft_of(chains_of(PATH, BRIDGE, 3)[0], PATH)
    assert "the mayor of the birthplace of the designer of Bridge" in draft.question
    assert "who is the mayor" in draft.question.lower()
    assert draft.answer == "Bo Lund" and len(draft.reasoning_steps) == 3
    assert [step.node for step in draft.reasoning_steps] == ["s1/0", "s1/0.0", "s1/0.0.0"]


def test_words_of_relations_and_nouns() -> None:
    assert phrase_of("designed by", "X") == "the designer of X"
    assert phrase_of("ordered on", "X") == "the date when X was ordered"
    assert phrase_of("known in", "X") == 'the entry under "known in" of X'
    assert phrase_of("height", "X") == "the height of X"
    assert [singular(word) for word in ("orders", "cities", "boxes", "status", "address")] == [
        "order", "city", "box", "status", "address",
    ]  # fmt: skip


def test_what_a_path_leads_to_is_counted_in_facts_from_its_start() -> None:
    facts = [fact for step, one in enumerate(PATH) for fact in facts_of(step, one.result, {})]
    found = connected(facts, ["Bridge"])
    assert (found["bridge"], found["ann ives"], found["tornby"], found["bo lund"]) == (0, 1, 2, 3)
    assert "bo lund" not in connected(facts[:2], ["Bridge"])
