"""Records at rest: tasks, trajectories and verdicts, and the formats that others keep them in."""

from toolworld.datasets.chat import chat_tools, to_chat
from toolworld.datasets.draft import TaskDraft, left_out, load_tasks, work_out
from toolworld.datasets.recovery import recover, under_faults
from toolworld.datasets.reference import Reference, expect, run_reference
from toolworld.datasets.shelf import Shelf, load_shelf, pack_tasks
from toolworld.datasets.synthtools import SynthToolsRow, from_synthtools, read_synthtools, to_synthtools
from toolworld.datasets.task import Expectation, ReferenceCall, Scenario, Task
from toolworld.datasets.tau2 import Tau2Task, import_tau2_task, read_tau2_tasks, recorded_value
from toolworld.datasets.trajectory import Fault, ModelUse, Party, Stop, Trajectory, simulator_fault
from toolworld.datasets.verdict import Check, Verdict

__all__ = [
    "Check",
    "Expectation",
    "Fault",
    "ModelUse",
    "Party",
    "Reference",
    "ReferenceCall",
    "Scenario",
    "Shelf",
    "Stop",
    "SynthToolsRow",
    "Task",
    "TaskDraft",
    "Tau2Task",
    "Trajectory",
    "Verdict",
    "chat_tools",
    "expect",
    "from_synthtools",
    "import_tau2_task",
    "left_out",
    "load_shelf",
    "load_tasks",
    "pack_tasks",
    "read_synthtools",
    "read_tau2_tasks",
    "recorded_value",
    "recover",
    "run_reference",
    "simulator_fault",
    "to_chat",
    "to_synthtools",
    "under_faults",
    "work_out",
]
