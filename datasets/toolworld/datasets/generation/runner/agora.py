"""Agora: so many instances as were asked for, from a model, a prompt loader, a parser and a validator."""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import anyio

from toolworld.datasets.generation.near_duplicates import NearDuplicateFilter
from toolworld.datasets.generation.placeholders import DEFAULT_FORMATS
from toolworld.datasets.generation.runner.candidate import CandidateMaker, Parts
from toolworld.datasets.generation.runner.config import AgoraConfig
from toolworld.datasets.generation.runner.finished import digest_of, fingerprint, finished_run, read_summary
from toolworld.datasets.generation.runner.generation import Generation, Stopwatch
from toolworld.datasets.generation.runner.model_forms import NamedModel, opened_model
from toolworld.datasets.generation.runner.output import GeneratedRows, OutputPaths, RowWriter
from toolworld.datasets.generation.runner.preparing import PromptSource
from toolworld.datasets.generation.runner.progress import OnProgress, progress_line
from toolworld.datasets.generation.runner.replies import ReplyLog
from toolworld.datasets.generation.runner.sampling import Sampling
from toolworld.datasets.generation.runner.schedule import Schedule
from toolworld.datasets.generation.runner.summary import GenerationSummary
from toolworld.ground import UsageError, write_atomically
from toolworld.llm import Model, Models

DEFAULT_CONCURRENCY = 16


@dataclass
class Agora:
    """Generates instances with a language model.

    Its names, and the order of its arguments, are those of Agora (neulab/data-agora): its users change an import.

    Args:
        llm: A model by name, of toolworld, with `chat(messages, **sampling)`, or a function of the messages.
        placeholder_formats: What stands in templates and replies for what; what is left out is Agora's own.
        prompt_loader: Prepares prompts.
        validator: Checks instances; a class, or a function of instruction and response.
        parser: Reads replies; a class, or a function of the reply.
        sampling_params: `max_tokens`, `temperature`, `top_p`, `stop` and what else the endpoint knows.
        config: Further settings.
        verbose: Whether what was rejected is shown when `run` ends; where there are fewer rows than asked for, it is
            anyway.
    """

    llm: Any
    placeholder_formats: Mapping[str, str]
    prompt_loader: Any
    validator: Any
    parser: Any
    sampling_params: Mapping[str, Any] | None = None
    config: AgoraConfig | None = None
    verbose: bool = False

    def run(
        self,
        num_instances: int,
        output_file: str | Path,
        cache_file: str | Path | None = None,
        num_threads: int | None = None,
    ) -> GeneratedRows:
        """Generate so many instances; see `arun`. In a notebook, where an event loop runs, it has its own thread."""

        async def generate() -> GeneratedRows:
            return await self.arun(num_instances, output_file, cache_file, num_threads)

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            rows = anyio.run(generate)
        else:
            with ThreadPoolExecutor(1) as thread:
                rows = thread.submit(anyio.run, generate).result()
        shows = (self.config or AgoraConfig()).show_progress
        if self.verbose or (shows and len(rows) < num_instances):
            _tell(rows.summary)
        return rows

    async def arun(
        self,
        num_instances: int,
        output_file: str | Path,
        cache_file: str | Path | None = None,
        num_threads: int | None = None,
        *,
        on_progress: OnProgress | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> GeneratedRows:
        """Generate so many instances, accepted ones, unless candidates, rows or the budget run out.

        What was written so far is there whatever happens; the same call goes on from the log of replies, and asks
        only for what is not in it.

        Args:
            num_instances: How many.
            output_file: The file of the rows, `.json` or `.jsonl`. Beside it are the log of replies, what was rejected
                and a summary.
            cache_file: The log of replies, where it is to be elsewhere.
            num_threads: How many candidates are in flight at a time.
            on_progress: Told of the progress; by default a line shows it.
            environ: The environment variables, for keys.

        Returns:
            The rows, with the summary as `summary`.

        Raises:
            UsageError: a number or a file's name is not possible.
            SpecError: a part fails.
            ModelError: there is no such model, or it does not answer.
            RecordError: a file cannot be read or written.
        """
        concurrency = DEFAULT_CONCURRENCY if num_threads is None else num_threads
        if num_instances < 1 or concurrency < 1:
            raise UsageError("num_instances and num_threads are at least 1")
        config = self.config or AgoraConfig()
        paths = OutputPaths(output_file, cache_file)
        source = PromptSource(self.prompt_loader)
        async with opened_model(self.llm, config, os.environ if environ is None else environ, concurrency) as (
            model,
            models,
        ):
            parts = self._parts(source, config)
            settings = fingerprint(parts, identity_of(self.llm, model), num_instances) if is_named(self.llm) else ""
            done = finished_run(paths, settings)
            if done is not None:
                return done
            with progress_line(config.show_progress and on_progress is None) as line:
                run = _Run(parts, paths, model, models, identity_of(self.llm, model), settings)
                rows = await run.go(num_instances, concurrency, on_progress or line)
        return rows

    def _parts(self, source: PromptSource, config: AgoraConfig) -> Parts:
        formats = {**DEFAULT_FORMATS, **self.placeholder_formats}
        return Parts(source, self.parser, self.validator, formats, Sampling.of(self.sampling_params), config)

    @property
    def parts(self) -> Parts:
        """The parts, ready; for those who make candidates one by one."""
        return self._parts(PromptSource(self.prompt_loader), self.config or AgoraConfig())


@dataclass(slots=True)
class _Run:
    """A run whose model is open."""

    parts: Parts
    paths: OutputPaths
    model: Model
    models: Models
    identity: str
    settings: str

    async def go(self, wanted: int, concurrency: int, on_progress: OnProgress) -> GeneratedRows:
        """Run, and put the files in their places."""
        watch = Stopwatch()
        with ReplyLog(self.paths.replies) as log:
            run = self._generation(wanted, on_progress, log)
            try:
                await run.run(concurrency)
            except BaseException:  # it was interrupted, or a part failed
                self._finish(run, wanted, watch.seconds)
                raise
            failure = run.counts.failure
            if failure is not None and not run.schedule.accepted:
                self._finish(run, wanted, watch.seconds)
                raise failure
            summary = self._write(run, wanted, watch.seconds)
        return GeneratedRows(self.paths.rows, run.rows.places, summary)

    def _finish(self, run: Generation, wanted: int, seconds: float) -> None:
        """Write what there is, unless an earlier run left more: then it stays in the partial files beside them."""
        before = read_summary(self.paths.summary)
        if before is None or before.accepted <= len(run.rows) or not self.paths.rows.is_file():
            self._write(run, wanted, seconds)
        else:
            run.rejected.close()
            run.rows.close()

    def _write(self, run: Generation, wanted: int, seconds: float) -> GenerationSummary:
        """Put the files in their places."""
        run.rejected.finish()
        run.rows.finish()
        summary = self._summary(run, wanted, seconds)
        write_atomically(self.paths.summary, summary.model_dump_json(indent=2).encode() + b"\n")
        return summary

    def _generation(self, wanted: int, on_progress: OnProgress, log: ReplyLog) -> Generation:
        source, config = self.parts.source, self.parts.config
        bound = source.rows if source.rows is not None else wanted * config.max_retries
        window = config.pool_window if source.uses_accepted else None
        known = [(one.id, one.instruction) for one in getattr(source.loader, "seeds", ())]
        share = None if source.takes_index else config.near_duplicates
        return Generation(
            Schedule(wanted, bound, window),
            CandidateMaker(self.parts, self.model, self.identity, log, self.models.probe),
            RowWriter(self.paths.rows),
            RowWriter(self.paths.rejected),
            self.model.name,
            None if share is None else NearDuplicateFilter(share, known),
            source.takes_index,
            on_progress,
            lambda: self.models.ledger.entries,
        )

    def _summary(self, run: Generation, wanted: int, seconds: float) -> GenerationSummary:
        return GenerationSummary(
            asked=wanted,
            accepted=run.schedule.accepted,
            candidates=run.schedule.settled,
            replies=run.counts.replies,
            rejected=dict(run.counts.rejected.most_common()),
            missing_rows=tuple(run.counts.missing_rows),
            stopped=run.counts.stopped,
            model=self.model.name,
            usage=run.counts.usage,
            from_log=run.counts.from_log,
            priced=self.models.prices.price(self.model.name) is not None,
            ledger=tuple(self.models.ledger.entries),
            seconds=seconds,
            settings=self.settings,
            files=digest_of(self.paths.rows, self.paths.rejected),
        )


def is_named(llm: Any) -> bool:
    """Whether a model is given by its name, so that the same one is asked another time."""
    return isinstance(llm, str | NamedModel)


def identity_of(llm: Any, model: Model) -> str:
    """What a model is called in the log: its name, and for a class or a function where it is defined."""
    if is_named(llm) or hasattr(llm, "complete"):
        return getattr(model, "identity", model.name)
    home = cast(Any, llm if hasattr(llm, "__qualname__") else type(llm))
    return f"{home.__module__}.{home.__qualname__} {model.name}"


def _tell(summary: GenerationSummary) -> None:
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    console.print(f"{summary.accepted:,} of {summary.asked:,} instances from {summary.replies:,} replies", markup=False)
    for reason, count in summary.rejected.items():
        console.print(f"  {count:,} {reason}", markup=False)
