"""TRL: a real step of GRPO on the CPU, with a model of one layer whose answers are scripted."""

import json
import os
import tempfile
import warnings
from pathlib import Path

os.environ.update(TRL_EXPERIMENTAL_SILENCE="1", HF_HUB_OFFLINE="1", TQDM_DISABLE="1")

import trl
from datasets import Dataset
from scripted import RUNS, URL, VOID_RUN, VOID_URL, tell
from tiny_qwen import tokenizer
from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.utils.chat_template_utils import get_json_schema
from trl import GRPOConfig, GRPOTrainer

from toolworld_client.trl import environment, toolworld_reward

TOKENIZER = tokenizer((Path(trl.__file__).parent / "chat_templates/qwen2_5.jinja").read_text())
SIZES = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def written(turn):
    call = {"name": "say_to_user", "arguments": {"message": turn}} if isinstance(turn, str) else turn
    return f"<tool_call>\n{json.dumps(call)}\n</tool_call><|im_end|>"


class ScriptedTrainer(GRPOTrainer):
    """Takes the turns of a run for each member of the group."""

    scripts = ()

    def _generate_single_turn(self, prompt_ids, images, multimodal_fields, num_generations, has_tool_images=False):
        answers = []
        for member, ids in enumerate(prompt_ids):
            turns = self.scripts[member % len(self.scripts)]
            done = self._tokenizer.decode(ids).count("<tool_response>")
            text = written(turns[done]) if done < len(turns) else "That is all.<|im_end|>"
            answers.append(self._tokenizer(text, add_special_tokens=False)["input_ids"])
        return answers, None


def step(url, task, scripts, folder):
    """Train one step with a group of runs, and return what was logged."""
    tiny = Qwen2Config(vocab_size=len(TOKENIZER), num_key_value_heads=2, max_position_embeddings=1 << 16, **SIZES)
    prompt = [{"role": "system", "content": "Help."}, {"role": "user", "content": "Hello."}]
    rows = Dataset.from_list([{"prompt": prompt, "task": task, "seed": 0}] * len(scripts))
    ScriptedTrainer.scripts = scripts
    settings = GRPOConfig(
        output_dir=folder,
        per_device_train_batch_size=len(scripts),
        num_generations=len(scripts),
        max_completion_length=20_000,
        max_steps=1,
        use_cpu=True,
        bf16=False,
        report_to=[],
        save_strategy="no",
        logging_steps=1,
        max_tool_calling_iterations=30,
    )
    seen = []

    def reward(completions, environments, **more):
        """Keep the rewards that the trainer gets."""
        seen.extend(toolworld_reward(completions, environments, **more))
        return seen[-len(completions) :]

    trainer = ScriptedTrainer(
        model=Qwen2ForCausalLM(tiny),
        processing_class=TOKENIZER,
        args=settings,
        train_dataset=rows,
        reward_funcs=[reward],
        environment_factory=environment("library", url),
    )
    trainer.train()
    return seen, trainer.state.log_history[0]


warnings.simplefilter("ignore")
schema = get_json_schema(environment("library", URL)().pay_charge)["function"]
with tempfile.TemporaryDirectory() as folder:
    rewards, losses = {}, []
    for task in dict.fromkeys(run["task"] for run in RUNS):
        group = [run for run in RUNS if run["task"] == task]
        seen, logged = step(URL, task, [run["turns"] for run in group], folder)
        rewards |= {RUNS.index(run): reward for run, reward in zip(group, seen, strict=True)}
        losses.append((logged["reward"], round(logged["reward_std"], 3), logged["grad_norm"] > 0))
    # one of the group is void: the other one's reward is the mean, and nothing crashes
    silent = [{"name": "get_patron", "arguments": {"patron_id": "B2040"}}]
    broken, logged = step(VOID_URL, VOID_RUN["task"], [VOID_RUN["turns"], silent], folder)
assert broken[0] is None and broken[1] == 0.0, broken
in_order = [rewards[place] for place in range(len(RUNS))]
tell(in_order, "left out", steps=losses, void_step=logged["reward"], schema=schema)
