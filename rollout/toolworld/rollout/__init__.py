"""Who plays: agents and user proxies, the play of one episode, and the runner of many."""

from toolworld.rollout.batch.batch import TRAJECTORIES, VERDICTS, play_and_judge
from toolworld.rollout.batch.findings import play_finding
from toolworld.rollout.batch.players import PlayerModels, choose_scripts
from toolworld.rollout.batch.result import BatchResult
from toolworld.rollout.dataset.card import DatasetSummary, GateShare, figures_of, gate_shares, summarize, task_figures
from toolworld.rollout.dataset.difficulty import SKILLS, Skill, difficulties, measure_difficulty, slipped_script
from toolworld.rollout.dataset.diversity import MeasureCompared, compare_memory, diversity_of
from toolworld.rollout.dataset.exports import EXPORT, DatasetRow, export_dataset, rows_of
from toolworld.rollout.dataset.files import settings_of
from toolworld.rollout.dataset.labelled import RUN_KINDS, LabelledRun, RunKind, is_right, play_labelled
from toolworld.rollout.dataset.maker import DatasetPlan, make_dataset
from toolworld.rollout.dataset.mistakes import KillRate, Kills, Survivor, play_with_mistakes
from toolworld.rollout.dataset.sample_agent import SampleAgent, answer_samples, tools_in
from toolworld.rollout.evolution.evolver import EvolutionModels
from toolworld.rollout.evolution.rewriting import RequestWriter
from toolworld.rollout.evolution.tasks import TaskEvolver
from toolworld.rollout.generation.ready import TASKS_DOMAIN, accepted_runs, agora_for_tasks, written_tasks
from toolworld.rollout.generation.runs import RunPromptLoader
from toolworld.rollout.hosts.host import EpisodeTools, Host, Session, ToolResult
from toolworld.rollout.hosts.remote import RemoteHost, connect
from toolworld.rollout.hosts.tools import player_tool, tool_result
from toolworld.rollout.mutation import DIFFERENCES, MISTAKES, MUTATIONS, VARIANTS, Mutation, Variant
from toolworld.rollout.mutations.mutated_script import mutated_script
from toolworld.rollout.mutations.variants import varied_script
from toolworld.rollout.planned_run import PlannedRun
from toolworld.rollout.play.limits import Limits
from toolworld.rollout.play.play import play
from toolworld.rollout.players.agent import Agent
from toolworld.rollout.players.model_agent import ModelAgent
from toolworld.rollout.players.model_user import ModelUser
from toolworld.rollout.players.script import Script, script_of
from toolworld.rollout.players.scripted_agent import ScriptedAgent
from toolworld.rollout.players.scripted_user import ScriptedUser
from toolworld.rollout.players.user import Reply, UserProxy
from toolworld.rollout.questions.agentflow import TakenOver, take_over
from toolworld.rollout.questions.manifest import SynthesisManifest
from toolworld.rollout.questions.records import QuestionRow, TrajectoryRow
from toolworld.rollout.questions.solving import SynthesisHost
from toolworld.rollout.questions.stages import Stages, SynthesisModels
from toolworld.rollout.questions.synthesize import QUESTIONS, SynthesisStage, synthesize_questions
from toolworld.rollout.synthesis.gates import GATES, GateFailure, failed_gate
from toolworld.rollout.synthesis.generator import FaultShare, OpenHost, RejectedTask, TaskGenerator
from toolworld.rollout.synthesis.memory import CorpusMemory
from toolworld.rollout.synthesis.modes import CHAIN_MODES, MODES, Mode
from toolworld.rollout.synthesis.trial import Trial, failed_run, try_out
from toolworld.rollout.synthesis.ways import Ways
from toolworld.rollout.trees.actions import signature, usable_tools
from toolworld.rollout.trees.branch import Answer, Branch, TreeHost
from toolworld.rollout.trees.config import SynthesisConfig
from toolworld.rollout.trees.config_file import config_of, load_config
from toolworld.rollout.trees.explorer import Explorer, Proposals, Situation
from toolworld.rollout.trees.grow import grow_tree
from toolworld.rollout.trees.model_explorer import ModelExplorer
from toolworld.rollout.trees.node import Action, Node, Tree
from toolworld.rollout.trees.scenarios import scenarios
from toolworld.rollout.trees.scripted_explorer import ScriptedExplorer
from toolworld.rollout.trees.seeds import Seed, SeedSource, load_seeds

__all__ = [
    "TASKS_DOMAIN",
    "accepted_runs",
    "agora_for_tasks",
    "RunPromptLoader",
    "written_tasks",
    "settings_of",
    "EvolutionModels",
    "TaskEvolver",
    "SKILLS",
    "KillRate",
    "Kills",
    "MeasureCompared",
    "Skill",
    "Survivor",
    "compare_memory",
    "difficulties",
    "diversity_of",
    "measure_difficulty",
    "play_with_mistakes",
    "slipped_script",
    "EXPORT",
    "DatasetPlan",
    "FaultShare",
    "RequestWriter",
    "DatasetRow",
    "DatasetSummary",
    "GateShare",
    "Trial",
    "export_dataset",
    "figures_of",
    "gate_shares",
    "make_dataset",
    "SampleAgent",
    "answer_samples",
    "tools_in",
    "rows_of",
    "summarize",
    "task_figures",
    "try_out",
    # one run
    "play",
    "PlannedRun",
    "Limits",
    "play_finding",
    "DIFFERENCES",
    "MISTAKES",
    "VARIANTS",
    "Variant",
    "RUN_KINDS",
    "RunKind",
    "LabelledRun",
    "is_right",
    "play_labelled",
    "varied_script",
    # players
    "Agent",
    "UserProxy",
    "Reply",
    "ModelAgent",
    "ModelUser",
    "ScriptedAgent",
    "ScriptedUser",
    "Script",
    "script_of",
    "Mutation",
    "MUTATIONS",
    "mutated_script",
    # hosts
    "Host",
    "Session",
    "EpisodeTools",
    "ToolResult",
    "RemoteHost",
    "connect",
    "player_tool",
    "tool_result",
    # tasks made by doing
    "TaskGenerator",
    "RejectedTask",
    "OpenHost",
    "CorpusMemory",
    "Mode",
    "MODES",
    "CHAIN_MODES",
    "GATES",
    "GateFailure",
    "Ways",
    "failed_gate",
    "failed_run",
    # trees of explored actions
    "SynthesisConfig",
    "config_of",
    "load_config",
    "Seed",
    "load_seeds",
    "TreeHost",
    "Branch",
    "Answer",
    "Explorer",
    "Situation",
    "Proposals",
    "ModelExplorer",
    "ScriptedExplorer",
    "Action",
    "Node",
    "Tree",
    "usable_tools",
    "signature",
    "SeedSource",
    "scenarios",
    "grow_tree",
    # questions over them
    "Stages",
    "SynthesisModels",
    "SynthesisStage",
    "SynthesisHost",
    "synthesize_questions",
    "QUESTIONS",
    "SynthesisManifest",
    "QuestionRow",
    "take_over",
    "TakenOver",
    "TrajectoryRow",
    # many runs
    "play_and_judge",
    "choose_scripts",
    "PlayerModels",
    "BatchResult",
    "TRAJECTORIES",
    "VERDICTS",
]
