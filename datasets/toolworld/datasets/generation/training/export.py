"""Rows and settings for trainers, in a folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolworld.datasets.generation.runner.summary import GenerationSummary
from toolworld.datasets.generation.training.parts import training_parts
from toolworld.datasets.generation.training.shapes import SHAPES, SYSTEM_LINE, TrainingShape, training_row
from toolworld.ground import Record, RecordError, encode, markdown_text, write_atomically

BASE_MODEL = "meta-llama/Llama-3.1-8B"
"""The base model of AgoraBench."""
_RECIPES = Path(__file__).parent / "recipes"


class TrainingExport(Record):
    """What was written for trainers."""

    folder: str
    training: int
    """Rows for training."""
    validation: int
    shapes: tuple[TrainingShape, ...]


def export_training(
    rows: Sequence[Mapping[str, Any]],
    folder: Path,
    *,
    validation_share: float = 0.02,
    shapes: Sequence[TrainingShape] = SHAPES,
    system: str = SYSTEM_LINE,
    model: str = BASE_MODEL,
    epochs: int = 3,
    seed: int = 0,
    summary: GenerationSummary | None = None,
) -> TrainingExport:
    """Write rows in shapes that trainers take, settings for TRL, FSDP and llama-recipes, and a card.

    Args:
        rows: With `instruction` and `response`.
        folder: Where; each shape has a folder with `train.jsonl` and `validation.jsonl`.
        validation_share: The share of rows for validation; none resembles one for training.
        shapes: The shapes.
        system: The system message of chats; none if it is empty.
        model: The model that is trained.
        epochs: How often it sees each row. AgoraBench does not say how often.
        seed: Draws the rows for validation.
        summary: What the run of the rows says of itself, for the card.

    Raises:
        RecordError: there are no rows, or a file cannot be written.
        UsageError: the share is none.
    """
    if not rows:
        raise RecordError("there are no rows to export")
    training, validation = training_parts(rows, validation_share, seed)
    for shape in shapes:
        for name, places in (("train", training), ("validation", validation)):
            if places:
                lines = b"".join(encode(training_row(rows[place], shape, system)) + b"\n" for place in places)
                write_atomically(folder / shape / f"{name}.jsonl", lines)
            else:
                (folder / shape / f"{name}.jsonl").unlink(missing_ok=True)
    _write_recipes(folder, model, epochs, bool(validation))
    done = TrainingExport(folder=str(folder), training=len(training), validation=len(validation), shapes=tuple(shapes))
    write_atomically(folder / "README.md", training_card(rows, done, model, summary).encode())
    return done


def _write_recipes(folder: Path, model: str, epochs: int, has_validation: bool) -> None:
    values = {
        "model": model,
        "data": "prompt_completion",
        "epochs": str(epochs),
        "eval_strategy": "epoch" if has_validation else "'no'",
        "eval_split": "validation" if has_validation else "test",
        "run_validation": str(has_validation),
    }
    for path in sorted(_RECIPES.iterdir()):
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".txt":
            for name, value in values.items():
                text = text.replace(f"{{{name}}}", value)
        write_atomically(folder / path.name.removesuffix(".txt"), text.encode())


def training_card(
    rows: Sequence[Mapping[str, Any]], done: TrainingExport, model: str, summary: GenerationSummary | None
) -> str:
    """A card of the data: what is in it, how it was made, and what it cost."""
    made_by = ", ".join(sorted({markdown_text(str(row.get("config", "unknown"))) for row in rows}))
    lengths = sorted(len(str(row["response"])) for row in rows)
    lines = [
        "# Rows for training",
        "",
        f"{done.training:,} rows for training and {done.validation:,} for validation; no instruction of one part "
        "nearly repeats one of the other.",
        "",
        "| | |",
        "|---|---|",
        f"| made by | {made_by} |",
        f"| characters of a response, median | {lengths[len(lengths) // 2]:,} |",
        f"| shapes | {', '.join(done.shapes)} |",
        f"| settings are for | {model} |",
    ]
    if summary is not None:
        cost = "not known" if summary.cost_per_row is None else f"${summary.cost_per_row:.5f}"
        rejected = ", ".join(f"{count:,} {reason}" for reason, count in summary.rejected.items()) or "none"
        lines += [
            f"| asked for, accepted | {summary.asked:,}, {summary.accepted:,} |",
            f"| replies that were rejected | {rejected} |",
            f"| cost of a row | {cost} |",
            f"| time of the run | {summary.seconds:,.0f} s |",
        ]
    lines += [
        "",
        "They were written by a language model. What a check could tell was checked; the rest may be wrong.",
        "",
        "Train with `trl sft --config trl_sft.yaml` (on several GPUs with `accelerate_fsdp.yaml`), or with "
        "`llama_recipes.sh`.",
        "",
    ]
    return "\n".join(lines)
