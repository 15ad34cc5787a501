"""OpenEnv's checks by their ids (policy v2 of OpenEnv 0.10), and why some of them are not answered here."""

from typing import NamedTuple

from toolworld.server.validation.report import Status


class Listed(NamedTuple):
    """A check as the policy lists it."""

    check_id: str
    level: int
    severity: str


_LEVELS = {
    1: "static.manifest static.reproducible_build static.image_hygiene:warn static.layout:warn static.sbom "
    "static.oci_labels static.resource_declaration static.timeout_ceiling static.dependency_pinning "
    "static.task_distribution_pinning hub.layer_isolation:warn hub.cosign_signature:warn hub.immutable_versioning",
    2: "runtime.startup runtime.reward_well_formed runtime.rubric_introspectable:warn runtime.observation_schema "
    "runtime.state_contract runtime.trajectory_record:warn runtime.reward_attribution:warn "
    "runtime.tool_declaration_accuracy runtime.task_declaration_accuracy runtime.seed_control "
    "runtime.episode_determinism runtime.network_policy runtime.host_containment runtime.resource_bounds "
    "runtime.episode_isolation runtime.oracle_containment hub.time_to_first_work:warn hub.cross_host_determinism",
    3: "semantic.oracle_max semantic.floor_gap semantic.canary_floor semantic.no_solution_leakage "
    "semantic.verifier_determinism semantic.verifier_portability semantic.resource_envelope semantic.replayability",
    4: "statistical.reward_reachability statistical.difficulty_separation statistical.headroom:warn "
    "statistical.variance_bound statistical.training_signal:advisory statistical.adversarial_floor "
    "statistical.gameability_gap:warn",
}
LISTED = tuple(
    Listed(name.partition(":")[0], level, name.partition(":")[2] or "fail")
    for level, names in _LEVELS.items()
    for name in names.split()
)
"""All 46, in the order of their levels."""

_IMAGE = "it is of an image, and an environment is data that one image of toolworld serves with all others"
_HUB = "it is the hub's, of what was published there"
_AGENTS = "it needs agents of several strengths: `toolworld run` plays them, `toolworld tasks measure` compares them"
ELSEWHERE: dict[str, tuple[Status, str]] = {
    **{
        f"static.{name}": ("not_applicable", _IMAGE)
        for name in ("reproducible_build", "image_hygiene", "layout", "sbom", "oci_labels")
    },
    **{
        f"hub.{name}": ("not_applicable", _HUB)
        for name in ("layer_isolation", "cosign_signature", "immutable_versioning", "time_to_first_work")
    },
    "hub.cross_host_determinism": ("not_run", "it needs two hosts; digests of runs are the same on any"),
    **{
        f"statistical.{name}": ("not_run", _AGENTS) for name in ("difficulty_separation", "headroom", "training_signal")
    },
    "statistical.gameability_gap": ("not_run", "it needs an agent that looks for ways around"),
}
"""The checks that are not answered here, and why."""
