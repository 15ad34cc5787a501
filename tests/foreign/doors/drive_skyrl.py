"""SkyRL's gym: `make`, `init`, `step`, and its metrics."""

import skyrl_gym
from scripted import RUNS, URL, VOID_RUN, VOID_URL, as_hermes, tell
from skyrl_gym.envs.registration import register

from toolworld_client import Toolworld
from toolworld_client.skyrl import ToolworldEnv, prompt_of

register(id="toolworld", entry_point="toolworld_client.skyrl:ToolworldEnv")


def play(run, url):
    env = skyrl_gym.make(
        "toolworld", env_config={"url": url}, extras={"extra_info": {"task": run["task"]}, "max_turns": 30}
    )
    with Toolworld(url) as world, world.episode(run["task"]) as shown:
        prompt, _ = env.init(prompt_of(shown))
    assert "<tools>" in prompt[0]["content"]
    total = 0.0
    for turn in run["turns"]:
        out = env.step(as_hermes(turn))
        total += out["reward"]
        if out["done"]:
            break
    assert out["done"]
    env.close()
    return total, out["metadata"], env.get_metrics()


played = [play(run, URL) for run in RUNS]
broken = play(VOID_RUN, VOID_URL)
summed = ToolworldEnv.aggregate_metrics([metrics for *_, metrics in [*played, broken]])
assert summed["reward"] == 0.5 and summed["void"] == 1 / 5, summed
tell([total for total, *_ in played], "left out" if broken[1]["void"] and broken[2]["void"] == 1.0 else 0.0)
