"""Programs in the form in which Agora's users have them; all that differs is where names are imported from."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from tests.support.generators import good_writer, marked

from toolworld.datasets import (
    LLM,
    VLLM,
    Agora,
    InstanceGenerationParser,
    InstanceGenerationPromptLoader,
    OpenAILLM,
    Parser,
    PromptResult,
    QualityEnhancementParser,
    QualityEnhancementPromptLoader,
    ResponseGenerationParser,
    ResponseGenerationPromptLoader,
    Validator,
    load_prompt_loader,
)
from toolworld.ground import SpecError

SEEDS = [
    {"instruction": f"What is {number} + {number}?", "response": f"[RESULT]{2 * number}[/RESULT]"}
    for number in range(5)
]
TEMPLATE = (
    "Write a new problem about <input_theme>.\n\nINPUT: <input1>\nOUTPUT: <output1>\n[END]\n\n"
    "INPUT: <input2>\nOUTPUT: <output2>\n[END]\n\nINPUT: <input3>\nOUTPUT: <output3>\n[END]\n\nINPUT:"
)
PLACEHOLDER_FORMATS = {
    "demonstration_input_placeholder": "<input@>",
    "demonstration_output_placeholder": "<output@>",
    "test_input_placeholder": "<input>",
    "test_output_placeholder": "<output>",
    "test_input_trigger": "INPUT:",
    "test_output_trigger": "OUTPUT:",
    "stop_phrase": "[END]",
    "input_theme": "<input_theme>",
}


class Chat(LLM):
    """A model as Agora's base class of models has it."""

    def __init__(self, model_name: str, reply: Any) -> None:
        self.model_name, self._reply = model_name, reply

    def chat(self, messages: list[dict[str, str]], **sampling: Any) -> Any:
        text = self._reply(messages, sampling)
        return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 7}}


class CustomPromptLoader(InstanceGenerationPromptLoader):
    def __init__(
        self,
        prompt_template: str,
        seed_data: list[dict[str, str]],
        num_fewshot: int,
        placeholder_formats: dict[str, str] | None = None,
        num_sample_from_seed_data: int | None = None,
        input_themes: list[str] | None = None,
    ) -> None:
        self.input_themes = input_themes or []
        super().__init__(prompt_template, seed_data, num_fewshot, placeholder_formats, num_sample_from_seed_data)

    def prepare(self) -> PromptResult:
        made = super().prepare()
        theme = random.choice(self.input_themes)
        return PromptResult(
            prompt=made.prompt.replace("<input_theme>", theme), metadata={**made.metadata, "theme": theme}
        )


class CustomParser(Parser):
    def parse(self, prompt: str, teacher_model_output: str, placeholder_formats: Any) -> dict[str, str]:
        trigger = placeholder_formats["test_output_trigger"]
        instruction, response = teacher_model_output.split(trigger)
        instruction = instruction.replace(placeholder_formats["test_input_trigger"], "")
        return {
            "instruction": instruction.strip(),
            "response": response.split(placeholder_formats["stop_phrase"])[0].strip(),
        }


class CustomValidator(Validator):
    def validate(self, instruction: str, response: str) -> bool:
        return len(instruction) > 20 and "[RESULT]" in response


def anything(instruction: str, response: str) -> bool:
    return True


def the_program(llm: Any, output_file: Path, num_threads: int = 16, count: int = 40) -> Any:
    prompt_loader = CustomPromptLoader(
        prompt_template=TEMPLATE,
        seed_data=SEEDS,
        num_fewshot=3,
        placeholder_formats=PLACEHOLDER_FORMATS,
        num_sample_from_seed_data=2,
        input_themes=["farms", "ships", "bread"],
    )
    agora = Agora(
        llm=llm,
        placeholder_formats=PLACEHOLDER_FORMATS,
        prompt_loader=prompt_loader,
        parser=CustomParser(),
        validator=CustomValidator(),
        sampling_params={
            "max_tokens": 4096,
            "temperature": 1.0,
            "top_p": 0.9,
            "stop": PLACEHOLDER_FORMATS["stop_phrase"],
        },
    )
    return agora.run(num_instances=count, num_threads=num_threads, output_file=output_file)


def test_a_program_with_parts_of_its_own_runs_unchanged(tmp_path: Path) -> None:
    result = the_program(good_writer(), tmp_path / "final_result.json")
    assert len(result) == 40
    assert {"instruction", "response", "config"} <= result[0].keys()
    assert json.loads((tmp_path / "final_result.json").read_text()) == [*result]
    assert {row["metadata"]["theme"] for row in result} == {"farms", "ships", "bread"}


def test_what_its_parts_draw_from_the_module_random_is_the_same_again(tmp_path: Path) -> None:
    first = the_program(good_writer(), tmp_path / "first.json", num_threads=1)
    random.seed(7)
    before = random.getstate()
    second = the_program(good_writer(), tmp_path / "second.json", num_threads=16)
    assert random.getstate() == before
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()
    assert len(first) == len(second) == 40


def test_a_placeholder_that_a_loader_of_ones_own_forgets_is_told_of(tmp_path: Path) -> None:
    class Forgetful(InstanceGenerationPromptLoader):
        pass

    loader = Forgetful(TEMPLATE, SEEDS, 3, PLACEHOLDER_FORMATS, 2)
    agora = Agora(good_writer(), PLACEHOLDER_FORMATS, loader, CustomValidator(), CustomParser())
    with pytest.raises(SpecError, match="still has <input_theme>"):
        agora.run(1, tmp_path / "rows.json")


async def test_run_works_where_a_loop_is_running_as_in_a_notebook(tmp_path: Path) -> None:
    assert len(the_program(good_writer(), tmp_path / "rows.json", count=5)) == 5


def test_models_take_what_agoras_take_and_show_no_key() -> None:
    hosted = OpenAILLM("gpt", api_key="secret-key", api_base="http://here/v1")
    served = VLLM("q", "secret-key", "http://there/v1")
    assert served.model_name == "http://there/v1#q"
    assert hosted.environ == {"OPENAI_API_KEY": "secret-key", "OPENAI_BASE_URL": "http://here/v1"}
    assert "secret-key" not in repr(hosted) + repr(served)


def test_seeds_stay_as_they_are(tmp_path: Path) -> None:
    the_program(good_writer(), tmp_path / "rows.json")
    assert len(SEEDS) == 5


def test_a_model_with_chat_gets_the_sampling_parameters_of_the_program(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []

    def reply(messages: list[dict[str, str]], sampling: dict[str, Any]) -> str:
        heard.append(sampling)
        assert [one["role"] for one in messages] == ["system", "user"]
        number = len(heard)
        words = " ".join(f"word{number}x{place}" for place in range(9))
        return marked(f"A problem with {words}?", "[RESULT]1[/RESULT]")

    result = the_program(Chat("teacher-1", reply), tmp_path / "rows.json", num_threads=1, count=4)
    assert [row["config"] for row in result] == ["teacher-1"] * 4
    assert heard[0]["max_tokens"] == 4096
    assert heard[0]["temperature"] == 1.0
    assert heard[0]["top_p"] == 0.9
    assert heard[0]["stop"] == "[END]"
    assert result.summary.usage.prompt_tokens == 4 * 7


def test_a_plain_function_may_be_any_of_the_parts(tmp_path: Path) -> None:
    numbers = iter(range(1_000))

    def llm(messages: Any) -> str:
        return f"{messages[-1]['content']}|{next(numbers)}"

    def parse(text: str) -> dict[str, str]:
        return {"instruction": f"{text} {'abcdefghij'[int(text.split('|')[1]) % 10] * 30}", "response": text}

    def does_not_end_in_3(instruction: str, response: str) -> bool:
        return not response.endswith("3")

    agora = Agora(
        llm=llm,
        placeholder_formats={},
        prompt_loader=lambda: "Say something.",
        parser=parse,
        validator=does_not_end_in_3,
        sampling_params={},
    )
    result = agora.run(6, tmp_path / "rows.jsonl", num_threads=1)
    assert len(result) == 6
    assert result.summary.rejected == {"invalid": 1}
    assert all(not row["response"].endswith("3") for row in result)


def test_responses_are_generated_for_rows_in_their_order(tmp_path: Path) -> None:
    rows = [{"instruction": f"Question {number}", "source": "ours"} for number in range(7)]
    loader = load_prompt_loader(
        "response_generation",
        prompt_template="Answer.\nINPUT: <input>\nOUTPUT:",
        seed_data=rows,
        placeholder_formats=PLACEHOLDER_FORMATS | {"input_theme": "<none_of_it>"},
    )
    assert isinstance(loader, ResponseGenerationPromptLoader)

    def llm(messages: Any) -> str:
        return f"Answer to {messages[-1]['content'].split('INPUT: ')[1].splitlines()[0]}"

    agora = Agora(llm, PLACEHOLDER_FORMATS, loader, anything, ResponseGenerationParser(), {})
    result = agora.run(7, tmp_path / "rows.json", num_threads=4)
    assert [row["instruction"] for row in result] == [f"Question {number}" for number in range(7)]
    assert [row["response"] for row in result] == [f"Answer to Question {number}" for number in range(7)]
    assert result[0]["fields"] == {"source": "ours"}


def test_pairs_are_improved_with_markers_of_their_own(tmp_path: Path) -> None:
    formats = PLACEHOLDER_FORMATS | {
        "test_input_trigger": "Revised Question:",
        "test_output_trigger": "Revised Answer:",
        "input_theme": "<none_of_it>",
    }
    pairs = [{"instruction": "wat is 2+2", "response": "5"}, {"instruction": "capitol of Peru", "response": "Quito"}]
    loader = QualityEnhancementPromptLoader("Question: <input>\nAnswer: <output>\n\nRevised Question:", pairs, formats)

    def llm(messages: Any) -> str:
        asked = messages[-1]["content"]
        if "2+2" in asked:
            return "Revised Question: What is 2 + 2?\nRevised Answer: 4 [END]"
        return "What is the capital of Peru?\nRevised Answer: Lima\n[END]"

    agora = Agora(llm, formats, loader, anything, QualityEnhancementParser(), {})
    result = agora.run(2, tmp_path / "rows.json")
    assert [(row["instruction"], row["response"]) for row in result] == [
        ("What is 2 + 2?", "4"),
        ("What is the capital of Peru?", "Lima"),
    ]


async def test_arun_is_run_inside_of_a_loop(tmp_path: Path) -> None:
    agora = Agora(
        llm=good_writer(),
        placeholder_formats=PLACEHOLDER_FORMATS,
        prompt_loader=InstanceGenerationPromptLoader(TEMPLATE.replace(" about <input_theme>", ""), SEEDS, 3, None, 2),
        parser=InstanceGenerationParser(),
        validator=CustomValidator(),
    )
    assert len(await agora.arun(5, tmp_path / "rows.jsonl")) == 5
