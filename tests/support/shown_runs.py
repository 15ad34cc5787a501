"""Sets of runs to look at: two agents on the same tasks, a store with forks, and a run whose every text is hostile."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from toolworld.datasets import Trajectory, load_suite
from toolworld.environments import Call
from toolworld.ground import JsonObject, read_lines
from toolworld.server import open_episodes

HASTY = "wrong_entity"
"""The planted mistake of the second agent: it changes the record of somebody else."""
SCRIPT = "<script>window.ran=1</script><img src=x onerror=window.ran=1>"
TURNED = "\u202egnp.exe\u2066"
NASTY = f"{SCRIPT}\"'`{{{{7*7}}}}{TURNED}\x00\x1b[31m</title></style>"


def command(*arguments: str) -> list[str]:
    """The command line in a process of its own."""
    return [sys.executable, "-c", "from toolworld.cli import main; main()", *arguments]


def play(out: Path, *options: str) -> Path:
    """Play the library's tasks into a folder."""
    done = subprocess.run(
        command("run", "library", "--out", str(out), *options), capture_output=True, text=True, env={**os.environ}
    )
    assert (out / "verdicts.jsonl").is_file(), done.stderr
    return out


def two_agents(folder: Path) -> list[Path]:
    """Runs of a careful agent and of a hasty one, each task twice."""
    options = ("--trials", "2", "--limit", "9")
    careful = play(folder / "careful", *options)
    return [careful, play(folder / "hasty", *options, "--mutation", HASTY)]


async def store_with_forks(path: Path) -> None:
    """A store with an episode, two forks of it, and a fork of one of them; three of the four are judged."""
    suite = await load_suite(["library"])
    task = next(task for task in suite.tasks if task.id == "library/waive_and_pay")
    names = iter(("origin", "early", "late", "again"))
    async with open_episodes(suite.runtimes, suite.tasks, path, new_id=lambda: next(names)) as episodes:
        origin = await episodes.open(task.environment, task.seed, task.id)
        calls = [one.call for one in task.calls]
        for call in calls:
            await origin.call(call)
        early = await episodes.fork(origin.id, 2)
        await early.call(Call(name="get_patron", arguments={"wrong": 1}))
        late = await episodes.fork(origin.id, 3)
        for call in calls[3:]:
            await late.call(call)
        await (await episodes.fork(late.id, 4)).call(calls[4])
        for episode in (origin, early, late):
            await episodes.verdict(episode, "It is done.")


def hostile_run(folder: Path, source: Path) -> Path:
    """A run whose every text that a stranger chooses is hostile, beside a verdict with hostile evidence.

    Args:
        folder: Where it is written.
        source: A folder of runs, one of which it is made of.
    """
    [first, *_] = read_lines(source / "trajectories.jsonl", Trajectory).records
    run: dict[str, Any] = first.model_dump(mode="json")
    run |= {"id": NASTY, "agent": NASTY, "user": NASTY, "answer": NASTY + "x" * 1_000_000}
    for message in run["messages"]:
        message["content"] = None if message["content"] is None else NASTY + message["content"]
    for event in run["log"]:
        event["call"]["arguments"][NASTY] = NASTY
        event["result"] = {NASTY: [NASTY, {"svg": "<svg onload=window.ran=1>"}], "long": "y" * 1_000_000}
        event["ops"].append({"op": "insert", "collection": "loans", "key": NASTY, "record": {NASTY: NASTY}})
    evidence = [{"text": NASTY, "kind": "wrong", "record": f"loans/{NASTY}", "step": 0}]
    check = {"name": "state", "outcome": "fail", "score": 0.0, "evidence": evidence}
    named = {"name": NASTY, "outcome": "fail", "score": 0.0, "evidence": [NASTY]}
    verdict: dict[str, Any] = {
        "trajectory": NASTY,
        "task": first.task,
        "seed": 0,
        "outcome": "fail",
        "reward": 0.0,
        "scores": {},
    }
    folder.mkdir(parents=True)
    (folder / "trajectories.jsonl").write_text(json.dumps(run) + "\n", encoding="utf-8")
    whole = {**verdict, "checks": [check, named], "blame": {"party": "agent", "message": NASTY}}
    (folder / "verdicts.jsonl").write_text(json.dumps(whole) + "\n", encoding="utf-8")
    return folder


async def long_run(path: Path, calls: int) -> None:
    """A run of very many calls, a quarter of which change something."""
    suite = await load_suite(["library"])
    async with open_episodes(suite.runtimes, suite.tasks, new_id=lambda: "long") as episodes:
        episode = await episodes.open("library", 0, "library/renew_one")
        for number in range(calls):
            email: JsonObject = {"patron_id": "B2040", "email": f"a{number}@example.org"}
            looks = number % 4
            await episode.call(
                Call(name="update_contact", arguments=email)
                if looks == 0
                else Call(name="list_loans", arguments={"patron_id": "B2040"})
            )
        path.write_bytes((await episodes.trajectory(episode, "Done.")).json_bytes() + b"\n")  # noqa: ASYNC240
