"""Facts of results, chains of them, and the questions that a grammar makes."""

import time
from typing import cast

from tests.support.small_trees import node, path_of

from toolworld.ground import JsonObject, JsonValue, encode
from toolworld.rollout import Node, Seed
from toolworld.rollout.facts.facts import facts_of
from toolworld.rollout.facts.relations import phrase_of, said_facts, singular
from toolworld.rollout.facts.thread import connected
from toolworld.rollout.questions.chains import chains_of
from toolworld.rollout.questions.grammar_writer import GrammarWriter
from toolworld.rollout.questions.question import Draft, PathTold
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
    assert draft.question.lower().find("who ") >= 0
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


def _tables(*rows: tuple[str, JsonObject]) -> list[Node]:
    return [
        node(f"s1/{'.'.join('0' * (place + 1))}", "q", {"rows": [row]}, parameters={"query": f"SELECT * FROM {table}"})
        for place, (table, row) in enumerate(rows)
    ]


def test_numbers_are_keys_of_one_kind_of_thing_and_lead_to_no_other() -> None:
    start = Seed(content="Kivu")
    wrong = _tables(
        ("animals", {"id": 1, "name": "Kivu", "enclosure_id": 3}),
        ("enclosures", {"id": 1, "title": "Ape House", "keeper_id": 2}),
        ("keepers", {"id": 2, "name": "Bo Lund", "city": "Halden"}),
    )
    assert chains_of(wrong, start, 3) == []
    right = _tables(
        ("animals", {"id": 1, "name": "Kivu", "enclosure_id": 3}),
        ("enclosures", {"id": 3, "title": "Ape House", "keeper_id": 2}),
        ("keepers", {"id": 2, "name": "Bo Lund", "city": "Halden"}),
    )
    assert {chain[-1].value for chain in chains_of(right, start, 3)} >= {"Halden", "Bo Lund"}


def test_rows_that_are_only_a_part_do_not_say_what_belongs_to_whom() -> None:
    shown: JsonObject = {"file": "pets.csv", "rows": 9, "sample": [{"pet_id": "P1", "keeper_id": "K2"}]}
    assert not any(fact.subject == "K2" for fact in facts_of(0, shown, {}))
    cut: JsonObject = {"rows": [{"pet_id": "P1", "keeper_id": "K2"}], "cut": True}
    assert not any(fact.subject == "K2" for fact in facts_of(0, cut, {"query": "SELECT * FROM pets"}))
    whole: JsonObject = {**cut, "cut": False}
    assert any(fact.subject == "K2" for fact in facts_of(0, whole, {"query": "SELECT * FROM pets"}))


def test_two_things_of_one_name_are_nothing_to_ask_about() -> None:
    twins = [one.model_copy(update={"result": {**cast(JsonObject, one.result), "url": one.id}}) for one in PATH]
    assert chains_of(twins, BRIDGE, 3) != []
    other = node("s1/0.0.0.0", "visit", {"title": "Ann Ives", "url": "elsewhere", "facts": {"Height": "2 m"}})
    assert chains_of([*twins, other], BRIDGE, 3) == []


def test_a_chain_starts_where_exploration_did() -> None:
    assert chains_of(PATH, Seed(content="Something else"), 3) == []


def test_hops_inside_one_result_are_no_hops() -> None:
    assert chains_of(PATH, BRIDGE, 4) == []
    row: JsonObject = {"station_id": "S1", "name": "Weir", "operator_id": "O1", "lab": "North Lab"}
    assert chains_of(_tables(("stations", row)), Seed(content="Weir"), 2) == []


def test_many_rows_are_looked_through_in_bounded_time() -> None:
    rows: list[JsonValue] = [{f"f{column}_id": f"v{row}{column}" for column in range(12)} for row in range(24)]
    path = [node(f"s1/{'.'.join('0' * (place + 1))}", "q", {"rows": rows}) for place in range(6)]
    began = time.process_time()
    chains_of(path, Seed(content="v00"), 3)
    assert time.process_time() - began < 20


async def test_the_grammar_tries_the_best_end_first_and_each_end_once() -> None:
    writer = GrammarWriter(3)
    path = [*PATH, node("s1/0.0.0.0", "visit", {"title": "Tornby", "facts": {"River": "Lune", "Founded": "1340"}})]
    drafts = [await writer.write(PathTold(seed=BRIDGE, path=tuple(path), attempt=0, tried=tried)) for tried in range(5)]
    ends = [draft.answer for draft in drafts if isinstance(draft, Draft)]
    assert len(ends) == len({*ends}) >= 3 and ends[0] == chains_of(path, BRIDGE, 3)[0][-1].value
    assert "all were tried" in str(drafts[-1])


def test_one_hop_is_enough_where_one_is_asked_for() -> None:
    assert {chain[-1].value for chain in chains_of(PATH[:1], BRIDGE, 1)} >= {"Ann Ives", "9 m"}


def test_a_query_with_a_limit_shows_only_a_part() -> None:
    rows: JsonObject = {"rows": [{"pet_id": "P1", "keeper_id": "K2"}], "cut": False}
    limited = facts_of(0, rows, {"query": "SELECT * FROM pets LIMIT 1"})
    assert not any(fact.subject == "K2" for fact in limited)
