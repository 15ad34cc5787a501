"""A model whose usage is counted for one piece of work, whoever else it works for."""

from toolworld.llm import Completion, Model, Request, Usage


class CountedModel:
    """A model that counts.

    Args:
        model: The model that answers.
    """

    def __init__(self, model: Model) -> None:
        self.usage = Usage()
        self._model = model

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def is_small(self) -> bool:
        """Whether it is a tiny test model."""
        return self._model.is_small

    async def complete(self, request: Request) -> Completion:
        """Ask the model."""
        completion = await self._model.complete(request)
        self.usage += completion.usage
        return completion
