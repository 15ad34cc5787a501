"""Rows for trainers: their shapes, two parts that do not overlap, and settings that can be read."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.generators import drawn_from, good_writer, sum_problem

from toolworld.datasets import AgoraConfig, agora_for, export_training
from toolworld.datasets.generation.demonstrations import shared_words
from toolworld.ground import RecordError, UsageError
from toolworld.llm import Request


def rows(count: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for seed in range(count):
        instruction, response = sum_problem(drawn_from(Request((), seed=seed)))
        made.append({"instruction": instruction, "response": response, "config": "teacher", "metadata": {"seed": seed}})
    return made


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_each_shape_holds_the_same_rows(tmp_path: Path) -> None:
    made = rows(100)
    done = export_training(made, tmp_path, validation_share=0.1)
    assert done.training + done.validation == 100
    assert done.validation == 10
    for part in ("train", "validation"):
        plain = lines(tmp_path / "agora" / f"{part}.jsonl")
        chats = lines(tmp_path / "messages" / f"{part}.jsonl")
        pairs = lines(tmp_path / "prompt_completion" / f"{part}.jsonl")
        assert [*plain[0]] == ["instruction", "response", "config"]
        assert [row["instruction"] for row in plain] == [row["messages"][1]["content"] for row in chats]
        assert [row["response"] for row in plain] == [row["completion"][0]["content"] for row in pairs]
        assert chats[0]["messages"][0] == pairs[0]["prompt"][0]
    together = lines(tmp_path / "agora" / "train.jsonl") + lines(tmp_path / "agora" / "validation.jsonl")
    assert sorted(row["instruction"] for row in together) == sorted(row["instruction"] for row in made)


def test_no_row_for_validation_resembles_one_for_training(tmp_path: Path) -> None:
    made = rows(60)
    twins = [{**row, "instruction": row["instruction"] + " Say so."} for row in made[:20]]
    export_training(made + twins, tmp_path, validation_share=0.3)
    training = [row["instruction"] for row in lines(tmp_path / "agora" / "train.jsonl")]
    held_out = [row["instruction"] for row in lines(tmp_path / "agora" / "validation.jsonl")]
    assert len(held_out) > 10
    assert max(shared_words(one, other) for one in held_out for other in training) < 0.85
    assert not {one.removesuffix(" Say so.") for one in held_out} & {one.removesuffix(" Say so.") for one in training}


def test_without_validation_there_is_no_such_part_and_no_such_setting(tmp_path: Path) -> None:
    export_training(rows(10), tmp_path, validation_share=0.5)
    done = export_training(rows(10), tmp_path, validation_share=0)
    assert done.validation == 0
    assert not (tmp_path / "agora" / "validation.jsonl").exists()
    assert yaml.safe_load((tmp_path / "trl_sft.yaml").read_text())["eval_strategy"] == "no"


def test_the_settings_are_those_that_were_published(tmp_path: Path) -> None:
    export_training(rows(60), tmp_path, model="ours/base-1b", epochs=2)
    settings = yaml.safe_load((tmp_path / "trl_sft.yaml").read_text())
    assert settings["model_name_or_path"] == "ours/base-1b"
    assert settings["num_train_epochs"] == 2
    assert settings["learning_rate"] == 1e-5
    assert settings["weight_decay"] == 0.01
    assert settings["max_length"] == 4096
    assert settings["per_device_train_batch_size"] * settings["gradient_accumulation_steps"] * 4 == 64
    assert (tmp_path / settings["dataset_name"] / "train.jsonl").is_file()
    cluster = yaml.safe_load((tmp_path / "accelerate_fsdp.yaml").read_text())
    assert cluster["num_processes"] == 4
    script = (tmp_path / "llama_recipes.sh").read_text()
    assert "--model_name ours/base-1b" in script
    assert "{" not in script


class Tokenizer:
    """Words are tokens; a chat is its roles and words, one after the other."""

    def apply_chat_template(self, messages: list[dict[str, str]], **options: Any) -> list[str]:
        tokens = [token for one in messages for token in (f"<{one['role']}>", *one["content"].split())]
        return [*tokens, "<assistant>"] if options.get("add_generation_prompt") else tokens


def test_the_dataset_for_llama_recipes_has_loss_on_the_response_only(tmp_path: Path) -> None:
    made = rows(30)
    export_training(made, tmp_path, validation_share=0.2)
    place = tmp_path / "llama_recipes_dataset.py"
    spec = importlib.util.spec_from_file_location("llama_recipes_dataset", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    examples = module.get_custom_dataset(None, Tokenizer(), "train")
    first = lines(tmp_path / "agora" / "train.jsonl")[0]
    counted = [
        token for token, label in zip(examples[0]["input_ids"], examples[0]["labels"], strict=True) if label != -100
    ]
    assert counted == first["response"].split()
    assert len(module.get_custom_dataset(None, Tokenizer(), "validation")) == 6
    assert len(examples) == 24


async def test_the_card_says_how_the_rows_came_about(tmp_path: Path) -> None:
    agora = agora_for("instance_generation", "math", good_writer(), config=AgoraConfig(show_progress=False))
    made = await agora.arun(30, tmp_path / "rows.jsonl")
    export_training([*made], tmp_path / "training", summary=made.summary)
    card = (tmp_path / "training" / "README.md").read_text()
    assert "| made by | good |" in card
    assert "| asked for, accepted | 30, 30 |" in card
    assert "written by a language model" in card


def test_no_rows_and_a_share_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no rows"):
        export_training([], tmp_path)
    with pytest.raises(UsageError, match="share"):
        export_training(rows(3), tmp_path, validation_share=1)
