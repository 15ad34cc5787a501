"""Records at rest: tasks, trajectories and verdicts, and the formats of other projects."""

from toolworld.datasets.fact import (
    FACT_FORMS,
    Anchor,
    AnswerFact,
    AnyFact,
    DateFact,
    DurationFact,
    EmailFact,
    Fact,
    Facts,
    IdFact,
    Money,
    MoneyFact,
    NameFact,
    NumberFact,
    PercentFact,
    PhoneFact,
    SaysFact,
    Secret,
    TextFact,
    TimeFact,
    ValueFact,
    fact_of,
    statements,
    value_facts,
    wording_of,
)
from toolworld.datasets.formats.conversations import (
    ConversationCall,
    ConversationMessage,
    ConversationRecord,
    clarifications_in,
    grounding_rate,
    read_conversations,
    to_conversation,
)
from toolworld.datasets.formats.openai_chat import export_chat, from_chat, to_chat
from toolworld.datasets.formats.sharegpt import to_sharegpt
from toolworld.datasets.formats.synthtools import from_synthtools, import_synthtools_file, to_synthtools
from toolworld.datasets.formats.synthtools_tasks import import_synthtools_tasks
from toolworld.datasets.formats.tau2 import (
    Tau2Task,
    import_tau2_task,
    read_tau2_tasks,
    recorded_value,
)
from toolworld.datasets.formats.tau2_published import PublishedTask, Tau2Import, import_tau2_folder
from toolworld.datasets.metrics.diversity import coverage, entropy, evenness, jaccard_dissimilarity
from toolworld.datasets.metrics.tasks import Spread, TaskMetrics, TaskStatistics
from toolworld.datasets.mutations.calls import (
    changed_arguments,
    with_more_arguments,
    with_other_entities,
    without_arguments,
    without_call,
)
from toolworld.datasets.mutations.facts import other_facts
from toolworld.datasets.mutations.paraphrases import paraphrases, proposals, value_forms
from toolworld.datasets.mutations.values import equal_value
from toolworld.datasets.suite.audit import task_findings, told_findings
from toolworld.datasets.suite.loading import load_suite, save_suite
from toolworld.datasets.suite.task_suite import TaskSuite
from toolworld.datasets.suite.under_faults import plain_task, plain_tool_names, suite_under_faults
from toolworld.datasets.task import (
    GroundTruth,
    Reaction,
    ReferenceCall,
    Scenario,
    Task,
    TaskDifficulty,
    TaskOrigin,
    Tier,
)
from toolworld.datasets.trajectory import (
    Blame,
    BlamedParty,
    EpisodeRecord,
    Exchange,
    ModelUse,
    StopReason,
    Trajectory,
    blame_simulator,
    exchanges_of,
    latest_runs,
    run_key,
    run_name,
)
from toolworld.datasets.trials.comparison import compare, read_verdicts
from toolworld.datasets.trials.difficulty import difficulty_of, wilson_interval
from toolworld.datasets.trials.interval import Estimate, mean_with_interval
from toolworld.datasets.trials.pass_rates import TrialCounts, pass_rates, shown_ks
from toolworld.datasets.truth.draft import (
    DRAFTS,
    DraftCall,
    TaskDraft,
    complete_draft,
    drafts_schema,
    drafts_without_programs,
)
from toolworld.datasets.truth.lineage import ArgumentLineage, ArgumentSource, lineage_of
from toolworld.datasets.truth.recovery import rederive_under_faults
from toolworld.datasets.truth.reference import ReferenceRun, derive_truth, run_reference
from toolworld.datasets.truth.references import has_references, referred_calls, reordered, resolved_call, with_results
from toolworld.datasets.verdict import ChangePair, CheckOutcome, CheckResult, Evidence, EvidenceKind, Verdict

__all__ = [
    "mean_with_interval",
    "TaskDifficulty",
    "Tier",
    "difficulty_of",
    "wilson_interval",
    "Spread",
    "TaskMetrics",
    "TaskStatistics",
    "coverage",
    "entropy",
    "evenness",
    "jaccard_dissimilarity",
    # tasks
    "Task",
    "Scenario",
    "Reaction",
    "ReferenceCall",
    "GroundTruth",
    "TaskSuite",
    "load_suite",
    "task_findings",
    "told_findings",
    "save_suite",
    "plain_task",
    "plain_tool_names",
    "suite_under_faults",
    # what a user must be told
    "Fact",
    "Facts",
    "FACT_FORMS",
    "ValueFact",
    "DateFact",
    "TimeFact",
    "Money",
    "MoneyFact",
    "NumberFact",
    "PercentFact",
    "DurationFact",
    "IdFact",
    "NameFact",
    "TextFact",
    "PhoneFact",
    "EmailFact",
    "AnswerFact",
    "SaysFact",
    "AnyFact",
    "Secret",
    "Anchor",
    "fact_of",
    "wording_of",
    "value_facts",
    "statements",
    # their ground truth
    "TaskDraft",
    "DraftCall",
    "complete_draft",
    "drafts_schema",
    "DRAFTS",
    "drafts_without_programs",
    "derive_truth",
    "run_reference",
    "ReferenceRun",
    "has_references",
    "referred_calls",
    "lineage_of",
    "ArgumentLineage",
    "ArgumentSource",
    "TaskOrigin",
    "resolved_call",
    "with_results",
    "rederive_under_faults",
    # trajectories
    "Trajectory",
    "EpisodeRecord",
    "Exchange",
    "exchanges_of",
    "StopReason",
    "Blame",
    "BlamedParty",
    "ModelUse",
    "run_name",
    "run_key",
    "latest_runs",
    "blame_simulator",
    # verdicts
    "Verdict",
    "CheckResult",
    "CheckOutcome",
    "Evidence",
    "EvidenceKind",
    "ChangePair",
    # repeated runs
    "TrialCounts",
    "pass_rates",
    "shown_ks",
    "Estimate",
    "compare",
    "read_verdicts",
    # mutations
    "equal_value",
    "paraphrases",
    "proposals",
    "reordered",
    "value_forms",
    "with_more_arguments",
    "with_other_entities",
    "without_arguments",
    "without_call",
    "changed_arguments",
    "other_facts",
    # formats of other projects
    "clarifications_in",
    "grounding_rate",
    "to_chat",
    "to_conversation",
    "read_conversations",
    "ConversationCall",
    "ConversationMessage",
    "ConversationRecord",
    "to_sharegpt",
    "from_chat",
    "export_chat",
    "from_synthtools",
    "to_synthtools",
    "import_synthtools_file",
    "Tau2Task",
    "read_tau2_tasks",
    "import_tau2_task",
    "import_synthtools_tasks",
    "import_tau2_folder",
    "Tau2Import",
    "PublishedTask",
    "recorded_value",
]
