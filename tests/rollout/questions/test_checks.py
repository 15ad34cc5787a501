"""Checks of drafts: each passes what is right, and rejects what is planted, with its own reason."""

from typing import Any

import pytest
from tests.support.small_trees import path_of

from toolworld.rollout.questions.checks import Problem, check_draft
from toolworld.rollout.questions.question import Draft, ReasoningStep

PATH = path_of(
    ("visit", {"title": "Bridge", "facts": {"Architect": "Ann Ives"}}),
    ("visit", {"title": "Ann Ives", "text": "Ann Ives was born in Tornby.\nShe had a boat."}),
    ("visit", {"title": "Tornby", "facts": {"Mayor": "Bo Lund", "Code": "TB-1"}}),
)
STEPS = (
    ReasoningStep(hop=1, fact="Bridge was built by Ann Ives", evidence="Architect: Ann Ives", output="Ann Ives"),
    ReasoningStep(hop=2, fact="Ann Ives was born in Tornby", evidence="Ann Ives was born in Tornby", output="Tornby"),
    ReasoningStep(hop=3, fact="Tornby has the mayor Bo Lund", evidence='"Mayor":"Bo Lund"', output="Bo Lund"),
)
RIGHT = Draft(question="Who is mayor where the architect of Bridge was born?", answer="Bo Lund", reasoning_steps=STEPS)


def _with(step: int, **changes: Any) -> tuple[ReasoningStep, ...]:
    return tuple(one.model_copy(update=changes) if one.hop == step else one for one in STEPS)


def test_a_right_draft_passes_and_its_steps_are_tied_to_the_nodes_that_they_cite() -> None:
    found = check_draft(RIGHT, PATH, 3)
    assert isinstance(found, Draft)
    assert [step.node for step in found.reasoning_steps] == ["s1/0", "s1/0.0", "s1/0.0.0"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question": "  "}, "empty"),
        ({"answer": ""}, "empty"),
        ({"question": "Is Bo Lund the mayor?"}, "leakage"),
        ({"answer": "Bo Lund " * 80}, "verbose"),
        ({"question": "Who? " * 300}, "verbose"),
        ({"reasoning_steps": ()}, "few_steps"),
        ({"reasoning_steps": STEPS[:2]}, "few_steps"),
        ({"reasoning_steps": _with(2, evidence="Ann Ives was born in Rome")}, "evidence"),
        ({"reasoning_steps": _with(2, evidence="")}, "evidence"),
        ({"reasoning_steps": _with(2, evidence="born in Torn")}, "evidence"),
        ({"reasoning_steps": _with(3, node="s1/0")}, "evidence"),
        ({"reasoning_steps": _with(2, hop=4)}, "chain"),
        ({"reasoning_steps": _with(3, fact="The mayor is Bo Lund")}, "chain"),
        ({"reasoning_steps": _with(2, output="Halden")}, "evidence"),
        ({"reasoning_steps": _with(1, output="Atlantis", fact="Bridge was founded in Atlantis")}, "evidence"),
        ({"reasoning_steps": _with(1, evidence="a")}, "evidence"),
        ({"reasoning_steps": _with(1, node="s9/9")}, "evidence"),
        ({"answer": "Tornby"}, "chain"),
        ({"answer": "Ann Ives"}, "chain"),
    ],
)
def test_each_planted_fault_is_found_with_its_own_reason(changes: dict[str, Any], reason: str) -> None:
    found = check_draft(RIGHT.model_copy(update=changes), PATH, 3)
    assert isinstance(found, Problem) and found.reason == reason and found.why


def test_evidence_may_differ_in_marks_and_case_but_not_in_words() -> None:
    loose = RIGHT.model_copy(update={"reasoning_steps": _with(1, evidence="ARCHITECT = 'Ann Ives'")})
    assert isinstance(check_draft(loose, PATH, 3), Draft)


def test_fewer_hops_pass_where_fewer_are_asked_for() -> None:
    two = RIGHT.model_copy(update={"answer": "Tornby", "question": "Where?", "reasoning_steps": STEPS[:2]})
    assert isinstance(check_draft(two, PATH, 2), Draft)


def test_hops_that_cite_backwards_repeat_each_other_or_stand_in_one_result_are_no_chain() -> None:
    one = ReasoningStep(hop=1, fact="Tornby has Bo Lund", evidence="Bo Lund", output="Bo Lund")
    same = tuple(one.model_copy(update={"hop": hop}) for hop in (1, 2, 3))
    backwards = (
        ReasoningStep(hop=1, fact="Tornby: TB-1", evidence="Code: TB-1", output="Tornby"),
        ReasoningStep(hop=2, fact="Ann Ives of Tornby", evidence="born in Tornby", output="Ann Ives"),
        ReasoningStep(hop=3, fact="Ann Ives of Bridge", evidence="Architect: Ann Ives", output="Bridge"),
    )
    for steps, answer in ((same, "Bo Lund"), (backwards, "Bridge")):
        found = check_draft(Draft(question="Who?", answer=answer, reasoning_steps=steps), PATH, 3)
        assert isinstance(found, Problem) and found.reason == "chain"


def test_evidence_in_a_script_without_spaces_is_found_where_it_stands() -> None:
    path = path_of(("visit", "桥由安艾夫斯设计"), ("visit", "安艾夫斯生于托恩比"), ("visit", "托恩比市长博伦德"))
    steps = (
        ReasoningStep(hop=1, fact="桥由安艾夫斯设计", evidence="安艾夫斯设计", output="安艾夫斯"),
        ReasoningStep(hop=2, fact="安艾夫斯生于托恩比", evidence="生于托恩比", output="托恩比"),
        ReasoningStep(hop=3, fact="托恩比市长博伦德", evidence="市长博伦德", output="博伦德"),
    )
    found = check_draft(Draft(question="谁是市长？", answer="博伦德", reasoning_steps=steps), path, 3)
    assert isinstance(found, Draft), found
