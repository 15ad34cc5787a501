"""Records at rest: tasks, trajectories and verdicts, the formats of other projects, and how good a dataset is."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
from toolworld.datasets.formats.openai_chat import ChatForm, from_chat, functions_of, to_chat
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
from toolworld.datasets.suite.conditions import Split, needs_user, split_of
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
from toolworld.datasets.trials.comparison import compare, read_verdicts, sign_test
from toolworld.datasets.trials.difficulty import difficulty_of, wilson_interval
from toolworld.datasets.trials.interval import Estimate, mean_with_interval
from toolworld.datasets.trials.pass_rates import PassRates, TrialCounts, pass_rates, shown_ks
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

if TYPE_CHECKING:
    from toolworld.datasets.agora_bench.bench import Comparison, InContext, TrainedScores, compare_generators
    from toolworld.datasets.agora_bench.gap import GapRecovered, gap_recovered, pgr
    from toolworld.datasets.agora_bench.generator_rows import GeneratorRows, read_generator
    from toolworld.datasets.agora_bench.intrinsic import Instruments
    from toolworld.datasets.agora_bench.page import bench_page
    from toolworld.datasets.agora_bench.report import BETTER, BenchReport, GeneratorReport
    from toolworld.datasets.agora_bench.scores import read_scores
    from toolworld.datasets.evaluation.evaluate import (
        MOST_SAMPLES,
        Evaluation,
        EvaluationOptions,
        draw_samples,
        evaluate,
    )
    from toolworld.datasets.evaluation.measures.measure import Pillar, Subject
    from toolworld.datasets.evaluation.original.numbers import Numbers, original_numbers
    from toolworld.datasets.evaluation.original.side import original_texts
    from toolworld.datasets.evaluation.page import evaluation_page
    from toolworld.datasets.evaluation.report import EvaluationReport, MeasureResult
    from toolworld.datasets.evaluation.rules import call_forms, output_form
    from toolworld.datasets.evaluation.sample_set import sample_order, texts_of
    from toolworld.datasets.evaluation.vectors import VectorTable, read_vectors, text_key
    from toolworld.datasets.generation.demonstrations import Choice, Order
    from toolworld.datasets.generation.domains.domain import DOMAINS, Checks, Domain, known_domain
    from toolworld.datasets.generation.domains.ready import PromptSettings, agora_for
    from toolworld.datasets.generation.domains.shapes import read_objects, read_rows
    from toolworld.datasets.generation.loaders.instances import (
        InstanceGenerationPromptLoader,
        JSONPromptLoader,
        ThemeBasedInstanceGenerationPromptLoader,
    )
    from toolworld.datasets.generation.loaders.rows import (
        QualityEnhancementPromptLoader,
        ResponseGenerationPromptLoader,
        load_prompt_loader,
    )
    from toolworld.datasets.generation.mathematics.arithmetic import wrong_calculations
    from toolworld.datasets.generation.mathematics.equality import same_answer
    from toolworld.datasets.generation.mathematics.final_answer import final_answers
    from toolworld.datasets.generation.parsers.replies import (
        InstanceGenerationParser,
        JSONParser,
        QualityEnhancementParser,
        ResponseGenerationParser,
    )
    from toolworld.datasets.generation.parts import (
        BasePromptLoader,
        Demonstration,
        Draw,
        Instance,
        Ok,
        Outcome,
        Parser,
        PromptLoader,
        PromptResult,
        Reject,
        SeedRow,
        Validator,
    )
    from toolworld.datasets.generation.runner.agora import Agora
    from toolworld.datasets.generation.runner.candidate import RejectedReply
    from toolworld.datasets.generation.runner.config import AgoraConfig, GenerationMethod
    from toolworld.datasets.generation.runner.model_forms import LLM, VLLM, LiteLLM, NamedModel, OpenAILLM
    from toolworld.datasets.generation.runner.output import GeneratedRows, OutputPaths
    from toolworld.datasets.generation.runner.page import run_page
    from toolworld.datasets.generation.runner.preview import Previewed, preview
    from toolworld.datasets.generation.runner.progress import OnProgress, Progress, progress_line
    from toolworld.datasets.generation.runner.readiness import Readiness, readiness
    from toolworld.datasets.generation.runner.summary import GenerationSummary
    from toolworld.datasets.generation.training.export import TrainingExport, export_training
    from toolworld.datasets.generation.training.shapes import TrainingShape
    from toolworld.datasets.generation.validators.code import CodeValidator
    from toolworld.datasets.generation.validators.combined import AllOf
    from toolworld.datasets.generation.validators.mathematics import MathValidator
    from toolworld.datasets.generation.validators.text import GeneralValidator
    from toolworld.datasets.hygiene.card import Lineage, data_card, licence_beside, made_beside
    from toolworld.datasets.hygiene.contamination import Contamination, contamination, leaks, request_of
    from toolworld.datasets.hygiene.deduplication import Deduplication, deduplicate
    from toolworld.datasets.hygiene.near_duplicates import THRESHOLDS, By, groups_of, near_pairs, parts_of, word_parts
    from toolworld.datasets.hygiene.splits import split_samples
    from toolworld.datasets.metrics.agents import DownstreamMeasures, downstream, downstream_of_tasks
    from toolworld.datasets.metrics.attributes import attribute_entropy, words_found
    from toolworld.datasets.metrics.distances import total_variation, wasserstein
    from toolworld.datasets.metrics.frechet import frechet_distance, kernel_distance
    from toolworld.datasets.metrics.neighbours import precision_recall
    from toolworld.datasets.metrics.pair_similarity import pair_cosines
    from toolworld.datasets.metrics.perplexity import perplexities
    from toolworld.datasets.metrics.repetition import repeated_share
    from toolworld.datasets.metrics.tool_planning import planning_distance
    from toolworld.datasets.metrics.vendi import vendi_of_edits, vendi_of_kernel, vendi_of_parts, vendi_of_vectors
    from toolworld.datasets.metrics.word_vectors import mean_distance, word_vectors
    from toolworld.datasets.perturbation.methods import METHODS, Method, PerturbationOptions, perturb
    from toolworld.datasets.perturbation.perturbed import PerturbationRecord, Perturbed
    from toolworld.datasets.perturbation.sanity import SanityReport, SanityResult, check_sanity
    from toolworld.datasets.perturbation.sweep import Sweep, SweepPoint, sweep, trend_of, write_perturbed
    from toolworld.datasets.perturbation.sweep_page import sweep_page
    from toolworld.datasets.samples.attributes import Categories, read_categories
    from toolworld.datasets.samples.code import calls_in_code, code_of
    from toolworld.datasets.samples.reading import Dataset, ReadOptions, read_dataset, sample_row
    from toolworld.datasets.samples.sample import Layout, Sample, Turn, with_checks
    from toolworld.datasets.training_export.files import LinesOfRows, write_rows
    from toolworld.datasets.training_export.inspect_log import export_inspect
    from toolworld.datasets.training_export.nemo_gym_folder import export_nemo_gym
    from toolworld.datasets.training_export.openenv_folder import export_openenv, openenv_manifest
    from toolworld.datasets.training_export.parquet_file import ParquetRows
    from toolworld.datasets.training_export.rows import chat_row, run_row, sharegpt_row, task_row
    from toolworld.datasets.training_export.selection import JudgedRun, Only, Selection, judged_runs

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
    "needs_user",
    "Split",
    "split_of",
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
    "PassRates",
    "shown_ks",
    "Estimate",
    "compare",
    "sign_test",
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
    # rows and folders for trainers
    "LinesOfRows",
    "write_rows",
    "export_inspect",
    "export_nemo_gym",
    "export_openenv",
    "openenv_manifest",
    "ParquetRows",
    "chat_row",
    "run_row",
    "sharegpt_row",
    "task_row",
    "JudgedRun",
    "Only",
    "Selection",
    "judged_runs",
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
    "ChatForm",
    "functions_of",
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
    # samples of any dataset, and how good one is beside another
    "Sample",
    "Turn",
    "Layout",
    "Dataset",
    "ReadOptions",
    "read_dataset",
    "sample_row",
    "Categories",
    "read_categories",
    "calls_in_code",
    "code_of",
    "VectorTable",
    "read_vectors",
    "text_key",
    "original_numbers",
    "original_texts",
    "Numbers",
    "evaluate",
    "Evaluation",
    "EvaluationOptions",
    "MeasureResult",
    "EvaluationReport",
    "texts_of",
    "MOST_SAMPLES",
    "Subject",
    "Pillar",
    "sample_order",
    "draw_samples",
    "evaluation_page",
    "wasserstein",
    "total_variation",
    "precision_recall",
    "frechet_distance",
    "kernel_distance",
    "pair_cosines",
    "planning_distance",
    "vendi_of_kernel",
    "vendi_of_vectors",
    "vendi_of_edits",
    "vendi_of_parts",
    "words_found",
    "attribute_entropy",
    "downstream",
    "DownstreamMeasures",
    "repeated_share",
    # made worse on purpose, and kept clean
    "Method",
    "METHODS",
    "PerturbationOptions",
    "perturb",
    "Perturbed",
    "PerturbationRecord",
    "Sweep",
    "sweep_page",
    "SweepPoint",
    "sweep",
    "trend_of",
    "write_perturbed",
    "SanityReport",
    "SanityResult",
    "check_sanity",
    "deduplicate",
    "Deduplication",
    "contamination",
    "Contamination",
    "leaks",
    "request_of",
    "split_samples",
    "data_card",
    "Lineage",
    "licence_beside",
    "made_beside",
    "By",
    "near_pairs",
    "parts_of",
    "word_parts",
    "groups_of",
    "THRESHOLDS",
    "downstream_of_tasks",
    "with_checks",
    "call_forms",
    "output_form",
    # rows that a model generates, and generators compared
    "Agora",
    "AgoraConfig",
    "GenerationMethod",
    "OpenAILLM",
    "VLLM",
    "LiteLLM",
    "NamedModel",
    "GeneratedRows",
    "OutputPaths",
    "GenerationSummary",
    "Progress",
    "OnProgress",
    "progress_line",
    "preview",
    "Previewed",
    "readiness",
    "Readiness",
    "run_page",
    "RejectedReply",
    "PromptResult",
    "Instance",
    "Ok",
    "Reject",
    "Draw",
    "Demonstration",
    "PromptLoader",
    "Parser",
    "Validator",
    "Choice",
    "Order",
    "InstanceGenerationPromptLoader",
    "ThemeBasedInstanceGenerationPromptLoader",
    "JSONPromptLoader",
    "ResponseGenerationPromptLoader",
    "QualityEnhancementPromptLoader",
    "load_prompt_loader",
    "InstanceGenerationParser",
    "ResponseGenerationParser",
    "QualityEnhancementParser",
    "JSONParser",
    "GeneralValidator",
    "MathValidator",
    "CodeValidator",
    "AllOf",
    "same_answer",
    "wrong_calculations",
    "final_answers",
    "Checks",
    "Domain",
    "DOMAINS",
    "agora_for",
    "known_domain",
    "LLM",
    "BasePromptLoader",
    "read_objects",
    "Outcome",
    "SeedRow",
    "PromptSettings",
    "read_rows",
    "export_training",
    "TrainingExport",
    "TrainingShape",
    "pgr",
    "gap_recovered",
    "GapRecovered",
    "read_scores",
    "read_generator",
    "GeneratorRows",
    "Instruments",
    "compare_generators",
    "Comparison",
    "TrainedScores",
    "InContext",
    "BenchReport",
    "GeneratorReport",
    "BETTER",
    "bench_page",
    "mean_distance",
    "word_vectors",
    "perplexities",
]

_LOADED_LATER = {
    "LinesOfRows": "training_export.files",
    "write_rows": "training_export.files",
    "export_inspect": "training_export.inspect_log",
    "export_nemo_gym": "training_export.nemo_gym_folder",
    "export_openenv": "training_export.openenv_folder",
    "openenv_manifest": "training_export.openenv_folder",
    "ParquetRows": "training_export.parquet_file",
    "chat_row": "training_export.rows",
    "run_row": "training_export.rows",
    "sharegpt_row": "training_export.rows",
    "task_row": "training_export.rows",
    "JudgedRun": "training_export.selection",
    "Only": "training_export.selection",
    "Selection": "training_export.selection",
    "judged_runs": "training_export.selection",
    "MOST_SAMPLES": "evaluation.evaluate",
    "Subject": "evaluation.measures.measure",
    "Pillar": "evaluation.measures.measure",
    "sample_order": "evaluation.sample_set",
    "draw_samples": "evaluation.evaluate",
    "Method": "perturbation.methods",
    "METHODS": "perturbation.methods",
    "PerturbationOptions": "perturbation.methods",
    "perturb": "perturbation.methods",
    "Perturbed": "perturbation.perturbed",
    "PerturbationRecord": "perturbation.perturbed",
    "Sweep": "perturbation.sweep",
    "sweep_page": "perturbation.sweep_page",
    "SweepPoint": "perturbation.sweep",
    "sweep": "perturbation.sweep",
    "trend_of": "perturbation.sweep",
    "write_perturbed": "perturbation.sweep",
    "SanityReport": "perturbation.sanity",
    "SanityResult": "perturbation.sanity",
    "check_sanity": "perturbation.sanity",
    "deduplicate": "hygiene.deduplication",
    "Deduplication": "hygiene.deduplication",
    "contamination": "hygiene.contamination",
    "Contamination": "hygiene.contamination",
    "leaks": "hygiene.contamination",
    "request_of": "hygiene.contamination",
    "split_samples": "hygiene.splits",
    "data_card": "hygiene.card",
    "Lineage": "hygiene.card",
    "licence_beside": "hygiene.card",
    "made_beside": "hygiene.card",
    "By": "hygiene.near_duplicates",
    "near_pairs": "hygiene.near_duplicates",
    "parts_of": "hygiene.near_duplicates",
    "word_parts": "hygiene.near_duplicates",
    "groups_of": "hygiene.near_duplicates",
    "THRESHOLDS": "hygiene.near_duplicates",
    "downstream_of_tasks": "metrics.agents",
    "with_checks": "samples.sample",
    "call_forms": "evaluation.rules",
    "output_form": "evaluation.rules",
    "Sample": "samples.sample",
    "Turn": "samples.sample",
    "Layout": "samples.sample",
    "Dataset": "samples.reading",
    "ReadOptions": "samples.reading",
    "read_dataset": "samples.reading",
    "sample_row": "samples.reading",
    "Categories": "samples.attributes",
    "read_categories": "samples.attributes",
    "calls_in_code": "samples.code",
    "code_of": "samples.code",
    "VectorTable": "evaluation.vectors",
    "read_vectors": "evaluation.vectors",
    "text_key": "evaluation.vectors",
    "original_numbers": "evaluation.original.numbers",
    "original_texts": "evaluation.original.side",
    "Numbers": "evaluation.original.numbers",
    "evaluate": "evaluation.evaluate",
    "Evaluation": "evaluation.evaluate",
    "EvaluationOptions": "evaluation.evaluate",
    "MeasureResult": "evaluation.report",
    "EvaluationReport": "evaluation.report",
    "texts_of": "evaluation.sample_set",
    "evaluation_page": "evaluation.page",
    "wasserstein": "metrics.distances",
    "total_variation": "metrics.distances",
    "precision_recall": "metrics.neighbours",
    "frechet_distance": "metrics.frechet",
    "kernel_distance": "metrics.frechet",
    "pair_cosines": "metrics.pair_similarity",
    "planning_distance": "metrics.tool_planning",
    "vendi_of_kernel": "metrics.vendi",
    "vendi_of_vectors": "metrics.vendi",
    "vendi_of_edits": "metrics.vendi",
    "vendi_of_parts": "metrics.vendi",
    "words_found": "metrics.attributes",
    "attribute_entropy": "metrics.attributes",
    "downstream": "metrics.agents",
    "DownstreamMeasures": "metrics.agents",
    "repeated_share": "metrics.repetition",
    "Agora": "generation.runner.agora",
    "AgoraConfig": "generation.runner.config",
    "GenerationMethod": "generation.runner.config",
    "OpenAILLM": "generation.runner.model_forms",
    "VLLM": "generation.runner.model_forms",
    "LLM": "generation.runner.model_forms",
    "BasePromptLoader": "generation.parts",
    "LiteLLM": "generation.runner.model_forms",
    "NamedModel": "generation.runner.model_forms",
    "GeneratedRows": "generation.runner.output",
    "OutputPaths": "generation.runner.output",
    "GenerationSummary": "generation.runner.summary",
    "Progress": "generation.runner.progress",
    "OnProgress": "generation.runner.progress",
    "progress_line": "generation.runner.progress",
    "preview": "generation.runner.preview",
    "Previewed": "generation.runner.preview",
    "readiness": "generation.runner.readiness",
    "Readiness": "generation.runner.readiness",
    "run_page": "generation.runner.page",
    "RejectedReply": "generation.runner.candidate",
    "PromptResult": "generation.parts",
    "Instance": "generation.parts",
    "Ok": "generation.parts",
    "Reject": "generation.parts",
    "Outcome": "generation.parts",
    "SeedRow": "generation.parts",
    "Draw": "generation.parts",
    "Demonstration": "generation.parts",
    "PromptLoader": "generation.parts",
    "Parser": "generation.parts",
    "Validator": "generation.parts",
    "Choice": "generation.demonstrations",
    "Order": "generation.demonstrations",
    "InstanceGenerationPromptLoader": "generation.loaders.instances",
    "ThemeBasedInstanceGenerationPromptLoader": "generation.loaders.instances",
    "JSONPromptLoader": "generation.loaders.instances",
    "ResponseGenerationPromptLoader": "generation.loaders.rows",
    "QualityEnhancementPromptLoader": "generation.loaders.rows",
    "load_prompt_loader": "generation.loaders.rows",
    "InstanceGenerationParser": "generation.parsers.replies",
    "ResponseGenerationParser": "generation.parsers.replies",
    "QualityEnhancementParser": "generation.parsers.replies",
    "JSONParser": "generation.parsers.replies",
    "GeneralValidator": "generation.validators.text",
    "MathValidator": "generation.validators.mathematics",
    "CodeValidator": "generation.validators.code",
    "AllOf": "generation.validators.combined",
    "same_answer": "generation.mathematics.equality",
    "wrong_calculations": "generation.mathematics.arithmetic",
    "final_answers": "generation.mathematics.final_answer",
    "Checks": "generation.domains.domain",
    "Domain": "generation.domains.domain",
    "DOMAINS": "generation.domains.domain",
    "known_domain": "generation.domains.domain",
    "agora_for": "generation.domains.ready",
    "PromptSettings": "generation.domains.ready",
    "read_rows": "generation.domains.shapes",
    "read_objects": "generation.domains.shapes",
    "export_training": "generation.training.export",
    "TrainingExport": "generation.training.export",
    "TrainingShape": "generation.training.shapes",
    "pgr": "agora_bench.gap",
    "gap_recovered": "agora_bench.gap",
    "GapRecovered": "agora_bench.gap",
    "read_scores": "agora_bench.scores",
    "read_generator": "agora_bench.generator_rows",
    "GeneratorRows": "agora_bench.generator_rows",
    "Instruments": "agora_bench.intrinsic",
    "compare_generators": "agora_bench.bench",
    "Comparison": "agora_bench.bench",
    "TrainedScores": "agora_bench.bench",
    "InContext": "agora_bench.bench",
    "BenchReport": "agora_bench.report",
    "GeneratorReport": "agora_bench.report",
    "BETTER": "agora_bench.report",
    "bench_page": "agora_bench.page",
    "word_vectors": "metrics.word_vectors",
    "mean_distance": "metrics.word_vectors",
    "perplexities": "metrics.perplexity",
}
"""What needs numpy, or is large, and takes longer to load than the rest."""


def __getattr__(name: str) -> Any:
    if name not in _LOADED_LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LOADED_LATER[name]}"), name)
