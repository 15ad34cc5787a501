"""`toolworld agora export`: rows and settings for trainers."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from toolworld.cli.options.types import AsJson
from toolworld.cli.screen import count, plain, print_json, stdout_console
from toolworld.datasets import TrainingShape, export_training, read_generator
from toolworld.ground import UsageError

_SHAPES: tuple[TrainingShape, ...] = get_args(TrainingShape)


def export(
    rows: Annotated[str, typer.Argument(help="A file of rows, as `agora run` writes it.")],
    folder: Annotated[Path, typer.Argument(help="Where it goes.")],
    shape: Annotated[
        list[str] | None, typer.Option(metavar="|".join(_SHAPES), help="A shape (repeat); by default all.")
    ] = None,
    validation: Annotated[float, typer.Option(min=0, max=0.5, help="The share of rows for validation.")] = 0.02,
    model: Annotated[
        str, typer.Option(help="The model that is trained, for the settings.")
    ] = "meta-llama/Llama-3.1-8B",
    epochs: Annotated[int, typer.Option(min=1, help="How often it sees each row.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Draws the rows for validation.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write rows as trainers take them, with settings for TRL, FSDP and llama-recipes, and a card.

    No instruction for validation nearly repeats one for training.

    Example: toolworld agora export problems.jsonl training --validation 0.05
    """
    unknown = [name for name in shape or () if name not in _SHAPES]
    if unknown:
        raise UsageError(f"--shape {unknown[0]}: there are {', '.join(_SHAPES)}")
    generator = read_generator(rows)
    done = export_training(
        generator.rows,
        folder,
        validation_share=validation,
        shapes=[name for name in _SHAPES if shape is None or name in shape],
        model=model,
        epochs=epochs,
        seed=seed,
        summary=generator.summary,
    )
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    stdout_console().print(
        f"[bold]{plain(str(folder))}[/]: {count(done.training, 'row')} for training, {done.validation:,} for "
        f"validation, as {', '.join(done.shapes)}; settings and a card beside them",
        soft_wrap=True,
    )
