"""verl: its own agent loop, with a model whose answers are scripted, and the mask of what is trained."""

import asyncio
import io
from contextlib import redirect_stdout

from omegaconf import OmegaConf
from scripted import RUNS, URL, VOID_RUN, VOID_URL, as_hermes, tell
from tiny_qwen import tokenizer
from verl.experimental.agent_loop.agent_loop import DictConfigWrap, ToolListWrap
from verl.workers.rollout.replica import TokenOutput

from toolworld_client.verl import ToolworldAgentLoop

TOKENIZER = tokenizer()
MULTI_TURN = {
    "max_user_turns": 30,
    "max_assistant_turns": 30,
    "max_parallel_calls": 1,
    "max_tool_response_length": 4000,
    "tool_response_truncate_side": "right",
    "format": "hermes",
}
ROLLOUT = {"prompt_length": 40_000, "response_length": 40_000, "full_determinism": False, "multi_turn": MULTI_TURN}
CONFIG = OmegaConf.create({"actor_rollout_ref": {"rollout": ROLLOUT}, "data": {}})


class ScriptedServer:
    """Takes the turns of a run in place of a model."""

    def __init__(self, run):
        self.run = run

    async def generate(self, request_id, prompt_ids, **_):
        done = TOKENIZER.decode(prompt_ids).count("<|im_start|>assistant") - 1
        text = as_hermes(self.run["turns"][done]) + "<|im_end|>"
        return TokenOutput(token_ids=TOKENIZER(text, add_special_tokens=False)["input_ids"])


async def play(run, url):
    loop = ToolworldAgentLoop(
        trainer_config=DictConfigWrap(CONFIG),
        server_manager=ScriptedServer(run),
        tokenizer=TOKENIZER,
        processor=None,
        dataset_cls=object,
        data_config=DictConfigWrap(CONFIG.data),
        hf_model_type="qwen2",
        tools=ToolListWrap([]),
    )
    prompt = [{"role": "system", "content": "Help."}, {"role": "user", "content": "Hello."}]
    return await loop.run({}, raw_prompt=prompt, extra_info={"task": run["task"], "toolworld_url": url})


async def main():
    with redirect_stdout(io.StringIO()):
        outputs = [await play(run, URL) for run in RUNS]
        broken = await play(VOID_RUN, VOID_URL)
    trained = sum(outputs[0].response_mask)
    own = sum(len(TOKENIZER(as_hermes(t) + "<|im_end|>")["input_ids"]) for t in RUNS[0]["turns"])
    assert 0 < trained <= own < len(outputs[0].response_mask), (trained, own)
    void = "left out" if not any(broken.response_mask) and broken.reward_score == 0.0 else 0.0
    assert broken.extra_fields["reward_extra_info"]["void"] == 1.0
    tell([output.reward_score for output in outputs], void, trained=trained, of=len(outputs[0].response_mask))


asyncio.run(main())
