"""Rubrics are data: the built-in ones load, and a file that is none is refused in a sentence."""

from pathlib import Path

import pytest

from toolworld.ground import UsageError
from toolworld.judges import built_in_rubrics, load_rubric

OWN = """
name = "kindness"
about = "Whether the agent is kind."
threshold = 4
[[items]]
name = "tone"
question = "Is the tone kind?"
"""


def test_every_built_in_rubric_loads_under_its_name() -> None:
    assert built_in_rubrics() == ["conversation", "milestones", "statements", "synthtools"]
    assert [load_rubric(name).name for name in built_in_rubrics()] == built_in_rubrics()


def test_gates_follow_the_threshold() -> None:
    rubric = load_rubric("conversation", 4.0)
    assert (rubric.gate("tool_correctness"), rubric.gate("naturalness")) == (4.0, 3.5)
    assert load_rubric("conversation", 1.2).gate("naturalness") == 1.0


def test_a_file_of_ones_own_is_a_rubric(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    rubric = load_rubric(str(tmp_path / "own.toml"))
    assert (rubric.name, rubric.threshold, rubric.items[0].scale) == ("kindness", 4.0, "1-5")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name = ", "no TOML file"),
        (OWN.replace("threshold = 4", "threshold = 9"), "threshold"),
        (OWN + '[[items]]\nname = "tone"\nquestion = "Again?"\n', "two items are called tone"),
        (OWN.replace('question = "Is the tone kind?"', 'question = "Kept: $each"'), "belong together"),
        (OWN.replace("tone", "Tone!"), "name"),
        (OWN + "weight = 3\n", "weight"),
        (OWN + 'decided_by = ["stat"]\n', "decided_by"),
        (OWN + 'each = "policy"\n', "belong together"),
        (OWN.replace("Is the tone kind?", "Kept: $eachx") + 'each = "policy"\n', "belong together"),
        (OWN.replace('"tone"', '"mean"'), "cannot be called mean"),
        (OWN.replace("Is the tone kind?", "  "), "asks nothing"),
        ('name = "a"\nabout = "b"\nitems = []\n', "items"),
    ],
)
def test_a_file_that_is_no_rubric_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as refused:
        load_rubric(str(path))
    assert str(path) in str(refused.value)


def test_a_name_that_there_is_not_lists_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="conversation, milestones, statements, synthtools"):
        load_rubric("niceness")
