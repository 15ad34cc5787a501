"""What an environment is and how it behaves: tools, state and policy, and what answers its calls.

What needs the MCP SDK is loaded when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolworld.environments.audit.audit import audit
from toolworld.environments.audit.finding import Finding
from toolworld.environments.audit.policy import (
    NOT_STATED,
    POLICY_CHECKS,
    HeldSentence,
    PolicySentence,
    load_policy_checks,
    policy_findings,
    policy_table,
    ways_held,
)
from toolworld.environments.audit.reliability.call_audit import CALLS as AUDIT_CALLS
from toolworld.environments.audit.reliability.call_audit import audit_by_calls
from toolworld.environments.audit.reliability.page import PROPERTY_TEXTS
from toolworld.environments.audit.reliability.page import page_of as audit_page
from toolworld.environments.audit.reliability.page import totals as audit_totals
from toolworld.environments.audit.reliability.report import Evidence as AuditEvidence
from toolworld.environments.audit.reliability.report import (
    Tally,
    ToolReport,
    broken_reports,
    wilson_lower,
    with_opinions,
)
from toolworld.environments.audit.reliability.samples import AuditedCall, CallSamples
from toolworld.environments.audit.types import has_type_checker
from toolworld.environments.behaviour.trust import is_ours
from toolworld.environments.calls.event import Call, Event, Failure
from toolworld.environments.calls.replay import ReplaySimulator
from toolworld.environments.calls.simulator import Outcome, Simulator, View
from toolworld.environments.calls.snapshot import Snapshot
from toolworld.environments.catalogue.card import (
    CARD_SUFFIX,
    OUR_LICENCE,
    Gate,
    Origin,
    PackCard,
    card_of,
    card_page,
    joined_origin,
    origin_of,
    save_origin,
)
from toolworld.environments.catalogue.difference import Difference, differences
from toolworld.environments.catalogue.duplicates import THRESHOLDS as DUPLICATE_THRESHOLDS
from toolworld.environments.catalogue.duplicates import (
    DuplicateCount,
    Duplicates,
    Pair,
    clusters,
    count_duplicates,
    near_duplicates,
    text_of_environment,
    text_of_tool,
)
from toolworld.environments.catalogue.find import (
    FoundEnvironment,
    builtin_folders,
    find_environments,
    find_folder,
    load_environments,
)
from toolworld.environments.catalogue.folder import CAPTURE_FILE, SPEC_FILE, load_folder, save_folder, spec_schema
from toolworld.environments.catalogue.index_file import INDEX_SUFFIX
from toolworld.environments.catalogue.new import new_folder
from toolworld.environments.catalogue.pack import save_new_pack, save_pack
from toolworld.environments.catalogue.query import Size, Wanted
from toolworld.environments.catalogue.search import (
    Facets,
    FoundTool,
    SearchBy,
    ToolIndex,
    search_facets,
    search_tools,
)
from toolworld.environments.catalogue.statistics import Statistics, statistics_of
from toolworld.environments.compiler.bulk import (
    TOOLSET_FORMATS,
    ImportCounts,
    ImportedSource,
    ImportPlan,
    ToolsetFormat,
    import_found,
    import_toolsets,
)
from toolworld.environments.compiler.compile import CHANGES_UNKNOWN, Compiled, compile_toolset, settled
from toolworld.environments.compiler.of_environment import compile_environment
from toolworld.environments.compiler.self_check import CheckResult, self_check
from toolworld.environments.confinement.workers import Workers
from toolworld.environments.faults.rewrite import renamed_tools, with_faults
from toolworld.environments.graph.artifacts import GraphFile, GraphManifest, write_graphs
from toolworld.environments.graph.graph import environment_links, heterogeneous_graph, projected_graph
from toolworld.environments.graph.links import Link, links_of
from toolworld.environments.graph.proposals import proposed_links
from toolworld.environments.importers.environment_tools import tools_of_environment
from toolworld.environments.importers.found_toolset import MAX_TOOLS, FoundToolset, ImportedItem, environment_id
from toolworld.environments.importers.openapi import read_openapi
from toolworld.environments.importers.synthtools import UNNAMED_ERROR as SYNTHTOOLS_UNNAMED_ERROR
from toolworld.environments.importers.synthtools import final_state as synthtools_final_state
from toolworld.environments.importers.synthtools import import_synthtools, read_synthtools
from toolworld.environments.importers.synthtools import ops_to_state as synthtools_ops
from toolworld.environments.importers.synthtools_row import SynthToolsParameter, SynthToolsRow, SynthToolsTool
from toolworld.environments.importers.synthtools_row import call_from_text as synthtools_call
from toolworld.environments.importers.synthtools_row import call_to_text as synthtools_call_text
from toolworld.environments.importers.synthtools_tasks import SynthToolsTask, read_synthtools_tasks
from toolworld.environments.importers.tau2 import has_tau2_program, import_tau2
from toolworld.environments.importers.tau2_files import Tau2Files, find_tau2_files
from toolworld.environments.importers.tau2_source import read_tau2_source
from toolworld.environments.model_simulator.cache import OutcomeCache
from toolworld.environments.normaliser.operation import Operation, Parameter, Reading, Toolset
from toolworld.environments.normaliser.read import read_operation, read_toolset
from toolworld.environments.normaliser.words import compact as compact_name
from toolworld.environments.resources.environment import save_with_resources
from toolworld.environments.resources.opening import resource_type, tools_of_resource
from toolworld.environments.resources.python_process import RanPython, run_python
from toolworld.environments.runtime.plan import SIMULATOR_KINDS, SimulationPlan, SimulatorKind
from toolworld.environments.runtime.pool import MAX_LOADED, RuntimePool
from toolworld.environments.runtime.runtime import Runtime
from toolworld.environments.spec.clock import is_issued
from toolworld.environments.spec.environment import BEHAVIOUR_FILE, Environment
from toolworld.environments.spec.fault_profile import FAULT_PROFILES, FaultProfile, load_fault_profile
from toolworld.environments.spec.inferred import Inferred, InferredValue, Reach
from toolworld.environments.spec.policy_rule import AtMost, Before, Confirm, Never, OnlyAbout, Rule
from toolworld.environments.spec.reads import Reads
from toolworld.environments.spec.recorded_answer import RecordedAnswer
from toolworld.environments.spec.resource import RESOURCE_TYPES, ResourceSpec, ResourceType
from toolworld.environments.spec.result_form import ResultForm
from toolworld.environments.spec.tool import DocumentedError, Effect, Party, ToolSpec
from toolworld.environments.state.canonical_form import canonical_fields, phone_digits, plain_code
from toolworld.environments.state.comparable import comparable_ops, place_of, touched_places
from toolworld.environments.state.draft import applied
from toolworld.environments.state.json_patch import json_patch
from toolworld.environments.state.op_target import InvalidOpsError
from toolworld.environments.state.ops import OPS, Delete, Insert, Op, SetValue, Update
from toolworld.environments.state.path import values_at
from toolworld.environments.state.schema import StateDocument, StateSchema
from toolworld.environments.state.state import State
from toolworld.environments.synthesis.generator.generator import (
    Generator,
    GeneratorOptions,
    Grown,
    Rejection,
    StageCounts,
)
from toolworld.environments.synthesis.generator.lines import STAGES as GENERATOR_STAGES
from toolworld.environments.synthesis.generator.lines import Stage as GeneratorStage
from toolworld.environments.synthesis.generator.lines import StageLine
from toolworld.environments.synthesis.generator.projection import StageProjection, projected_costs
from toolworld.environments.synthesis.generator.slots import FieldPlan, plan_fields
from toolworld.environments.synthesis.program_repair import RepairResult, repair_programs, to_repair
from toolworld.environments.synthesis.program_synthesis import SynthesisResult, synthesize_programs
from toolworld.environments.synthesis.recorded_calls import RecordedEpisode
from toolworld.environments.synthesis.trades.compose import (
    WHAT_A_MODEL_ADDS,
    compose_environment,
    compose_environments,
)
from toolworld.environments.synthesis.trades.trade import Trade, default_fields, fitting_trades, trades
from toolworld.environments.synthesis.twins.answers import read_answer as read_mcp_answer
from toolworld.environments.synthesis.twins.twin import MadeTwin, TwinReport, make_twin
from toolworld.environments.synthesis.twins.written_program import WrittenProgram, write_program
from toolworld.environments.twin.capture import (
    Capture,
    CapturedServer,
    CaptureWriter,
    read_capture,
)
from toolworld.environments.twin.of_answers import twin_of_answers
from toolworld.environments.twin.simulator import NOT_RECORDED, TwinSimulator

if TYPE_CHECKING:
    from toolworld.environments.importers.mcp_server import mcp_target, read_mcp_server

__all__ = [
    # what an environment is
    "Environment",
    "ToolSpec",
    "Party",
    "Effect",
    "is_issued",
    "Never",
    "Before",
    "Reads",
    "Confirm",
    "AtMost",
    "OnlyAbout",
    "Rule",
    # its state
    "State",
    "StateSchema",
    "StateDocument",
    "values_at",
    "Op",
    "Insert",
    "Update",
    "Delete",
    "SetValue",
    "OPS",
    "applied",
    "InvalidOpsError",
    "comparable_ops",
    "canonical_fields",
    "phone_digits",
    "plain_code",
    "place_of",
    "touched_places",
    "json_patch",
    # environments on disk
    "builtin_folders",
    "find_folder",
    "find_environments",
    "load_environments",
    "load_folder",
    "save_folder",
    "spec_schema",
    "SPEC_FILE",
    "new_folder",
    "save_pack",
    # resources behind tools
    "RESOURCE_TYPES",
    "ResourceSpec",
    "ResourceType",
    "resource_type",
    "run_python",
    "RanPython",
    "save_with_resources",
    "tools_of_resource",
    "mcp_target",
    "read_mcp_server",
    "read_mcp_answer",
    "twin_of_answers",
    "save_new_pack",
    "PackCard",
    "Origin",
    "Gate",
    "card_of",
    "card_page",
    "origin_of",
    "save_origin",
    "OUR_LICENCE",
    "joined_origin",
    "CARD_SUFFIX",
    "Statistics",
    "statistics_of",
    "BEHAVIOUR_FILE",
    # environments of other projects
    "import_tau2",
    "SynthToolsTask",
    "read_synthtools_tasks",
    "import_found",
    "has_tau2_program",
    "Tau2Files",
    "find_tau2_files",
    "read_tau2_source",
    "import_synthtools",
    "read_synthtools",
    "SynthToolsRow",
    "SynthToolsTool",
    "SynthToolsParameter",
    "SYNTHTOOLS_UNNAMED_ERROR",
    "synthtools_call",
    "synthtools_call_text",
    "synthtools_final_state",
    "synthtools_ops",
    # environments of tools that others describe
    "TOOLSET_FORMATS",
    "ToolsetFormat",
    "ImportPlan",
    "ImportCounts",
    "ImportedSource",
    "ImportedItem",
    "import_toolsets",
    "MAX_TOOLS",
    "environment_id",
    "FoundToolset",
    "Toolset",
    "Operation",
    "Parameter",
    "Reading",
    "read_openapi",
    "read_operation",
    "read_toolset",
    "Compiled",
    "compile_toolset",
    "self_check",
    "CheckResult",
    "settled",
    "Inferred",
    "InferredValue",
    "Reach",
    # calls
    "Call",
    "Event",
    "Failure",
    "Snapshot",
    "Runtime",
    "RuntimePool",
    "MAX_LOADED",
    # who answers them
    "SimulationPlan",
    "SimulatorKind",
    "SIMULATOR_KINDS",
    "Simulator",
    "View",
    "Outcome",
    "ReplaySimulator",
    "OutcomeCache",
    "is_ours",
    "Workers",
    # twins of real servers
    "ResultForm",
    "RecordedAnswer",
    "Capture",
    "CapturedServer",
    "CaptureWriter",
    "CAPTURE_FILE",
    "read_capture",
    "make_twin",
    "MadeTwin",
    "WrittenProgram",
    "write_program",
    "TwinReport",
    "TwinSimulator",
    "NOT_RECORDED",
    # faults
    "FaultProfile",
    "FAULT_PROFILES",
    "load_fault_profile",
    "with_faults",
    "renamed_tools",
    # checks and generation
    "Finding",
    "audit",
    "WHAT_A_MODEL_ADDS",
    "Generator",
    "GeneratorOptions",
    "GENERATOR_STAGES",
    "GeneratorStage",
    "StageLine",
    "StageCounts",
    "StageProjection",
    "Grown",
    "Rejection",
    "FieldPlan",
    "plan_fields",
    "projected_costs",
    "compose_environment",
    "compose_environments",
    "Trade",
    "trades",
    "default_fields",
    "fitting_trades",
    "differences",
    "Difference",
    "near_duplicates",
    "clusters",
    "count_duplicates",
    "Duplicates",
    "DuplicateCount",
    "Pair",
    "text_of_tool",
    "text_of_environment",
    "DUPLICATE_THRESHOLDS",
    "search_tools",
    "search_facets",
    "SearchBy",
    "Wanted",
    "Facets",
    "Size",
    "FoundTool",
    "ToolIndex",
    "INDEX_SUFFIX",
    "CHANGES_UNKNOWN",
    "audit_by_calls",
    "AuditedCall",
    "CallSamples",
    "with_opinions",
    "audit_page",
    "audit_totals",
    "AUDIT_CALLS",
    "AuditEvidence",
    "PROPERTY_TEXTS",
    "Tally",
    "ToolReport",
    "wilson_lower",
    "broken_reports",
    "FoundEnvironment",
    "POLICY_CHECKS",
    "NOT_STATED",
    "HeldSentence",
    "PolicySentence",
    "load_policy_checks",
    "policy_findings",
    "policy_table",
    "ways_held",
    "has_type_checker",
    "RecordedEpisode",
    "SynthesisResult",
    "synthesize_programs",
    "RepairResult",
    "repair_programs",
    "to_repair",
    "DocumentedError",
    "compact_name",
    "compile_environment",
    "GraphFile",
    "GraphManifest",
    "Link",
    "environment_links",
    "heterogeneous_graph",
    "links_of",
    "projected_graph",
    "proposed_links",
    "write_graphs",
    "tools_of_environment",
]

_LOADED_LATER = {"mcp_target": "importers.mcp_server", "read_mcp_server": "importers.mcp_server"}


def __getattr__(name: str) -> Any:
    if name not in _LOADED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_LATER[name]}"), name)
