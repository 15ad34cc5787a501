"""One candidate: a prompt, the reply to it, and what is read and checked."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import anyio

from toolworld.datasets.generation.parts import Demonstration, Draw, Instance, Ok, Outcome, PromptResult, Reject
from toolworld.datasets.generation.runner.config import AgoraConfig
from toolworld.datasets.generation.runner.preparing import PromptSource, parsed
from toolworld.datasets.generation.runner.replies import ReplyLog, check_key
from toolworld.datasets.generation.runner.sampling import Sampling
from toolworld.datasets.generation.validators.combined import validated
from toolworld.ground import EncodingError, JsonObject, ModelError, Record, encode
from toolworld.llm import Completion, Message, Model, Request, ResponseFormat, Usage

_MOST_CHARACTERS, _SHOWN_CHARACTERS = 200_000, 20_000
"""Of a longer reply nothing is read; of any that is rejected so many are written down."""


class RejectedReply(Record):
    """A reply that was not accepted: a line of the file beside the rows."""

    candidate: int
    """The number of the candidate, or of the row."""
    attempt: int
    reason: str
    detail: str
    reply: str
    metadata: JsonObject


@dataclass(slots=True)
class Tried:
    """What came of a candidate."""

    instance: Instance | None = None
    metadata: dict[str, Any] = field(default_factory=dict[str, Any])
    model: str = ""
    prompt: str = ""
    """The first prompt."""
    reply: str = ""
    """The reply that the instance was read from."""
    rejected: list[RejectedReply] = field(default_factory=list[RejectedReply])
    replies: int = 0
    from_log: int = 0
    """Replies that were in the log."""
    usage: Usage = field(default_factory=Usage)
    has_ended: bool = False
    """Whether there are no more rows."""
    failure: ModelError | None = None
    """Why the model did not answer."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a run, ready."""

    source: PromptSource
    parser: Any
    validator: Any
    formats: Mapping[str, str]
    sampling: Sampling
    config: AgoraConfig

    @property
    def response_format(self) -> ResponseFormat | None:
        """The format that replies are asked for in, if the parser wants one."""
        return getattr(self.parser, "response_format", None)


class CandidateMaker:
    """Makes candidates.

    Args:
        parts: The parts.
        model: The model.
        identity: What the model is called in the log: more than its name, where that may mean another one later.
        log: Where replies are kept.
        probe: Finds out whether somebody listens, before the first request that is not in the log.
    """

    def __init__(
        self, parts: Parts, model: Model, identity: str, log: ReplyLog, probe: Callable[[], Awaitable[None]]
    ) -> None:
        self._parts, self._model, self._identity, self._log = parts, model, identity, log
        self._probe: Callable[[], Awaitable[None]] | None = probe
        self._probing = anyio.Lock()

    async def make(self, index: int, draw_accepted: Sequence[Demonstration]) -> Tried:
        """Try a candidate: once, or where rows are given, until a reply is accepted or no try is left."""
        tried = Tried()
        tries = self._parts.config.max_retries if self._parts.source.takes_index else 1
        for attempt in range(tries):
            name = f"{self._parts.config.seed}/{index}/{attempt}"
            made = self._parts.source.prompt(Draw(index, Random(name), draw_accepted), name)
            if made is None:
                tried.has_ended = True
                return tried
            if isinstance(made, Reject):
                self._reject(tried, index, attempt, made, "")
                continue
            tried.metadata = made.metadata
            tried.prompt = tried.prompt or made.prompt
            if await self._attempt(tried, made, index, attempt):
                return tried
        return tried

    async def _attempt(self, tried: Tried, asked: PromptResult, index: int, attempt: int) -> bool:
        """Ask once, and again with what is wrong where a reply cannot be read; whether an instance was accepted."""
        config = self._parts.config
        seed = (config.seed * 1_000_003 + index * 1_009 + attempt) % 2**31
        request = self._parts.sampling.request(config.system_message, asked.prompt, seed, self._parts.response_format)
        for _ in range(config.corrections + 1):
            try:
                completion = await self._reply(request, tried)
            except ModelError as problem:
                tried.failure = problem
                self._reject(tried, index, attempt, Reject("no_answer", str(problem)), "")
                await anyio.sleep(config.retry_delay)
                return False
            tried.replies += 1
            tried.usage += completion.usage
            outcome = self._read(completion, asked)
            could_be_read = isinstance(outcome, Ok)
            if isinstance(outcome, Ok) and outcome.instance is not None:
                instance = outcome.instance
                outcome = await self._checked(instance, asked.metadata)
                if isinstance(outcome, Ok):
                    tried.instance, tried.model, tried.reply = instance, completion.model, completion.text
                    return True
            if isinstance(outcome, Reject):
                self._reject(tried, index, attempt, outcome, completion.text)
                if could_be_read or outcome.reason == "filtered":
                    return False
                request = _corrected(request, completion.text, outcome)
        return False

    async def _reply(self, request: Request, tried: Tried) -> Completion:
        key = request.key(self._identity)
        kept = self._log.reply(key)
        if kept is not None:
            tried.from_log += 1
            return kept
        async with self._probing:
            if self._probe is not None:
                await self._probe()
                self._probe = None
        completion = plain_completion(await self._model.complete(request))
        self._log.keep_reply(key, completion)
        return completion

    def _read(self, completion: Completion, asked: PromptResult) -> Outcome:
        stop = self._parts.formats.get("stop_phrase")
        if completion.finish == "filter":
            return Reject("filtered", "the endpoint's filter blocked the reply")
        if completion.finish == "length" and not (stop and completion.text.rstrip().endswith(stop)):
            return Reject("cut_off", f"it was cut off at {self._parts.sampling.max_tokens} tokens; be shorter")
        most = getattr(self._parts.parser, "most_characters", _MOST_CHARACTERS)
        if most is not None and len(completion.text) > most:
            return Reject("too_long", f"the reply has {len(completion.text):,} characters, and {most:,} are read")
        # In the shape that was asked for: the text may be in the one that the endpoint's decoder needs.
        has_value = self._parts.response_format is not None and completion.value is not None
        text = encode(completion.value).decode() if has_value else completion.text
        outcome = parsed(self._parts.parser, asked, text, self._parts.formats)
        if isinstance(outcome, Ok):
            return _keepable(outcome.instance)
        return Reject(plain_text(str(outcome.reason)), plain_text(str(outcome.detail)))

    async def _checked(self, instance: Instance, metadata: dict[str, Any]) -> Outcome:
        validator = self._parts.validator
        known = {**metadata, "fields": {**metadata.get("fields", {}), **instance.fields}}
        if not getattr(validator, "remembered", False):
            return await validated(validator, instance, known)
        key = check_key(validator, instance.instruction, instance.response, known["fields"])
        kept = self._log.check(key)
        if kept is None:
            kept = await validated(validator, instance, known)
            self._log.keep_check(key, kept)
        return kept

    def _reject(self, tried: Tried, index: int, attempt: int, why: Reject, reply: str) -> None:
        most = _SHOWN_CHARACTERS if getattr(self._parts.parser, "most_characters", 0) is not None else len(reply)
        tried.rejected.append(
            RejectedReply(
                candidate=index,
                attempt=attempt,
                reason=why.reason,
                detail=why.detail,
                reply=reply if len(reply) <= most else f"{reply[:most]} ...",
                metadata=plain_metadata(tried.metadata),
            )
        )


def plain_metadata(metadata: Mapping[str, Any]) -> JsonObject:
    """The metadata of a prompt as rows have it: without what the row itself says."""
    return {name: value for name, value in metadata.items() if name not in ("instruction", "response", "fields")}


def plain_text(text: str) -> str:
    """A text that can be written as UTF-8: lone surrogates become question marks."""
    return text.encode("utf-8", "replace").decode()


def plain_completion(completion: Completion) -> Completion:
    """A completion that can be written down: without lone surrogates, and without a value that is nested too deep."""
    text = plain_text(completion.text)
    try:
        encode(completion.value)
    except (EncodingError, RecursionError):
        return completion.model_copy(update={"text": text, "value": None})
    return completion if text == completion.text else completion.model_copy(update={"text": text})


def _keepable(instance: Instance | None) -> Outcome:
    """An instance, if it can be written down."""
    if not isinstance(instance, Instance):
        return Reject("unreadable", "the parser found no instance")
    try:
        encode([instance.instruction, instance.response, instance.fields])
    except (EncodingError, RecursionError) as problem:
        return Reject("unreadable", f"it cannot be written as JSON: {plain_text(str(problem))}")
    return Ok(instance)


def _corrected(request: Request, reply: str, why: Reject) -> Request:
    """The request again, with the reply and what is wrong with it."""
    said = Message(role="assistant", content=reply or "(nothing)")
    told = Message(role="user", content=f"That cannot be used: {why.detail or why.reason}\nAnswer again, in full.")
    seed = None if request.seed is None else (request.seed + 7_919) % 2**31
    return replace(request, messages=(*request.messages, said, told), seed=seed)
