"""Models in every form in which users have them: by name, of toolworld, in Agora's form, or a plain function."""

import inspect
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import anyio.to_thread

from toolworld.datasets.generation.runner.config import AgoraConfig
from toolworld.ground import ModelError, UsageError, reason_of
from toolworld.llm import (
    Completion,
    Model,
    Models,
    Request,
    RetryPolicy,
    Role,
    Usage,
    load_prices,
    open_models,
    parse_budget,
)


@dataclass(frozen=True)
class NamedModel:
    """A model that is opened when a run begins.

    Args:
        model_name: Its name, as toolworld names models.
        environ: Variables beside those of the process: keys and addresses.
    """

    model_name: str
    environ: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class LLM(Protocol):
    """A model in Agora's form: others derive theirs from it."""

    def chat(self, messages: list[dict[str, str]], **sampling: Any) -> Any:
        """A chat completion, or its text."""
        ...


def OpenAILLM(model_name: str, api_key: str | None = None, api_base: str | None = None) -> NamedModel:  # noqa: N802
    """A hosted model, in Agora's form; the key is by default in OPENAI_API_KEY."""
    given = {"OPENAI_API_KEY": api_key, "OPENAI_BASE_URL": api_base}
    return NamedModel(f"openai:{model_name}", {name: value for name, value in given.items() if value})


def VLLM(model_name: str, api_key: str | None = None, api_base: str = "http://127.0.0.1:7000/v1") -> NamedModel:  # noqa: N802
    """A model behind an OpenAI-compatible endpoint such as vLLM's, in Agora's form."""
    return NamedModel(f"{api_base.rstrip('/')}#{model_name}", {"TOOLWORLD_MODEL_KEY": api_key} if api_key else {})


def LiteLLM(  # noqa: N802
    model_name: str, api_key: str | None = None, remove_stop: bool = False, api_base: str | None = None
) -> NamedModel:
    """A model in Agora's form for LiteLLM: at `api_base`, or of OpenAI. `stop` is left out anyway where it is refused.

    Raises:
        UsageError: it is of another provider, without an OpenAI-compatible address.
    """
    provider, _, name = model_name.rpartition("/")
    if api_base:
        return VLLM(name, api_key, api_base)
    if provider in ("", "openai"):
        return OpenAILLM(name, api_key)
    raise UsageError(
        f"{model_name}: toolworld asks OpenAI-compatible endpoints; give the one of {provider} as api_base"
    )


@asynccontextmanager
async def opened_model(
    llm: Any, config: AgoraConfig, environ: Mapping[str, str], concurrency: int, role: Role = "generator"
) -> AsyncGenerator[tuple[Model, Models]]:
    """Open a model in any form, counted in a ledger and held to the budget.

    Raises:
        ModelError: there is no such model.
        UsageError: it is none.
    """
    budget = parse_budget(config.budget) if config.budget else None
    prices = load_prices(config.prices) if config.prices else None
    # As many requests as are asked for at a time, and begun without a pause: they differ, and come from one place.
    policy = RetryPolicy(config.call_seconds, concurrency=concurrency, spacing=0)
    named: Any = NamedModel(llm) if isinstance(llm, str) else llm
    more: Mapping[str, str] = named.environ if isinstance(named, NamedModel) else {}
    async with open_models({**environ, **more}, "agora", None, budget, prices, policy) as models:
        if isinstance(named, NamedModel):
            yield await models.get(named.model_name, role), models
        else:
            yield models.metered(as_model(named), role), models


def as_model(llm: Any) -> Model:
    """An object or a function as a model.

    Raises:
        UsageError: it is none.
    """
    if callable(getattr(llm, "complete", None)):
        return cast(Model, llm)
    if callable(getattr(llm, "chat", None)):
        return _ForeignModel(str(getattr(llm, "model_name", type(llm).__name__)), llm.chat, as_arguments=True)
    if callable(llm):
        return _ForeignModel(getattr(llm, "__name__", "function"), llm, as_arguments=False)
    raise UsageError(
        "`llm` is a name (openai:NAME, http://HOST/v1#NAME, local, scripted:FILE), a model of toolworld, an object "
        f"with `chat`, or a function of the messages; it is {type(llm).__name__}"
    )


@dataclass(slots=True)
class _ForeignModel:
    """A model in Agora's form, `chat(messages, **sampling)`, or a function of the messages; async or not."""

    name: str
    chat: Callable[..., Any]
    as_arguments: bool
    """Whether sampling parameters are passed."""
    is_small: bool = False

    async def complete(self, request: Request) -> Completion:
        """Ask it once.

        Raises:
            ModelError: it raises, or answers in another form.
        """
        messages = [{"role": one.role, "content": one.content or ""} for one in request.messages]
        sampling: dict[str, Any] = {}
        if self.as_arguments:
            sampling = {"max_tokens": request.max_tokens, "temperature": request.temperature, **dict(request.sampling)}
        try:
            if inspect.iscoroutinefunction(self.chat):
                answer = await self.chat(messages, **sampling)
            else:
                answer = await anyio.to_thread.run_sync(lambda: self.chat(messages, **sampling))
                answer = await answer if inspect.isawaitable(answer) else answer
        except ModelError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever a stranger's client raises
            raise ModelError(f"{self.name} does not answer: {reason_of(problem)}") from None
        return _read(answer, self.name, request)


def _read(answer: Any, name: str, request: Request) -> Completion:
    """An answer as text, or in the form of OpenAI's, as an object or as dicts."""
    if isinstance(answer, str):
        return _completion(answer, "stop", name, Usage(completions=1), request)
    choice = _field(_field(answer, "choices", [None])[0], "message", None)
    text = _field(choice, "content", None)
    if not isinstance(text, str):
        raise ModelError(f"{name} answers with neither a text nor a chat completion")
    finish = _field(_field(answer, "choices", [None])[0], "finish_reason", "stop")
    used = _field(answer, "usage", None)
    prompt, completion = (_field(used, key, 0) or 0 for key in ("prompt_tokens", "completion_tokens"))
    usage = Usage(completions=1, prompt_tokens=int(prompt), completion_tokens=int(completion))
    return _completion(text, str(finish), name, usage, request)


def _completion(text: str, finish: str, name: str, usage: Usage, request: Request) -> Completion:
    value, problem = request.response_format.read(text) if request.response_format else (None, None)
    ended = "length" if finish == "length" else "filter" if finish == "content_filter" else "stop"
    return Completion(text=text, value=value, problem=problem, finish=ended, model=name, usage=usage)


def _field(holder: Any, name: str, default: Any) -> Any:
    if isinstance(holder, Mapping):
        return cast("Mapping[str, Any]", holder).get(name, default)
    return getattr(holder, name, default)
