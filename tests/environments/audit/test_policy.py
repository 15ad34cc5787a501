"""How each sentence of a policy is held: read from the policy, the rules, and what the author says."""

import json
from pathlib import Path

import pytest

from toolworld.environments import (
    NOT_STATED,
    Environment,
    HeldSentence,
    builtin_folders,
    load_environments,
    load_policy_checks,
    policy_findings,
    policy_table,
    ways_held,
)
from toolworld.environments.audit.policy import policy_sentences
from toolworld.ground import RecordError

POLICY = """# A desk

You lend coats,
and take them back.

- Identify the guest first. "Now" is no reason.
- Never lend `C1`. Be kind.
"""


@pytest.fixture
def library() -> Environment:
    [environment] = load_environments(["library"])
    return environment


def messages(environment: Environment, **held: object) -> list[str]:
    checks = [HeldSentence.model_validate({"quote": "Make one change at a time.", **held})]
    return [found.message for found in policy_findings(environment, checks, ["library/renew_one"])]


def test_sentences_are_read_across_lines_and_items_and_without_headings() -> None:
    assert policy_sentences(POLICY) == [
        "You lend coats, and take them back.",
        "Identify the guest first.",
        '"Now" is no reason.',
        "Never lend `C1`.",
        "Be kind.",
    ]


def test_a_rule_holds_the_sentence_that_it_quotes(library: Environment) -> None:
    held = {one.sentence: one.held for one in policy_table(library, ())}
    [told] = [one for sentence, one in held.items() if sentence.startswith("Never tell a borrower who has")]
    [silent] = [one for sentence, one in held.items() if sentence == "Make one change at a time."]
    assert told is not None and told.rules == ("only_about",) and silent is None


def test_what_the_author_says_goes_before_what_is_found(library: Environment) -> None:
    said = HeldSentence(quote="Never tell a borrower", rules=("only_about",), tasks=("who_has_it",))
    [row] = [one for one in policy_table(library, [said]) if one.held == said]
    assert row.held is not None and row.held.ways == {"rule": "only_about", "task": "who_has_it"}


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({"rules": ["never"]}, "is held by the rule never, which is not there"),
        ({"errors": ["no_such_code"]}, "is held by the error no_such_code, which is not there"),
        ({"tasks": ["renew_one", "fly"]}, "is held by the task fly, which is not there"),
        ({"statement": True, "quote": "Nobody says this."}, "stands in 0 sentences of the policy, not in one"),
        ({"statement": True, "quote": "the"}, "sentences of the policy, not in one"),
    ],
)
def test_what_is_not_there_is_found(library: Environment, held: dict[str, object], told: str) -> None:
    assert any(told in message for message in messages(library, **held))


def test_a_sentence_that_is_left_out_is_a_warning_once_there_is_a_list(library: Environment) -> None:
    assert any("nothing says how this is held: Money is in pounds." in one for one in messages(library, statement=True))
    assert list(policy_findings(library, None, [])) == []
    assert len(list(policy_findings(library, (), []))) > 20  # an empty file leaves all out


@pytest.mark.parametrize("text", ["{}", '[{"quote": "x"}]', '[{"quote": "x", "rules": ["often"]}]', "["])
def test_a_malformed_list_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "policy_checks.json").write_text(text)
    with pytest.raises(RecordError, match=r"policy_checks\.json: "):
        load_policy_checks(tmp_path)


@pytest.mark.parametrize("name", sorted(builtin_folders()))
def test_every_sentence_of_the_gallery_is_held_or_said_not_to_be(name: str) -> None:
    folder = builtin_folders()[name]
    [environment] = load_environments([name])
    tasks = [draft["id"] for draft in json.loads((folder / "tasks.json").read_text())]
    checks = load_policy_checks(folder) or ()
    assert list(policy_findings(environment, checks, tasks)) == []
    table = policy_table(environment, checks)
    assert len(checks) == len(table) >= 30
    ways = ways_held(table)
    assert NOT_STATED not in ways and ways["rule"] >= 3 and ways["tool"] >= 5 and ways["task"] >= 3
