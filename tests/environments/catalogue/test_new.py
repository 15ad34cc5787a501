"""A new environment: it is sound from the first minute, under any name."""

from pathlib import Path

import pytest

from toolworld.environments import audit, load_folder, new_folder
from toolworld.ground import SpecError, UsageError


@pytest.mark.parametrize("name", ["workshop", "bicycle_workshop", "a", "2nd-floor"])
def test_a_new_environment_is_clean_and_has_its_name(tmp_path: Path, name: str) -> None:
    environment = load_folder(new_folder(name, tmp_path))
    assert environment.id == name and audit(environment) == []
    assert environment.title.lower() == name.replace("-", " ").replace("_", " ")


@pytest.mark.parametrize("name", ["", "Workshop", "../up", "a b", "-a", "x" * 101])
def test_a_name_that_no_environment_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name of an environment"):
        new_folder(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_built_in_environment_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="library is the name of a built-in environment"):
        new_folder("library", tmp_path)


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    folder = new_folder("workshop", tmp_path)
    (folder / "policy.md").write_text("mine")
    with pytest.raises(SpecError, match="is there already"):
        new_folder("workshop", tmp_path)
    assert (folder / "policy.md").read_text() == "mine"
