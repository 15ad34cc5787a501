"""What the control API tells of tasks, and the record of an episode: the same as in process and in files."""

from pathlib import Path

import httpx

from toolworld.datasets import TaskSuite, Trajectory, Verdict
from toolworld.environments import Call, RuntimePool
from toolworld.ground import parse_record
from toolworld.judges import judge
from toolworld.server import build_app, export_trajectories, open_episodes

TOLD = "I have renewed Middlemarch; please bring it back by 23 March."
CALLS = (
    Call(name="find_patron", arguments={"name": "Amira Okafor", "postcode": "RV3 2LN"}),
    Call(name="renew_loan", arguments={"loan_id": "L5101"}),
)


def client(app: object, token: str | None = None) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app)  # pyright: ignore[reportArgumentType]
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)


async def test_tasks_come_with_request_and_scenario_and_without_their_truth(library_suite: TaskSuite) -> None:
    async with open_episodes(library_suite.runtimes, library_suite.tasks) as episodes:
        async with client(build_app(episodes, "token"), "token") as api:
            detailed = (await api.get("/environments/library/tasks?detail=1")).json()
            one = (await api.get("/tasks/library/renew_one")).json()
            missing = await api.get("/tasks/library/fly")
        async with client(build_app(episodes, "token")) as stranger:
            refused = [
                (await stranger.get(path)).status_code
                for path in ("/tasks/library/renew_one", "/environments/library/tasks?detail=1")
            ]
        async with client(build_app(episodes)) as api:
            first = (await api.get("/environments/library/tasks?limit=10")).json()
            rest = (await api.get("/environments/library/tasks", params={"after": first[-1]})).json()
            assert (await api.get("/environments/library/tasks?limit=0")).status_code == 422
    assert [*first, *rest] == [task["id"] for task in detailed] == sorted(task.id for task in library_suite.tasks)
    assert one in detailed
    assert one["request"] == library_suite.tasks[0].request
    assert one["scenario"]["facts"] == library_suite.tasks[0].scenario.facts
    assert not {"truth", "calls"} & one.keys()
    assert (missing.status_code, refused) == (404, [401, 401])


async def test_a_trajectory_and_its_verdict_are_the_same_by_every_way(library_suite: TaskSuite, tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    task, runtime = library_suite.tasks[0], library_suite.runtimes["library"]
    async with open_episodes(library_suite.runtimes, library_suite.tasks, path) as episodes:
        episode = await episodes.open("library", task.seed, task.id)
        free = await episodes.open("library")
        for call in CALLS:
            await episode.call(call)
            await free.call(call)
        async with client(build_app(episodes)) as api:
            shown = await api.get(f"/episodes/{episode.id}/trajectory", params={"answer": TOLD})
            assert (await api.get(f"/episodes/{episode.id}/trajectory")).json()["answer"] is None
            judged = await api.post(f"/episodes/{episode.id}/verdict", json={"answer": TOLD})
            untasked = (await api.get(f"/episodes/{free.id}/trajectory")).json()
    trajectory = parse_record(Trajectory, shown.content, "trajectory")
    verdict = parse_record(Verdict, judged.content, "verdict")
    assert trajectory.id == episode.id == verdict.trajectory and trajectory.task == task.id
    judged_here = await judge(task, trajectory, runtime)
    assert verdict.model_copy(update={"checks": ()}) == judged_here.model_copy(update={"checks": ()})
    assert (verdict.outcome, verdict.scores["state"], verdict.scores["answer"]) == ("unclear", 1.0, 1.0)
    assert untasked["task"] is None and len(untasked["log"]) == 2

    async with open_episodes(RuntimePool.of([]), (), path) as episodes:
        exported = {one.id: one async for one in export_trajectories(episodes)}
    assert exported[episode.id] == trajectory  # with the answer, which is kept with the episode
    assert exported[free.id].task is None
