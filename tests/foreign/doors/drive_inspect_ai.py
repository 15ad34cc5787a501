"""inspect_ai: `eval` with its mockllm, and a void run as an errored sample."""

import os
import tempfile

import inspect_ai.model._model
import inspect_ai.model._tokens
from inspect_ai import eval as inspect_eval
from inspect_ai.model import ModelOutput, get_model
from scripted import RUNS, URL, VOID_RUN, VOID_URL, tell

from toolworld_client.inspect_ai import toolworld


async def no_count(*_, **__):  # tiktoken would fetch a file from the net
    return 10


inspect_ai.model._tokens.count_text_tokens = no_count
inspect_ai.model._model.ModelAPI.count_text_tokens = no_count
inspect_ai.model._model.ModelAPI.count_tokens = no_count


def output(turn):
    if isinstance(turn, str):
        return ModelOutput.from_content("mockllm/model", turn)
    return ModelOutput.for_tool_call("mockllm/model", turn["name"], turn["arguments"])


def play(url, run, logs):
    model = get_model("mockllm/model", custom_outputs=[output(turn) for turn in run["turns"]], memoize=False)
    tasks = toolworld("library", only=run["task"], url=url)
    [log] = inspect_eval(tasks, model=model, display="none", log_dir=logs, fail_on_error=False)
    return log.samples[0]


os.environ["INSPECT_DISPLAY"] = "none"
with tempfile.TemporaryDirectory() as logs:
    samples = [play(URL, run, logs) for run in RUNS]
    for sample in samples:
        assert sample.error is None, sample.error
    rewards = [{"C": 1.0, "I": 0.0}[sample.scores["verdict"].value] for sample in samples]
    broken = play(VOID_URL, VOID_RUN, logs)
    void = "left out" if broken.error and not broken.scores else 0.0
tell(rewards, void, why=samples[2].scores["verdict"].explanation[:60])
