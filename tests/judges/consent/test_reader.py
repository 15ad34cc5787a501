"""Consent in the words of transcripts from outside."""

from datetime import date

import pytest
from tests.trials.verdicts import NO, YES

from toolworld.environments import Reads
from toolworld.judges.consent.reader import read_consent

PROPOSAL = "I would renew Middlemarch until 23 March. Shall I go ahead?"


def read(reply: str) -> str:
    return read_consent(reply, PROPOSAL, date(2026, 3, 2), Reads(dates="dmy"))


@pytest.mark.parametrize("reply", [" ".join(words.split()) for words in YES.split("|")])
def test_natural_agreements_count(reply: str) -> None:
    assert read(reply) == "yes"


@pytest.mark.parametrize("reply", [" ".join(words.split()) for words in NO.split("|")])
def test_refusals_questions_and_hesitation_are_no_yes(reply: str) -> None:
    assert read(reply) in ("no", "unclear", "none")


def test_another_value_than_the_proposals_is_no_yes() -> None:
    assert read("Yes, until 23 March.") == "yes"
    assert read("Yes, but make it 30 March.") == "no"
    assert read("OK, until 30 March then.") == "unclear"


def test_words_that_say_neither_are_told_from_doubt() -> None:
    assert [read(words) for words in ("Thanks.", "I am not sure.", "Yes. What is their number?")] == [
        "none",
        "unclear",
        "yes",
    ]
