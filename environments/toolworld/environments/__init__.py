"""What an environment is and how it behaves: tools, state, policy, and the programs that answer calls."""

from toolworld.environments.audit import Finding, audit
from toolworld.environments.catalogue import builtin_folders, find_environments, find_folder, load_environments
from toolworld.environments.clock import Clock, is_issued
from toolworld.environments.drift import new_names, with_faults
from toolworld.environments.environment import Environment
from toolworld.environments.event import Call, Event, Failure
from toolworld.environments.fault_profile import PROFILES, FaultProfile, Injected, load_profile
from toolworld.environments.folder import load_folder, save_folder
from toolworld.environments.isolation import check_program, is_ours, run_apart
from toolworld.environments.learning import Lesson, Recorded, learn, with_program
from toolworld.environments.ops import OPS, Delete, Insert, Op, Set, Update, json_patch
from toolworld.environments.ops_check import OpsRefused
from toolworld.environments.outcome_cache import OutcomeCache
from toolworld.environments.pack import save_pack
from toolworld.environments.rule import Before, Confirm, Never, Rule
from toolworld.environments.runtime import Moment, Runtime
from toolworld.environments.runtimes import Runtimes
from toolworld.environments.simulation import MEANS, Means, Simulation
from toolworld.environments.simulator import Outcome, ReplaySimulator, Simulator, View
from toolworld.environments.state import State
from toolworld.environments.state_schema import CollectionSchema, StateDocument, StateSchema
from toolworld.environments.tool import DocumentedError, ToolSpec, User

__all__ = [
    "MEANS",
    "OPS",
    "PROFILES",
    "Before",
    "Call",
    "Clock",
    "CollectionSchema",
    "Confirm",
    "Delete",
    "DocumentedError",
    "Environment",
    "Event",
    "Failure",
    "FaultProfile",
    "Finding",
    "Injected",
    "Insert",
    "Lesson",
    "Means",
    "Moment",
    "Never",
    "Op",
    "OpsRefused",
    "Outcome",
    "OutcomeCache",
    "Recorded",
    "ReplaySimulator",
    "Rule",
    "Runtime",
    "Runtimes",
    "Set",
    "Simulation",
    "Simulator",
    "State",
    "StateDocument",
    "StateSchema",
    "ToolSpec",
    "Update",
    "User",
    "View",
    "audit",
    "builtin_folders",
    "check_program",
    "find_environments",
    "find_folder",
    "is_issued",
    "is_ours",
    "json_patch",
    "learn",
    "load_environments",
    "load_folder",
    "load_profile",
    "new_names",
    "run_apart",
    "save_folder",
    "save_pack",
    "with_faults",
    "with_program",
]
