"""The options of a run, which `run`, `preview` and `check` share; each is written once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from toolworld.cli.options.types import MODEL_NAMES, BudgetText, PricesFile, TasksFile
from toolworld.datasets import (
    DOMAINS,
    Agora,
    AgoraConfig,
    Checks,
    Choice,
    GenerationMethod,
    Order,
    OutputPaths,
    PromptSettings,
    agora_for,
    read_rows,
)
from toolworld.ground import JsonObject, RecordError, UsageError, os_reason

FIRST = 10
"""How many instances are made where nobody says how many, and no rows are given."""
METHODS = {"instance": "instance_generation", "response": "response_generation", "enhance": "quality_enhancement"}
"""Short names of methods."""


@dataclass(frozen=True)
class AgoraOptions:
    """What a person wrote about a run."""

    model: Annotated[str, typer.Option(help=f"The model that writes: {MODEL_NAMES}.")]
    method: Annotated[
        str, typer.Option(metavar="instance|response|enhance", help="New instances, responses, or better pairs.")
    ] = "instance"
    domain: Annotated[
        str,
        typer.Option(
            metavar="math|general|code|tasks",
            help="Mathematics, following instructions, code, or tasks of an environment and runs of them.",
        ),
    ] = "math"
    env: Annotated[
        list[str] | None, typer.Option(help="For tasks: an environment, as `toolworld run` takes it (repeat for runs).")
    ] = None
    tasks: TasksFile = None
    n: Annotated[
        int | None,
        typer.Option(min=1, help="How many instances, accepted ones; by default 10, or as many as there are rows."),
    ] = None
    rows: Annotated[
        str | None,
        typer.Option(
            help="A .jsonl or .json file, or humaneval: what new instances are like (by default seeds that come with "
            "toolworld), instructions to answer, pairs to improve; of tasks, rejected drafts, or runs that failed."
        ),
    ] = None
    out: Annotated[Path, typer.Option(help="The file of the rows, .jsonl or .json.")] = Path("agora.jsonl")
    template: Annotated[Path | None, typer.Option(help="A prompt template of your own.")] = None
    themes: Annotated[Path | None, typer.Option(help="Themes, one a line, of which each prompt has one.")] = None
    first_words: Annotated[Path | None, typer.Option(help="First words of instructions, one a line.")] = None
    fewshot: Annotated[int, typer.Option(min=1, help="How many examples a prompt shows.")] = 3
    from_rows: Annotated[
        int, typer.Option(min=0, help="How many of them are rows that were given; the others were accepted before.")
    ] = 2
    choose: Annotated[str, typer.Option(metavar="|".join(get_args(Choice)), help="How examples are chosen.")] = "random"
    order: Annotated[str, typer.Option(metavar="|".join(get_args(Order)), help="How examples are ordered.")] = "random"
    prompt_tokens: Annotated[int | None, typer.Option(min=100, help="Tokens that a prompt may have, estimated.")] = None
    json_format: Annotated[
        bool, typer.Option("--json-format", help="Ask for a JSON object instead of text with markers.")
    ] = False
    system: Annotated[str | None, typer.Option(help="The system message; one of toolworld by default.")] = None
    temperature: Annotated[float, typer.Option(min=0, max=2, help="How much is drawn.")] = 1.0
    top_p: Annotated[float, typer.Option(min=0.01, max=1, help="From which share of all words is drawn.")] = 0.9
    max_tokens: Annotated[int, typer.Option(min=16, help="Tokens of one reply.")] = 4096
    language: Annotated[
        str | None, typer.Option(help="The language that all must be in, as a code such as en (extra: language).")
    ] = None
    forbid: Annotated[list[str] | None, typer.Option(help="A text that no row may have (repeat).")] = None
    no_tests: Annotated[bool, typer.Option("--no-tests", help="Do not run code against its tests.")] = False
    near_duplicates: Annotated[
        float, typer.Option(min=0.01, max=1, help="From which share of common words on an instruction is a copy.")
    ] = 0.7
    tries: Annotated[int, typer.Option(min=1, help="Candidates for each instance on average, or for each row.")] = 10
    concurrency: Annotated[int, typer.Option(min=1, max=4096, help="Requests at a time.")] = 16
    budget: BudgetText = None
    prices: PricesFile = None
    seed: Annotated[int, typer.Option(min=0, help="Decides every draw.")] = 0

    def agora(self) -> Agora:
        """The run, but for tasks.

        Raises:
            UsageError: an option has no such value.
            RecordError: a file cannot be read.
            SpecError: the template or a row is not sound.
        """
        if self.env or self.tasks:
            raise UsageError("--env and --tasks are for --domain tasks")
        if self.domain not in DOMAINS:
            raise UsageError(f"--domain {self.domain}: there are {', '.join(DOMAINS)}, tasks")
        checks = Checks(language=self.language, forbidden=tuple(self.forbid or ()), run_tests=not self.no_tests)
        return agora_for(
            self.full_method,
            self.domain,
            self.model,
            seeds=self.given_rows(read_rows),
            prompts=self._prompts(),
            checks=checks,
            sampling_params={**self.sampling, "top_p": self.top_p},
            config=self.config,
        )

    @property
    def sampling(self) -> JsonObject:
        """How replies are sampled."""
        return {"temperature": self.temperature, "max_tokens": self.max_tokens}

    @property
    def config(self) -> AgoraConfig:
        """Further settings."""
        return AgoraConfig(
            max_retries=self.tries,
            seed=self.seed,
            near_duplicates=self.near_duplicates,
            budget=self.budget,
            prices=self.prices,
            system_message=AgoraConfig.system_message if self.system is None else self.system,
        )

    @property
    def full_method(self) -> str:
        """The method by its whole name.

        Raises:
            UsageError: there is none of that name.
        """
        names = {**METHODS, **{name: name for name in get_args(GenerationMethod)}}
        if self.method not in names:
            raise UsageError(f"--method {self.method}: there are {', '.join(METHODS)}")
        return names[self.method]

    def given_rows(self, read: Callable[[str], list[JsonObject]]) -> list[JsonObject] | None:
        """The rows of --rows; None where it is not given.

        Args:
            read: Reads a file of them.

        Raises:
            RecordError: they cannot be read, or there are none.
        """
        if self.rows is None:
            return None
        paths = OutputPaths(self.out)
        if Path(self.rows).resolve() in {one.resolve() for one in (paths.rows, paths.rejected, paths.replies)}:
            raise UsageError(f"--rows {self.rows} would be replaced; name another file with --out")
        found = read(self.rows)
        if not found:
            raise RecordError(f"{self.rows} holds no rows")
        return found

    def wanted(self, agora: Agora) -> int:
        """How many instances are asked for.

        Raises:
            UsageError: there are not as many rows.
        """
        given = agora.parts.source.rows
        if self.n and given is not None and self.n > given:
            raise UsageError(f"--n {self.n:,}: there are {given:,} rows, and each is answered once")
        return self.n or (FIRST if given is None else given)

    def _prompts(self) -> PromptSettings:
        return PromptSettings(
            template=None if self.template is None else _text(self.template),
            themes=None if self.themes is None else _lines(self.themes),
            first_words=None if self.first_words is None else _lines(self.first_words),
            num_fewshot=self.fewshot,
            num_sample_from_seed_data=min(self.from_rows, self.fewshot),
            choose=_one_of("--choose", self.choose, Choice),
            order=_one_of("--order", self.order, Order),
            max_prompt_tokens=self.prompt_tokens,
            as_json=self.json_format,
        )


def _one_of(option: str, value: str, kind: Any) -> Any:
    if value not in get_args(kind):
        raise UsageError(f"{option} {value}: there are {', '.join(get_args(kind))}")
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise RecordError(f"{path} cannot be read: {os_reason(problem)}") from None
    except UnicodeDecodeError:
        raise RecordError(f"{path} is no UTF-8 text") from None


def _lines(path: Path) -> list[str]:
    found = [line.strip() for line in _text(path).splitlines() if line.strip()]
    if not found:
        raise RecordError(f"{path} holds no line")
    return found
