"""Environments of resources: made, kept in folders, served as any other, and safe from strangers' folders."""

import json
from pathlib import Path

import anyio
import pytest
from tests.support.answered_resource import asked, result_of, written

from toolworld.environments import Runtime, load_environments, load_folder, save_with_resources
from toolworld.ground import SpecError, UsageError
from toolworld.server import open_environment

PAGES = {"pages/a.md": "# Alpha\n\nNext: Beta\n", "pages/b.md": "# Beta\n\nEnd: yes\n"}


def test_an_environment_of_resources_is_complete_in_its_folder_wherever_that_is(tmp_path: Path) -> None:
    made = save_with_resources({"web": {"folder": "pages"}}, folder=tmp_path / "e", near=written(tmp_path, PAGES))
    (tmp_path / "e").rename(tmp_path / "moved")
    moved = load_folder(tmp_path / "moved")
    assert moved == made and moved.version == made.version
    anyio.run(Runtime(moved).load_program)


async def test_two_resources_and_an_environment_are_one(tmp_path: Path) -> None:
    [library] = load_environments(["library"])
    both = save_with_resources(
        {"web": {"folder": "pages"}, "knowledge_base": {"folder": "pages"}},
        folder=tmp_path / "e",
        near=written(tmp_path, PAGES),
        base=library,
    )
    runtime = Runtime(both)
    assert len((await result_of(runtime, "rag_search", query="Beta"))["passages"]) == 2
    found = await asked(runtime, "find_patron", name="Amira Okafor", postcode="RV3 2LN")
    assert found.failure is None and found.simulator == "behaviour"
    assert (await asked(runtime, "web_search", query="Beta")).simulator == "resource"
    with pytest.raises(UsageError, match="has a tool web_search already"):
        save_with_resources({"web": {"folder": "pages"}}, folder=tmp_path / "f", near=tmp_path, base=both)


async def test_files_that_were_changed_afterwards_are_noticed(tmp_path: Path) -> None:
    save_with_resources({"web": {"folder": "pages"}}, folder=tmp_path / "e", near=written(tmp_path, PAGES))
    (tmp_path / "e/web/a.md").write_text("# Other\n")
    with pytest.raises(SpecError, match="are others than they were"):
        await Runtime(load_folder(tmp_path / "e")).load_program()


@pytest.mark.parametrize("place", ["../secrets", "/etc", "web/../../secrets"])
async def test_a_folder_of_a_stranger_reads_nothing_outside_itself(tmp_path: Path, place: str) -> None:
    written(tmp_path, {"secrets/key.md": "# Key\n\ns3cret\n", **PAGES})
    save_with_resources({"web": {"folder": "pages"}}, folder=tmp_path / "e", near=tmp_path)
    spec = json.loads((tmp_path / "e/environment.json").read_text())
    spec["resources"][0]["settings"]["folder"] = place
    (tmp_path / "e/environment.json").write_text(json.dumps(spec))
    with pytest.raises(SpecError, match="lies outside the folder of its environment"):
        await Runtime(load_folder(tmp_path / "e")).load_program()


async def test_a_resource_without_its_digest_is_not_opened(tmp_path: Path) -> None:
    save_with_resources({"web": {"folder": "pages"}}, folder=tmp_path / "e", near=written(tmp_path, PAGES))
    spec = json.loads((tmp_path / "e/environment.json").read_text())
    del spec["resources"][0]["digest"]
    spec["resources"][0]["settings"]["folder"] = "../pages"
    (tmp_path / "e/environment.json").write_text(json.dumps(spec))
    with pytest.raises(SpecError, match="lies outside"):
        await Runtime(load_folder(tmp_path / "e")).load_program()
    spec["resources"][0]["settings"]["folder"] = "web"
    (tmp_path / "e/environment.json").write_text(json.dumps(spec))
    with pytest.raises(SpecError, match="are others than they were"):
        await Runtime(load_folder(tmp_path / "e")).load_program()


async def test_links_that_lead_out_of_the_folder_are_passed_over(tmp_path: Path) -> None:
    written(tmp_path, {"secrets/key.md": "# Key\n\ns3cret\n", **PAGES})
    (tmp_path / "pages/link.md").symlink_to(tmp_path / "secrets/key.md")
    made = save_with_resources({"web": {"folder": "pages"}}, folder=tmp_path / "e", near=tmp_path)
    assert (await result_of(Runtime(made), "web_search", query="s3cret key"))["results"] == []


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"foldr": "pages"}, "no setting `foldr`; did you mean `folder`?"),
        ({"folder": "nowhere"}, "there is no file or folder nowhere"),
        ({"folder": "empty"}, "has no file that can be read"),
        ({"folder": "pages", "top_k": "many"}, "`top_k`"),
        ({"search_url": "http://h/?q={query}&api_key=s3cret"}, "written as"),
    ],
)
def test_settings_that_are_wrong_are_named(tmp_path: Path, settings: dict[str, str], why: str) -> None:
    written(tmp_path, {"empty/x.bin": b"x", **PAGES})
    with pytest.raises(SpecError, match=why.replace("?", r"\?")):
        save_with_resources({"web": {**settings}}, folder=tmp_path / "e", near=tmp_path)
    assert not (tmp_path / "e").exists()


async def test_an_environment_of_resources_opens_in_ten_lines_as_any_other(tmp_path: Path) -> None:
    save_with_resources({"web": {"folder": "pages"}}, folder=tmp_path / "e", near=written(tmp_path, PAGES))
    async with open_environment(tmp_path / "e") as web, web.episode() as episode:
        assert (await episode.call("web_search", query="Alpha")).ok
        forked = await episode.fork()
        assert forked.step == 1
