"""Packs: thousands of environments in one file, each read on demand."""

from pathlib import Path

import pytest
from tests.support.counters import counter_environment

from toolworld.environments import RuntimePool, find_environments, load_environments, save_pack
from toolworld.environments.runtime import pool as module
from toolworld.environments.spec.environment import EnvironmentSource
from toolworld.ground import SpecError


def pack(folder: Path, many: int) -> Path:
    path = folder / "p.jsonl"
    save_pack([counter_environment(id=f"counters_{number}") for number in range(many)], path)
    return path


def sources(path: Path) -> dict[str, EnvironmentSource]:
    return {found.id: found.source for found in find_environments([str(path)])}


def test_a_pack_is_found_by_ids_and_read_when_asked_for(tmp_path: Path) -> None:
    path = pack(tmp_path, 20)
    found = sources(path)
    assert list(found) == [f"counters_{number}" for number in range(20)]
    assert found["counters_7"]() == counter_environment(id="counters_7")
    assert load_environments([str(path)])[19].id == "counters_19"


def test_lines_that_others_wrote_are_found_too(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    shuffled = counter_environment().model_dump_json(exclude={"id"})[:-1] + ', "id": "counters"}'
    path.write_text(f"\n  \n{shuffled}\n\n")
    assert list(sources(path)) == ["counters"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"schema_version":1,"id":"counters_0"}', r"p\.jsonl:3: another environment has the id counters_0"),
        ("nonsense", r"p\.jsonl:3: Invalid JSON"),
        ('{"id": "x"}', r"p\.jsonl:3: "),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    path = pack(tmp_path, 2)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(SpecError, match=reason):
        load_environments([str(path)])


def test_a_pack_may_begin_with_a_byte_order_mark_and_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path, 2)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert [one.id for one in load_environments([str(path)])] == ["counters_0", "counters_1"]
    path.write_bytes(path.read_bytes().replace(b'"id":"counters_1"', b'"id":"counters_1","id":"evil"', 1))
    with pytest.raises(SpecError, match=r"p\.jsonl:2: the key 'id' stands twice in an object"):
        load_environments([str(path)])


def test_an_empty_pack_and_one_that_is_named_twice(tmp_path: Path) -> None:
    (tmp_path / "e.jsonl").touch()
    assert find_environments([str(tmp_path / "e.jsonl")]) == []
    with pytest.raises(SpecError, match="two of the environments have the id counters_0"):
        find_environments([str(pack(tmp_path, 1))] * 2)


def test_a_pack_that_has_changed_is_not_misread(tmp_path: Path) -> None:
    path = pack(tmp_path, 3)
    found = sources(path)
    path.write_text(path.read_text()[:50])
    with pytest.raises(SpecError, match=r"p\.jsonl has changed since it was opened"):
        found["counters_2"]()


def test_few_environments_are_ready_at_once_and_many_only_while_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LOADED", 3)
    path = pack(tmp_path, 8)
    path.write_text(path.read_text().replace('"title":"Counters"', '"title":5', 1))  # the first is broken
    found = sources(path)
    many = RuntimePool(found)
    assert len(many) == 8
    assert "counters_5" in many and "nothing" not in many
    kept = many["counters_5"]
    assert many["counters_5"] is kept
    for number in (1, 2, 3):
        assert many[f"counters_{number}"].environment.id == f"counters_{number}"
    assert many["counters_5"] is not kept
    with pytest.raises(SpecError, match=r"p\.jsonl:1: `title`"):
        many["counters_0"]
    with pytest.raises(KeyError):
        many["nothing"]
    with pytest.raises(SpecError, match=r"p\.jsonl:1: `title`"):
        RuntimePool(dict(list(found.items())[:2]))
