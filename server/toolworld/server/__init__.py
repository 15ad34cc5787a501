"""An environment alive: episodes in a durable store, served over MCP, with a control API beside it."""

from toolworld.server.app import build_app
from toolworld.server.episode import Episode, EpisodeRow
from toolworld.server.episodes import Episodes, open_episodes
from toolworld.server.listener import bind, listen
from toolworld.server.mcp_server import Door, build_mcp_server, door_to, entered
from toolworld.server.stdio import serve_stdio
from toolworld.server.store import Store, open_store

__all__ = [
    "Door",
    "Episode",
    "EpisodeRow",
    "Episodes",
    "Store",
    "bind",
    "build_app",
    "build_mcp_server",
    "door_to",
    "entered",
    "listen",
    "open_episodes",
    "open_store",
    "serve_stdio",
]
