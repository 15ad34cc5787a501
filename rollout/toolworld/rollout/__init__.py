"""Who plays: agents and user proxies, the play of one episode, and the runner of many."""

from toolworld.rollout.agent import Agent
from toolworld.rollout.batch import TRAJECTORIES, VERDICTS, Cast, Played, choose_scripts, play_and_judge
from toolworld.rollout.host import Ending, Host, Session
from toolworld.rollout.mistake import MISTAKES, Mistake, Script, altered, plant, script_of, without
from toolworld.rollout.model_agent import ModelAgent
from toolworld.rollout.model_user import ModelUser
from toolworld.rollout.play import Limits, play
from toolworld.rollout.remote import RemoteHost, connect
from toolworld.rollout.runner import Players, Tally, run_many
from toolworld.rollout.scripted_agent import ScriptedAgent
from toolworld.rollout.scripted_user import ScriptedUser
from toolworld.rollout.tools import ToolLists
from toolworld.rollout.user import Reply, UserProxy

__all__ = [
    "MISTAKES",
    "TRAJECTORIES",
    "VERDICTS",
    "Agent",
    "Cast",
    "Ending",
    "Host",
    "Limits",
    "Mistake",
    "ModelAgent",
    "ModelUser",
    "Played",
    "Players",
    "RemoteHost",
    "Reply",
    "Script",
    "ScriptedAgent",
    "ScriptedUser",
    "Session",
    "Tally",
    "ToolLists",
    "UserProxy",
    "altered",
    "choose_scripts",
    "connect",
    "plant",
    "play",
    "play_and_judge",
    "run_many",
    "script_of",
    "without",
]
