"""Opening a run: for tasks with their environments and a host, else as it is."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from toolworld.cli.commands.agora.options import AgoraOptions
from toolworld.cli.commands.tasks_check import open_host
from toolworld.datasets import Agora, GeneratedRows, OutputPaths, TaskSuite, load_suite, read_objects
from toolworld.ground import UsageError, write_atomically
from toolworld.llm import Model, RetryPolicy, load_prices, open_models, parse_budget
from toolworld.rollout import TASKS_DOMAIN, Host, RunPromptLoader, accepted_runs, agora_for_tasks, written_tasks


@asynccontextmanager
async def opened_agora(options: AgoraOptions, *, ask: bool = True) -> AsyncGenerator[Agora]:
    """The run that a person described.

    Args:
        options: What they wrote.
        ask: Whether models are asked; else it is not looked whether they are there.

    Raises:
        ToolworldError: an option, a file, an environment or a model is not sound.
    """
    if options.domain != TASKS_DOMAIN:
        yield options.agora()
        return
    suite = await _suite(options)
    async with open_host(suite) as host:
        if options.full_method == "instance_generation":
            yield await _agora(options, suite, host)
            return
        budget = parse_budget(options.budget) if options.budget else None
        prices = load_prices(options.prices) if options.prices else None
        policy = RetryPolicy(concurrency=options.concurrency, spacing=0)
        async with open_models(os.environ, "agora", None, budget, prices, policy) as models:
            agent = await models.get(options.model, "agent")
            if ask:
                await models.probe()
            yield await _agora(options, suite, host, agent)


async def write_tasks(options: AgoraOptions, agora: Agora, rows: GeneratedRows) -> Path | None:
    """Write the tasks of accepted drafts, or the accepted runs, as other verbs read them; None in other domains."""
    if options.domain != TASKS_DOMAIN:
        return None
    stem = OutputPaths(options.out).rows.with_suffix("")
    writes_tasks = not isinstance(agora.prompt_loader, RunPromptLoader)
    place = Path(f"{stem}.{'tasks' if writes_tasks else 'trajectories'}.jsonl")
    if writes_tasks:
        suite = await _suite(options)
        runtime = suite.runtimes[suite.environments[0].id]
        records = [one async for one in written_tasks(rows, runtime)]
    else:
        records = [*accepted_runs(rows)]
    write_atomically(place, b"".join(one.json_bytes() + b"\n" for one in records))
    return place


async def _suite(options: AgoraOptions) -> TaskSuite:
    if not options.env:
        raise UsageError("--domain tasks needs --env, the environment")
    suite = await load_suite(options.env, options.tasks)
    return suite.with_tasks(suite.tasks)  # to refuse tasks of other versions


async def _agora(options: AgoraOptions, suite: TaskSuite, host: Host, agent: Model | None = None) -> Agora:
    if options.rows and options.full_method != "quality_enhancement":
        raise UsageError("--rows goes with --method enhance in the domain of tasks; tasks to be played are in --tasks")
    return await agora_for_tasks(
        options.full_method,
        suite,
        host,
        options.model,
        agent=agent,
        rows=options.given_rows(lambda name: read_objects(Path(name))),
        sampling_params=options.sampling,
        config=options.config,
    )
