"""A client of toolworld servers: open episodes of tasks, call tools, speak to the user, get the reward.

    with Toolworld() as world:
        with world.episode("library/renew_one") as episode:
            patron = episode.call("find_patron", name="Amira Okafor", postcode="RV3 2LN")
            print(episode.verdict(answer="It is due on 23 March.").reward)

It needs `httpx2` or `httpx` and nothing else, so that it installs beside any trainer.
"""

from toolworld_client.async_episode import AsyncEpisode
from toolworld_client.async_world import AsyncToolworld
from toolworld_client.episode import Episode
from toolworld_client.errors import RefusedError, ToolworldError, UnreachableError, VoidRun
from toolworld_client.records import Environment, Heard, Result, Task, ToolError, Verdict
from toolworld_client.tools import Tools
from toolworld_client.world import Toolworld

__all__ = [
    "Toolworld",
    "AsyncToolworld",
    "Episode",
    "AsyncEpisode",
    "Environment",
    "Task",
    "Tools",
    "Result",
    "ToolError",
    "Heard",
    "Verdict",
    "ToolworldError",
    "RefusedError",
    "UnreachableError",
    "VoidRun",
]
