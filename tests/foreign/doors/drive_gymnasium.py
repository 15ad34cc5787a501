"""gymnasium: `make`, its own checker, and a vector of environments."""

import json
import warnings

import gymnasium
from gymnasium.utils.env_checker import check_env
from scripted import RUNS, URL, VOID_RUN, VOID_URL, tell

import toolworld_client.gymnasium  # noqa: F401 - registers the environment


def play(env, run):
    _, told = env.reset(options={"task": run["task"]})
    assert len(told["tools"]) == 16 and told["policy"]
    for turn in run["turns"]:
        _, reward, terminated, truncated, info = env.step(turn if isinstance(turn, str) else json.dumps(turn))
        if terminated or truncated:
            return reward, terminated, truncated, info
    raise AssertionError("the run did not end")


tasks = [run["task"] for run in RUNS]
env = gymnasium.make("toolworld/Task-v0", url=URL, tasks=tasks)
rewards = [play(env, run)[0] for run in RUNS]
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    check_env(env.unwrapped, skip_render_check=True)
env.close()
broken = gymnasium.make("toolworld/Task-v0", url=VOID_URL, tasks=tasks)
_, terminated, truncated, info = play(broken, VOID_RUN)
broken.close()

vector = gymnasium.make_vec("toolworld/Task-v0", num_envs=4, vectorization_mode="sync", url=URL, tasks=tasks[:1])
vector.reset(seed=1)
of_vector = [0.0] * 4
for turn in RUNS[0]["turns"]:
    _, step_rewards, *_ = vector.step([turn if isinstance(turn, str) else json.dumps(turn)] * 4)
    of_vector = [float(reward) for reward in step_rewards]
vector.close()
tell(rewards, "left out" if info["void"] and truncated and not terminated else 0.0, vector=of_vector)
