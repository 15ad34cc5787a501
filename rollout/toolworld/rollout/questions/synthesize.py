"""Seeds to questions: trees, selected paths, questions, and the files that come out.

Each stage keeps what it has finished of each seed, so that a run that was stopped goes on from there and ends in the
same bytes. The files that users read are written at the end, each as a whole.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from toolworld.ground import (
    Checkpoint,
    JsonObject,
    JsonValue,
    Record,
    RolloutError,
    digest,
    run_jobs,
    write_atomically,
    write_lines,
)
from toolworld.rollout.questions.duplicates import without_near_copies
from toolworld.rollout.questions.manifest import SynthesisManifest, manifest_of
from toolworld.rollout.questions.records import SeedQuestions, question_row, trajectory_row
from toolworld.rollout.questions.stages import Stages
from toolworld.rollout.trees.node import Tree
from toolworld.rollout.trees.seeds import Seed

QUESTIONS, TRAJECTORIES, TASKS = "synthesized_qa.jsonl", "trajectories.jsonl", "tasks.jsonl"
REJECTED, MANIFEST = "rejected.jsonl", "manifest.json"
STAGES = "stages"
"""The folder of what each stage has finished."""
_FAILURES = 3
"""After how many seeds of which nothing was explored, with none before that was, no other is begun."""

R = TypeVar("R", bound=Record)
SynthesisStage = Literal["explored", "written"]
OnSeed = Callable[[SynthesisStage], None]


class _Job(NamedTuple):
    number: int
    seed: Seed

    @property
    def key(self) -> str:
        """The name of what comes of it."""
        return f"{self.number}-{self.seed.digest}"


async def synthesize_questions(
    stages: Stages, seeds: Sequence[Seed], out: Path, date: str, on_seed: OnSeed = lambda _: None
) -> SynthesisManifest:
    """Explore from seeds, write questions, and write the files.

    Args:
        stages: What is done with a seed.
        seeds: The seeds, in order.
        out: The folder of the files.
        date: The date in them, as 2026-01-05, where the folder does not say when it was begun.
        on_seed: Told of each seed that is through a stage.

    Raises:
        SpecError: `available_tools` names a tool that there is not.
        RecordError: the folder holds what was made with other settings, or cannot be written.
        RolloutError: nothing was explored from any seed; the first cause is named.
        ModelError: the model that writes does not answer.
        BudgetError: what may be spent is spent; given again, the same call goes on from there.
    """
    if not stages.tools:  # a wrong name is told here, before anything is written
        raise RolloutError(f"the environment {stages.host.environment.id} has no tool for agents")
    jobs = [_Job(number, seed) for number, seed in enumerate(seeds, start=1)]
    with ExitStack() as stack:
        explored = stack.enter_context(
            Checkpoint(out / STAGES / "trees.jsonl", Tree, _key_of, _settings(stages, "explored"))
        )
        await _explore(stages, jobs, explored, on_seed)
        trees = [_held(explored, job) for job in jobs]
        await stages.host.settle(trees)
        place, settings = out / STAGES / "questions.jsonl", _settings(stages, "written")
        written = stack.enter_context(Checkpoint(place, SeedQuestions, _key_of, settings))
        with_nodes = [job for job, tree in zip(jobs, trees, strict=True) if tree.error is None]
        await _write(stages, with_nodes, explored, written, on_seed)
        found = without_near_copies([written.get(job.key) or _nothing(job) for job in jobs])
    return _write_files(stages, trees, found, out, date)


async def _explore(stages: Stages, jobs: Sequence[_Job], explored: Checkpoint[Tree], on_seed: OnSeed) -> None:
    failed: list[Tree] = []
    succeeded = 0

    async def explore(job: _Job) -> Tree:
        return await stages.explore(job.number, job.seed)

    async def note(job: _Job, tree: Tree) -> None:
        nonlocal succeeded
        del job
        succeeded += tree.error is None
        if tree.error is not None:
            failed.append(tree)
        on_seed("explored")

    await run_jobs(
        jobs,
        explore,
        explored,
        key=lambda job: job.key,
        keep=lambda tree: tree.error is None,
        on_result=note,
        concurrency=stages.config.concurrency,
        stop=lambda: len(failed) >= _FAILURES and not succeeded,
    )
    left = [job for job in jobs if explored.get(job.key) is None]
    if left and succeeded:  # they were not begun, since the first ones failed before one did not
        await run_jobs(left, explore, explored, key=lambda job: job.key, on_result=note)
    if failed and not succeeded:
        first = min(failed, key=lambda tree: tree.seed)
        raise RolloutError(f"nothing was explored from any seed; of seed {first.seed} because {first.error}")


async def _write(
    stages: Stages,
    jobs: Sequence[_Job],
    explored: Checkpoint[Tree],
    written: Checkpoint[SeedQuestions],
    on_seed: OnSeed,
) -> None:
    async def write(job: _Job) -> SeedQuestions:
        return await stages.write(_held(explored, job), job.seed)

    async def note(job: _Job, found: SeedQuestions) -> None:
        del job, found
        on_seed("written")

    await run_jobs(jobs, write, written, key=lambda job: job.key, on_result=note, concurrency=stages.config.concurrency)


def _nothing(job: _Job) -> SeedQuestions:
    """What came of a seed of which nothing was explored."""
    return SeedQuestions(seed=job.number, seed_digest=job.seed.digest, candidates=0)


def _settings(stages: Stages, stage: SynthesisStage) -> dict[str, JsonValue]:
    environment, config = stages.host.environment, stages.config
    made_by: JsonObject = {"explored by": stages.explorer_name}
    made_by |= {"written by": stages.writer_name} if stage == "written" else {}
    # What a server of somebody else's is reached by is in no version of an environment.
    places: JsonObject = {"mcp": digest(config.resource_init_configs)[:16]} if "mcp" in config.resource_types else {}
    return {**config.settings(stage), **made_by, **places, "environment": f"{environment.id} {environment.version}"}


def _key_of(line: JsonObject) -> str:
    return f"{line['seed']}-{line['seed_digest']}"


def _held(checkpoint: Checkpoint[R], job: _Job) -> R:
    found = checkpoint.get(job.key)
    assert found is not None  # every job is done before
    return found


def _write_files(
    stages: Stages, trees: Sequence[Tree], found: Sequence[SeedQuestions], out: Path, date: str
) -> SynthesisManifest:
    """Write what users read, the manifest last."""
    details: Mapping[str, JsonValue] = {
        "seed_description": stages.config.seed_description,
        "synthesis_date": date,
        "explorer": stages.explorer_name,
        "writer": stages.writer_name,
    }
    pairs = [*zip(trees, found, strict=True)]
    kept = [(tree, written) for tree, one in pairs for written in one.written]
    with_questions = {written.question.path for _, written in kept}
    write_lines(
        out / TRAJECTORIES,
        [trajectory_row(tree, path) for tree, one in pairs for path in one.selected if path.leaf in with_questions],
    )
    version = stages.host.runtime.environment.version  # a twin has grown with the seeds since some were written
    write_lines(out / TASKS, [written.task.model_copy(update={"environment_version": version}) for _, written in kept])
    write_lines(out / REJECTED, [draft for one in found for draft in one.rejected])
    write_lines(out / QUESTIONS, [question_row(tree, written, details) for tree, written in kept])
    environment = stages.host.environment
    manifest = manifest_of(
        stages.config,
        trees,
        found,
        explorer=stages.explorer_name,
        writer=stages.writer_name,
        environment=(environment.id, environment.version),
        date=date,
    )
    write_atomically(out / MANIFEST, manifest.model_dump_json(indent=2).encode() + b"\n")
    return manifest
