"""What the README and the pages show is run here, as it stands."""

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import pytest
from tests.docs.fields import PAGE, fields_page

from toolworld.environments import FAULT_PROFILES, audit, builtin_folders, load_folder
from toolworld.judges import Check, judge
from toolworld.server import open_environment

ROOT = Path(__file__).parents[2]
PLACE = "127.0.0.1:8765"
README = (ROOT / "README.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


@pytest.fixture
def served(command: list[str], tmp_path: Path) -> Generator[str]:
    """The README's `serve` line, running, on a port that is free."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{free.getsockname()[1]}"
    [line] = [line for block in blocks(README, "sh") for line in block.splitlines() if " serve " in line]
    line = line.replace(PLACE, place)
    with subprocess.Popen([*command, *shlex.split(line)[1:]], cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://{place}/environments", trust_env=False)
                break
            except httpx.ConnectError:
                time.sleep(0.05)
        yield place
        process.terminate()


def assert_prints_its_comments(source: str, lines: int) -> None:
    """Run a snippet, and hold each printed line against the comment behind its `print`."""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=30)
    promised = [comment.strip().removesuffix(" ...") for comment in re.findall(r"print\(.*\)  # (.+)", source)]
    printed = done.stdout.splitlines()
    assert len(promised) == lines <= len(printed)
    assert all(line.startswith(promise) for line, promise in zip(printed, promised, strict=False)), printed


def test_the_page_on_environments_compiles_a_document() -> None:
    [snippet] = [
        one for one in blocks((ROOT / "docs" / "environments.md").read_text(), "python") if "self_check" in one
    ]
    assert_prints_its_comments(snippet, 2)


def test_the_page_on_evaluation_shows_measures_by_themselves() -> None:
    [snippet] = blocks((ROOT / "docs" / "evaluation.md").read_text(), "python")
    assert_prints_its_comments(snippet, 3)


def test_the_page_on_synthesis_makes_questions_in_one_call() -> None:
    [snippet] = blocks((ROOT / "docs" / "synthesis.md").read_text(), "python")
    assert_prints_its_comments(snippet, 1)


def test_the_page_on_generation_runs_agora_with_a_function_for_a_model() -> None:
    [snippet] = blocks((ROOT / "docs" / "generation.md").read_text(), "python")
    assert_prints_its_comments(snippet, 2)


@pytest.mark.long
def test_the_commands_for_questions_run_in_their_order(command: list[str], tmp_path: Path) -> None:
    [block] = blocks((ROOT / "docs" / "synthesis.md").read_text(), "sh")
    for line in block.splitlines():
        words = [*command, *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    questions = (tmp_path / "questions/synthesized_qa.jsonl").read_text().splitlines()
    assert len((tmp_path / "taken/synthesized_qa.jsonl").read_text().splitlines()) == len(questions) > 0


def test_the_readmes_dozen_lines_print_what_their_comments_say() -> None:
    in_process, _ = blocks(README, "python")
    assert len(in_process[in_process.index("async def") : in_process.index("\n\n\nasyncio")].splitlines()) <= 12
    assert_prints_its_comments(in_process, 4)


def test_the_readmes_agent_at_a_server_prints_what_its_comments_say(served: str) -> None:
    _, at_a_server = blocks(README, "python")
    assert_prints_its_comments(at_a_server.replace(PLACE, served), 6)


def test_the_loop_in_the_docs_plays_32_episodes_at_once_and_has_their_rewards() -> None:
    [loop] = blocks((ROOT / "docs" / "server.md").read_text(), "python")
    assert_prints_its_comments(loop, 1)


def test_the_page_on_the_client_shows_an_episode_and_a_policy_that_learns(served: str) -> None:
    episode, policy = blocks((ROOT / "docs" / "client.md").read_text(), "python")
    assert_prints_its_comments(episode.replace(PLACE, served), 5)
    assert_prints_its_comments(policy.replace(PLACE, served), 1)


@pytest.mark.long
def test_the_commands_for_trainers_data_run_in_their_order(command: list[str], tmp_path: Path) -> None:
    _, block = blocks((ROOT / "docs" / "client.md").read_text(), "sh")
    for line in block.splitlines():
        words = [*command, *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    assert sorted(path.name for path in (tmp_path / "tasks").iterdir())[1:] == [
        "test.parquet",
        "train.parquet",
        "validation.parquet",
    ]


def test_every_framework_has_a_page_with_the_version_that_is_tested() -> None:
    from tests.foreign.test_doors import FRAMEWORKS, NEMO_GYM

    pages = {path.stem: path.read_text() for path in (ROOT / "docs" / "trainers").glob("*.md")}
    for framework in (*FRAMEWORKS, NEMO_GYM):
        name = framework.script.removeprefix("drive_").removesuffix("_sessions")
        if name == "client":
            continue
        package, _, version = framework.packages[0].partition("==")
        assert f"{package} {version}" in pages[name] and "## Traps" in pages[name], name
        for snippet in blocks(pages[name], "python"):
            compile(snippet, name, "exec")


@pytest.mark.long
def test_the_readmes_commands_run_in_their_order(command: list[str], tmp_path: Path) -> None:
    lines = [line for block in blocks(README, "sh") for line in block.splitlines() if " serve " not in line]
    assert len(lines) == 23
    for line in lines:
        assert line.startswith("toolworld ")
        done = subprocess.run(
            [*command, *shlex.split(line)[1:]], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert "Traceback" not in done.stderr
    assert len((tmp_path / "out" / "chat.jsonl").read_text().splitlines()) == 21


@pytest.mark.long
def test_the_commands_for_a_dataset_run_in_their_order(command: list[str], tmp_path: Path) -> None:
    page = (ROOT / "docs" / "rollout.md").read_text()
    [block] = [one for one in blocks(page, "sh") if "toolworld make" in one]
    for line in block.splitlines():
        words = [*command, *shlex.split(line)[1:]]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    assert (tmp_path / "survivors.jsonl").read_text() == ""
    assert all(json.loads(one)["difficulty"] for one in (tmp_path / "measured.jsonl").read_text().splitlines())


def test_the_readme_shows_what_the_demo_prints(command: list[str], tmp_path: Path) -> None:
    done = subprocess.run([*command, "demo"], cwd=tmp_path, capture_output=True, text=True, check=True)
    shown = next(block for block in re.findall(r"^```\n(.*?)^```", README, re.M | re.S) if "right runs passed" in block)
    for line in shown.splitlines():
        assert line.rstrip() in done.stdout


def test_the_environment_in_the_docs_is_sound(tmp_path: Path, command: list[str]) -> None:
    page = (ROOT / "docs" / "environments.md").read_text()
    spec, state, checks = (json.loads(block) for block in blocks(page, "json"))
    folder = tmp_path / "cloakroom"
    folder.mkdir()
    (folder / "environment.json").write_text(json.dumps(spec))
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "policy.md").write_text(blocks(page, "markdown")[0])
    (folder / "behaviour.py").write_text(blocks(page, "python")[0])
    [tasks] = blocks((ROOT / "docs" / "datasets.md").read_text(), "json")
    (folder / "tasks.json").write_text(tasks)
    (folder / "policy_checks.json").write_text(json.dumps(checks))
    assert audit(load_folder(folder)) == []
    held = subprocess.run([*command, "env", "check", str(folder)], capture_output=True, text=True, check=True)
    assert "policy, 3 sentences, held by: not checked 1, tool 1, judge by model 1" in held.stdout
    assert "0 errors" in held.stdout
    done = subprocess.run(
        [*command, "run", "cloakroom", "--json"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["passed"] == 2


def test_the_agent_of_ones_own_in_the_docs_plays_and_is_judged() -> None:
    [snippet] = blocks((ROOT / "docs" / "rollout.md").read_text(), "python")
    assert_prints_its_comments(snippet, 1)


async def test_the_check_in_the_docs_is_a_check() -> None:
    [snippet] = blocks((ROOT / "docs" / "judges.md").read_text(), "python")
    names: dict[str, dict[str, Check]] = {}
    exec(snippet, names)
    async with open_environment("library") as library, library.episode("renew_one") as episode:
        for _ in range(12):
            await episode.call("find_patron", name="Nobody", postcode="RV3 2LN")
        trajectory = await episode.trajectory("Done.")
    verdict = await judge(library.tasks[0], trajectory, library.suite.runtimes["library"], checks=names["checks"])
    assert verdict.scores["length"] == 6 / 12 and verdict.outcome == "fail"


def test_the_scripted_model_in_the_docs_answers(tmp_path: Path) -> None:
    [snippet] = blocks((ROOT / "docs" / "llm.md").read_text(), "python")
    done = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == re.findall(r"# (\S+)$", snippet, re.M) == ["Hello!", "True"]


def test_the_options_for_models_that_the_readme_shows_are_understood(command: list[str], tmp_path: Path) -> None:
    shown = [line for line in README.splitlines() if line.startswith("toolworld ") and "openai:" in line]
    shown = [
        line for line in shown if "--prompts-only" not in line and " bench " not in line
    ]  # these need other things
    assert len(shown) >= 3
    for line in shown:
        words = line.replace("my_tools_without_a_program", "library").split()[1:]
        done = subprocess.run([*command, *words], cwd=tmp_path, capture_output=True, text=True, check=False, env={})
        assert done.returncode == 2 and "OPENAI_API_KEY" in done.stderr, done.stderr


def test_the_docs_name_every_fault_profile_and_every_built_in_environment() -> None:
    page = (ROOT / "docs" / "environments.md").read_text()
    for name in (*FAULT_PROFILES, *builtin_folders()):
        assert f"| `{name}` |" in page


def test_every_room_has_its_page_and_every_link_leads_somewhere() -> None:
    rooms = {path.parent.name for path in ROOT.glob("*/toolworld/*/py.typed")}
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    of_trainers = sorted((ROOT / "docs" / "trainers").glob("*.md"))
    assert rooms == {page.stem for page in pages[1:]} - {
        "agents",
        "client",
        "fields",
        "install",
        "scale",
        "tutorial",
        "evaluation",
        "synthesis",
        "generation",
        "security",
        "viewer",
    }
    for page in (*pages, *of_trainers):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.name}: {target}"


def test_the_host_functions_in_the_docs_are_the_ones_there_are() -> None:
    from toolworld.environments.behaviour.host_functions import HostFunctions
    from toolworld.environments.behaviour.language import BUILTIN_FUNCTIONS, HOST_FUNCTIONS, METHODS

    page = (ROOT / "docs" / "environments.md").read_text()
    table = page[page.index("What a program can reach") : page.index("### Where programs run")]
    assert set(HostFunctions({}, ()).functions) == set(HOST_FUNCTIONS)
    for name, parameters in HOST_FUNCTIONS.items():
        signature = re.search(rf"`{name}\(([^`]*)\)`", table)
        assert signature, name
        assert len(parameters) == 0 or signature[1], name
    language = page[page.index("| In the language") : page.index("Not in it:")]
    named = {name for names in re.findall(r"`([a-z_ ]+)`", language) for name in names.split()}
    assert named >= BUILTIN_FUNCTIONS | METHODS


def test_the_table_of_fields_is_what_the_source_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == fields_page(), "python -m tests.docs.fields"


def test_the_environment_variables_in_the_docs_are_read_somewhere() -> None:
    source = "".join(path.read_text() for path in ROOT.glob("*/toolworld/**/*.py"))
    for page in (ROOT / "docs").glob("*.md"):
        for name in set(re.findall(r"\bTOOLWORLD_[A-Z_]+\b", page.read_text())):
            assert f'"{name}"' in source
    assert os.environ.get("TOOLWORLD_TOKEN") is None
