"""Environments in this process: what a Python user does in ten lines, with and without async."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest

from toolworld.datasets import CheckResult, Evidence
from toolworld.environments import builtin_folders, load_environments
from toolworld.ground import ClosedError, ModelError, NotFoundError, SpecError, StoreError, UsageError
from toolworld.judges import CHECKS, JudgeContext, judge
from toolworld.llm import ScriptedModel
from toolworld.rollout import PlannedRun, ScriptedAgent, ScriptedUser, play, script_of
from toolworld.server import OpenEpisode, export_trajectories, open_environment

TOLD = "I have renewed Middlemarch; please bring it back by 23 March."


async def renew(episode: OpenEpisode) -> None:
    await episode.say("May I have your full name and postcode, please?")
    await episode.call("find_patron", name="Amira Okafor", postcode="RV3 2LN")
    await episode.say("I would renew Middlemarch. Shall I go ahead?")
    await episode.call("renew_loan", loan_id="L5101")


async def test_a_task_is_done_and_rewarded() -> None:
    async with open_environment("library") as library, library.episode("library/renew_one", seed=7) as episode:
        assert episode.task == library.tasks[0] and episode.request == library.tasks[0].request
        assert episode.policy == library.environment.policy
        assert [tool.name for tool in episode.tools] == [tool.name for tool in library.environment.tools]
        await renew(episode)
        verdict = await episode.verdict(TOLD)
        assert (verdict.outcome, verdict.reward) == ("pass", 1.0)
        assert verdict.trajectory == episode.id
        assert verdict.scores == {"state": 1.0, "calls": None, "answer": 1.0, "statements": None, "policy": 1.0}


async def test_what_is_left_undone_is_a_score_of_its_component_and_no_reward() -> None:
    async with open_environment("library") as library:
        async with library.episode("renew_one") as idle:
            nothing = await idle.verdict()
        async with library.episode("renew_one") as silent:
            await renew(silent)
            untold = await silent.verdict("Done.")
    assert (nothing.outcome, nothing.reward) == ("fail", 0.0)
    assert (nothing.scores["state"], nothing.scores["answer"]) == (0.0, 0.0)
    assert (untold.outcome, untold.reward) == ("fail", 0.0)
    assert (untold.scores["state"], untold.scores["answer"]) == (1.0, 0.0)


async def test_weights_give_partial_credit_and_must_make_sense() -> None:
    async with open_environment("library") as library:
        runtime, task = library.suite.runtimes["library"], library.tasks[0]
        async with library.episode(task) as episode:
            await renew(episode)
            trajectory = await episode.trajectory("Done.")
        verdict = await judge(task, trajectory, runtime, weights={"state": 3, "answer": 1})
        assert (verdict.outcome, verdict.reward) == ("fail", 0.75)
        assert (await episode.verdict(weights={"state": 3, "answer": 1})).reward == 0.75
        for weights in ({"state": -1.0}, {"speed": 1.0}, {"state": float("nan")}, {"state": 0.0}, {}):
            with pytest.raises(UsageError, match=r"weigh"):
                await judge(task, trajectory, runtime, weights=weights)
        unknown = await judge(task, trajectory, runtime, weights={"calls": 1.0})  # a check that was skipped
        assert (unknown.outcome, unknown.reward, unknown.blame and unknown.blame.party) == ("void", None, "judge")


async def test_checks_of_ones_own_that_break_or_skip_void_the_run_and_end_no_batch() -> None:
    async def breaks(context: JudgeContext) -> CheckResult:
        raise KeyError("x")

    async def skips(context: JudgeContext) -> CheckResult:
        return CheckResult(name="any", outcome="skipped", evidence=(Evidence(text="nothing to see"),))

    async with open_environment("library") as library, library.episode("renew_one") as episode:
        await renew(episode)
        broken = await episode.verdict(TOLD, checks={**CHECKS, "mine": breaks})
        skipped = await episode.verdict(TOLD, checks={"mine": skips})
    for verdict, reason in ((broken, "the check mine broke: KeyError"), (skipped, "no check that counts")):
        assert (verdict.outcome, verdict.reward) == ("void", None)
        assert verdict.blame is not None and verdict.blame.party == "judge" and reason in verdict.blame.message
        assert "mine" in verdict.scores


async def test_an_answer_is_kept_with_the_episode_for_whoever_judges_it_later(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    async with open_environment("library", store=path) as library:
        async with library.episode("renew_one") as episode:
            await renew(episode)
            assert (await episode.verdict(TOLD)).reward == 1.0
        again = await library.episodes.get(episode.id)
        [exported] = [one async for one in export_trajectories(library.episodes)]
    assert again.row.answer == exported.answer == TOLD
    async with open_environment("library", store=path) as library:
        assert (await library.episodes.verdict(await library.episodes.get(episode.id))).reward == 1.0


async def test_a_run_that_quotes_a_long_argument_is_refused_and_not_void() -> None:
    async with open_environment("library") as library, library.episode("renew_one") as episode:
        refused = await episode.call("renew_loan", loan_id="x" * 20_000)
        assert (refused.error, len(refused.text) < 11_000) == ("loan_not_found", True)
        assert (await episode.verdict("x")).outcome == "fail"


@pytest.mark.parametrize("seed", [-1, 2**53, 1.5, "x", True])
async def test_a_seed_that_is_none_is_refused(seed: Any) -> None:
    async with open_environment("library") as library:
        with pytest.raises(UsageError, match="a seed is an integer from 0"):
            async with library.episode("renew_one", seed=seed):
                pass


async def test_tasks_are_those_that_were_given_or_are_refused() -> None:
    async with open_environment("library") as library:
        task = library.tasks[0]
        changed = task.model_copy(update={"request": "Changed."})
        with pytest.raises(UsageError, match="not one of the environment's tasks"):
            async with library.episode(changed):
                pass
    async with open_environment("library", tasks=[changed]) as library, library.episode(changed) as episode:
        assert episode.request == "Changed."
    for wrong in ([task, task], [task.model_copy(update={"environment_version": "0"})]):
        with pytest.raises(UsageError):
            await open_environment("library", tasks=wrong).__aenter__()


@pytest.mark.parametrize("value", [object(), {1}, b"x", {1: 2}, float("inf"), "\ud800", 2**70])
async def test_arguments_that_have_no_json_form_are_a_result_too(value: Any) -> None:
    async with open_environment("library") as library, library.episode() as episode:
        assert (await episode.call("renew_loan", loan_id=value)).error == "invalid_arguments"
        assert episode.step == 0


async def test_what_is_used_after_the_environment_was_closed_is_refused_and_does_not_wait() -> None:
    async with open_environment("library") as library, library.episode("renew_one") as episode:
        fork = await episode.fork()
    with anyio.fail_after(5):
        for late in (fork.call("renew_loan", loan_id="L5101"), fork.fork(), fork.verdict("x")):
            with pytest.raises(StoreError, match="was closed"):
                await late
        with pytest.raises(StoreError, match="was closed"):
            await library.episode("renew_one").__aenter__()


def test_sync_episodes_that_were_not_left_are_closed_with_the_environment() -> None:
    with open_environment("library").sync() as library:
        block = library.episode("renew_one")
        episode = block.__enter__()
    with pytest.raises(ClosedError, match="the environment was closed"):
        episode.call("renew_loan", loan_id="L5101")


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("fly", {}, "unknown_tool"),
        ("renew_loan", {}, "invalid_arguments"),
        ("renew_loan", {"loan_id": 5}, "invalid_arguments"),
        ("renew_loan", {"loan_id": float("nan")}, "invalid_arguments"),
        ("renew_loan", {"loan_id": "L9"}, "loan_not_found"),
    ],
)
async def test_what_goes_wrong_in_a_call_is_a_result_to_read(
    name: str, arguments: dict[str, object], code: str
) -> None:
    async with open_environment("library") as library, library.episode() as episode:
        result = await episode.call(name, **arguments)  # pyright: ignore[reportArgumentType] - wrong on purpose
        assert (result.ok, result.error, result.result) == (False, code, None)
        assert result.text == str(result) != ""
        assert episode.diff() == ()


async def test_a_fork_state_diff_and_log_tell_what_happened() -> None:
    async with open_environment("library") as library, library.episode("renew_one") as episode:
        await renew(episode)
        early = await episode.fork(1)
        late = await episode.fork()
        assert (early.step, late.step, early.task) == (1, 2, episode.task)
        assert early.diff() == () and late.diff() == episode.diff() != ()
        assert early.state() != late.state() == episode.state()
        assert [event.call.name for event in await late.log()] == ["find_patron", "renew_loan"]
        await early.call("renew_loan", loan_id="L5101")
        assert early.state() == late.state()
        assert (await early.verdict(TOLD)).reward == 1.0


async def test_episodes_of_a_store_are_there_for_the_next_process(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    async with open_environment("library", store=path) as library, library.episode("renew_one") as episode:
        await renew(episode)
    async with open_environment("library", store=path) as library:
        again = await library.episodes.get(episode.id)
        assert again.closed and again.snapshot.step == 2


async def test_a_closed_episode_takes_no_call_and_can_be_judged() -> None:
    async with open_environment("library") as library:
        async with library.episode("renew_one") as episode:
            await renew(episode)
        with pytest.raises(ClosedError):
            await episode.call("renew_loan", loan_id="L5101")
        assert (await episode.verdict(TOLD)).reward == 1.0


async def test_bad_openings_are_one_sentence(tmp_path: Path) -> None:
    async with open_environment("library") as library:
        with pytest.raises(NotFoundError, match="there is no task 'fly'"):
            await library.episode("fly").__aenter__()
        async with library.episode() as episode:
            with pytest.raises(UsageError, match="for an environment, not for a task"):
                await episode.verdict()
    with pytest.raises(SpecError, match="neither a folder"):
        await open_environment("nowhere").__aenter__()
    with pytest.raises(SpecError, match="nonsense is neither a fault profile"):
        await open_environment("library", faults="nonsense").__aenter__()


async def test_a_model_that_does_not_answer_voids_the_run_and_there_is_no_reward() -> None:
    model = ScriptedModel([ModelError("m does not answer")])
    [whole] = load_environments(["library"])
    async with open_environment(whole.replaced(behaviour=None), model=model) as library, library.episode() as episode:
        with pytest.raises(ModelError, match="does not answer"):
            await episode.call("get_patron", patron_id="B2040")
        trajectory = await episode.trajectory()
        assert trajectory.blame is not None and trajectory.blame.party == "host"


async def test_tasks_under_faults_are_another_truth() -> None:
    async with open_environment("library", faults="flaky") as library:
        assert {task.id.partition("~")[2] for task in library.tasks} == {"flaky"}
        for name in ("renew_one", "library/renew_one", "renew_one~flaky"):
            async with library.episode(name) as named:
                assert named.task is not None and named.task.id == "library/renew_one~flaky"
        async with library.episode(library.tasks[0]) as episode:
            await episode.say("I would renew Middlemarch until 23 March. My colleague needs your name and postcode.")
            await episode.say("I would renew Middlemarch until 23 March. Shall I go ahead?")
            for reference in library.tasks[0].calls:
                await episode.call(reference.call.name, **reference.call.arguments)
            assert (await episode.verdict(TOLD)).reward == 1.0


async def test_the_host_plays_with_a_user_proxy() -> None:
    async with open_environment("library") as library:
        task = library.tasks[0]
        run = PlannedRun(task, task.seed)
        async with library.host.session(run) as session:
            trajectory = await play(run, ScriptedAgent(script_of(task)), ScriptedUser(task), session)
        verdict = await judge(task, trajectory, library.suite.runtimes["library"])
    assert (verdict.outcome, verdict.reward) == ("pass", 1.0)
    assert trajectory.messages


async def test_a_run_that_was_played_many_times_is_opened_again_in_few_tries(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    names: set[str] = set()
    tries = 0
    for _ in range(2):  # the second host knows nothing of what the first has played
        async with open_environment("library", store=path) as library:
            run = PlannedRun(library.tasks[0], 0)
            before = library.episodes.store.commits
            host = library.host
            for _ in range(40):
                async with host.session(run) as session:
                    names.add((await session.record()).id)
            tries += library.episodes.store.commits - before
    assert len(names) == 80 and tries < 2 * 80 + 20  # each is opened and closed


def test_the_same_without_async_also_from_several_threads() -> None:
    def rollout(_: int) -> float | None:
        with library.episode("renew_one") as episode:
            assert episode.call("fly").error == "unknown_tool"
            assert "RV3 2LN" in str(episode.say("Your name and postcode, please.").reply)
            episode.call("find_patron", name="Amira Okafor", postcode="RV3 2LN")
            fork = episode.fork()
            assert episode.say("I would renew Middlemarch until 23 March. Shall I go ahead?").agrees == "yes"
            assert episode.call("renew_loan", loan_id="L5101").ok
            assert (fork.step, episode.step, len(episode.log())) == (1, 2, 2)
            assert fork.state() != episode.state() and episode.diff() != fork.diff() == ()
            assert episode.trajectory(TOLD).id == episode.id
            fork.close()
            return episode.verdict(TOLD).reward

    with open_environment("library").sync() as library:
        assert len(library.tasks) == 21 and library.environment.id == "library"
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(rollout, range(8))) == [1.0] * 8


async def test_cancelling_a_rollout_leaves_its_episode_closed_and_the_others_alone() -> None:
    names: list[str] = []
    async with open_environment("library") as library:
        async with anyio.create_task_group() as group, library.episode("renew_one") as other:

            async def endless() -> None:
                async with library.episode("renew_one") as episode:
                    names.append(episode.id)
                    while True:
                        await episode.call("get_patron", patron_id="B2040")

            group.start_soon(endless)
            await anyio.sleep(0.05)
            group.cancel_scope.cancel()
        cancelled = await library.episodes.get(names[0])
        assert cancelled.closed and (await library.episodes.get(other.id)).closed
        assert cancelled.snapshot.step == len(await cancelled.log())


SCRIPT = """
import asyncio
from toolworld.server import open_environment

async def main():
    async with open_environment("mine") as mine, mine.episode("renew_one") as episode:
        print((await episode.call("renew_loan", loan_id="L9")).error)

"""


@pytest.mark.parametrize("start", ["asyncio.run(main())", 'if __name__ == "__main__":\n    asyncio.run(main())'])
def test_a_script_with_or_without_a_main_guard_works(tmp_path: Path, start: str) -> None:
    shutil.copytree(builtin_folders()["library"], tmp_path / "mine")
    program = tmp_path / "mine" / "behaviour.py"
    program.write_text(program.read_text() + "\n# mine\n")
    (tmp_path / "script.py").write_text(SCRIPT + start + "\n")
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=50
    )
    assert (done.stdout, done.stderr, done.returncode) == ("loan_not_found\n", "", 0)
