"""The model of a configuration, in each of its roles."""

from collections.abc import Mapping

from toolworld.ground import UsageError
from toolworld.llm import Models
from toolworld.rollout import SynthesisConfig, SynthesisModels


def model_name(config: SynthesisConfig) -> str | None:
    """The model as toolworld names models; None where none is asked.

    Raises:
        UsageError: `base_url` says where a model is that has a place of its own.
    """
    name = config.model_name
    if name is None or name == "local" or name.startswith(("scripted:", "http://", "https://")):
        if config.base_url:
            raise UsageError(f"`base_url` does not go with `model_name` {name!r}, which says where the model is")
        return name
    if name.startswith("openai:"):
        return name
    return f"{config.base_url.rstrip('/')}#{name}" if config.base_url else f"openai:{name}"


def with_key(config: SynthesisConfig, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The variables, with the configuration's key and address where models look for them."""
    name = model_name(config) or ""
    is_openai = name.startswith("openai:")
    more = {"OPENAI_BASE_URL": config.base_url} if is_openai and config.base_url else {}
    if config.api_key:
        more["OPENAI_API_KEY" if is_openai else "TOOLWORLD_MODEL_KEY"] = config.api_key
    return {**environ, **more}


async def opened_models(config: SynthesisConfig, models: Models) -> SynthesisModels:
    """The model of a configuration, opened for each role.

    Raises:
        ModelError: there is none of this name, its key is missing, or nobody listens.
    """
    name = model_name(config)
    if name is None:
        return SynthesisModels()
    found = SynthesisModels(
        explorer=await models.get(name, "explorer"),
        writer=await models.get(name, "writer"),
        closed_book=await models.get(name, "solver"),
        solver=await models.get(name, "agent"),
    )
    await models.probe()
    return found
