"""An environment alive: episodes in a durable store, served over MCP, with a control API beside it."""

from toolworld.server.app import build_app
from toolworld.server.endpoint import AnswerForm
from toolworld.server.episode import Episode, EpisodeRow
from toolworld.server.episodes import Episodes, open_episodes
from toolworld.server.listener import bind, listen
from toolworld.server.mcp_server import Door, build_mcp_server, door_to, entered
from toolworld.server.origin import is_loopback
from toolworld.server.retention import Pruned, StoreFigures, measure, prune, vacuum
from toolworld.server.stdio import serve_stdio
from toolworld.server.store import Store, open_store
from toolworld.server.telemetry import JsonLines, TextLines, pseudonym

__all__ = [
    "AnswerForm",
    "Door",
    "Episode",
    "EpisodeRow",
    "Episodes",
    "JsonLines",
    "Pruned",
    "Store",
    "StoreFigures",
    "TextLines",
    "bind",
    "build_app",
    "build_mcp_server",
    "door_to",
    "entered",
    "is_loopback",
    "listen",
    "measure",
    "open_episodes",
    "open_store",
    "prune",
    "pseudonym",
    "serve_stdio",
    "vacuum",
]
