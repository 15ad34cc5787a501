"""An environment alive: episodes in a durable store, in this process, over MCP, and with a control API beside it.

What needs a web framework or the MCP SDK is loaded when it is first asked for, so that
`import toolworld.server` is cheap for who plays in this process.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolworld.server.episodes.call_result import CallResult
from toolworld.server.episodes.episode import Episode
from toolworld.server.episodes.episodes import Episodes, open_episodes
from toolworld.server.episodes.export import export_trajectories
from toolworld.server.episodes.replay import replay
from toolworld.server.in_process.environment import OpenEnvironment, OpenEpisode
from toolworld.server.in_process.opening import open_environment
from toolworld.server.in_process.sync import SyncEnvironment, SyncEpisode
from toolworld.server.store.opening import StoreAddress, is_database, open_store, require_store, shown_address
from toolworld.server.store.protocol import EpisodeRow, EpisodeStore, PruneConditions
from toolworld.server.store.sqlite.store import SqliteStore
from toolworld.server.telemetry.logs import JsonLogFormatter, TextLogFormatter, pseudonym

if TYPE_CHECKING:
    from toolworld.server.adapters.nemo_gym.app import build_nemo_gym
    from toolworld.server.http.app import build_app
    from toolworld.server.http.listener import bind, listen
    from toolworld.server.http.workers import held_address, run_workers, wait_for_end_of_input
    from toolworld.server.in_process.host import InProcessHost
    from toolworld.server.in_process.mcp_trees import McpTreeHost
    from toolworld.server.in_process.synthesis import (
        SynthesisSpending,
        output_folder,
        synthesize,
        synthesize_async,
    )
    from toolworld.server.in_process.trees import InProcessTreeHost
    from toolworld.server.mcp.connection import connected, connection_to
    from toolworld.server.mcp.http import ResponseMode
    from toolworld.server.mcp.recorder import Recorder, ServerToRecord, open_recorder, record_stdio, recording_app
    from toolworld.server.mcp.server import build_mcp_server
    from toolworld.server.mcp.stdio import serve_stdio
    from toolworld.server.security.credential import checked_token
    from toolworld.server.security.origin import is_loopback
    from toolworld.server.validation.report import CheckReport, ValidationReport
    from toolworld.server.validation.validate import MOST_TASKS, validate
    from toolworld.server.viewer.app import build_viewer
    from toolworld.server.viewer.export import write_site
    from toolworld.server.viewer.opening import open_site
    from toolworld.server.viewer.shown_files import ShownFiles, find_shown
    from toolworld.server.viewer.site.site import Site

__all__ = [
    # an environment in this process
    "open_environment",
    "OpenEnvironment",
    "OpenEpisode",
    "CallResult",
    "SyncEnvironment",
    "SyncEpisode",
    "InProcessHost",
    # questions from explored trajectories
    "synthesize",
    "synthesize_async",
    "output_folder",
    "SynthesisSpending",
    "InProcessTreeHost",
    "McpTreeHost",
    # episodes
    "Episodes",
    "open_episodes",
    "Episode",
    "replay",
    "export_trajectories",
    # where they are kept
    "EpisodeStore",
    "EpisodeRow",
    "SqliteStore",
    "StoreAddress",
    "is_database",
    "require_store",
    "shown_address",
    "open_store",
    "PruneConditions",
    # over HTTP
    "build_app",
    "build_nemo_gym",
    "bind",
    "held_address",
    "run_workers",
    "wait_for_end_of_input",
    "checked_token",
    "listen",
    "is_loopback",
    # pages for people
    "find_shown",
    "ShownFiles",
    "open_site",
    "Site",
    "build_viewer",
    "write_site",
    # OpenEnv's checks
    "validate",
    "ValidationReport",
    "CheckReport",
    "MOST_TASKS",
    # over MCP
    "build_mcp_server",
    "connection_to",
    "connected",
    "ResponseMode",
    "serve_stdio",
    # recording other servers
    "ServerToRecord",
    "Recorder",
    "open_recorder",
    "record_stdio",
    "recording_app",
    # log lines
    "JsonLogFormatter",
    "TextLogFormatter",
    "pseudonym",
]

_LOADED_LATER = {
    "InProcessHost": "in_process.host",
    "synthesize": "in_process.synthesis",
    "synthesize_async": "in_process.synthesis",
    "output_folder": "in_process.synthesis",
    "SynthesisSpending": "in_process.synthesis",
    "InProcessTreeHost": "in_process.trees",
    "McpTreeHost": "in_process.mcp_trees",
    "build_app": "http.app",
    "build_nemo_gym": "adapters.nemo_gym.app",
    "bind": "http.listener",
    "held_address": "http.workers",
    "run_workers": "http.workers",
    "wait_for_end_of_input": "http.workers",
    "checked_token": "security.credential",
    "listen": "http.listener",
    "is_loopback": "security.origin",
    "find_shown": "viewer.shown_files",
    "ShownFiles": "viewer.shown_files",
    "open_site": "viewer.opening",
    "Site": "viewer.site.site",
    "build_viewer": "viewer.app",
    "write_site": "viewer.export",
    "validate": "validation.validate",
    "MOST_TASKS": "validation.validate",
    "ValidationReport": "validation.report",
    "CheckReport": "validation.report",
    "build_mcp_server": "mcp.server",
    "connection_to": "mcp.connection",
    "connected": "mcp.connection",
    "ResponseMode": "mcp.http",
    "serve_stdio": "mcp.stdio",
    "ServerToRecord": "mcp.recorder",
    "Recorder": "mcp.recorder",
    "open_recorder": "mcp.recorder",
    "record_stdio": "mcp.recorder",
    "recording_app": "mcp.recorder",
}


def __getattr__(name: str) -> Any:
    if name not in _LOADED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_LATER[name]}"), name)
