"""The card of a pack: counted from the pack, with what was recorded of its making."""

from pathlib import Path

import pytest

from toolworld.environments import (
    CARD_SUFFIX,
    Gate,
    Origin,
    card_of,
    card_page,
    load_environments,
    origin_of,
    save_origin,
    save_pack,
)
from toolworld.ground import RecordError


def test_a_card_counts_the_pack_and_says_what_was_recorded(tmp_path: Path) -> None:
    pack = tmp_path / "two.jsonl"
    environments = load_environments(["library", "clinic"])
    save_pack(environments, pack)
    gates = (Gate(name="env check", kept=2, of=3), Gate(name="nothing came", kept=0, of=0))
    save_origin(pack, Origin(made_by="a test", source="two desks", licence="MIT", gates=gates))
    card = card_of(pack, environments)
    assert (card.environments, card.tools) == (2, sum(len(one.tools) for one in environments))
    page = card_page(card)
    assert "| env check | 2 | 3 | 66.7% |" in page and "| nothing came | 0 | 0 | - |" in page
    assert "Licence of the source: MIT" in page


def test_a_pack_of_which_nothing_was_recorded_says_so(tmp_path: Path) -> None:
    pack = tmp_path / "one.jsonl"
    assert origin_of(pack).licence == "not recorded"
    assert "Made by: not recorded" in card_page(card_of(pack, load_environments(["library"])))


def test_a_damaged_card_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / f"one{CARD_SUFFIX}").write_text("{}")
    with pytest.raises(RecordError, match=r"one\.card\.json"):
        origin_of(tmp_path / "one.jsonl")
