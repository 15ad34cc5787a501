"""How `toolworld serve` keeps episodes, and how it is reached."""

from dataclasses import dataclass

from toolworld.server import ResponseMode

MEMORY_MIB = 512
DEFAULT_ADDRESS = "127.0.0.1:8765"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How episodes are kept, and how an HTTP server is reached and answers."""

    store: str | None
    full: bool
    address: str = DEFAULT_ADDRESS
    mode: ResponseMode = "auto"
    hosts: tuple[str, ...] = ()
    """Names of the server besides this machine's own."""
    open_to_all: bool = False
    """Whether clients without the token may open episodes at an environment's URL, within quotas."""
    nemo_gym: str | None = None
    """Where NeMo Gym's protocol is spoken."""
    memory: int = MEMORY_MIB << 20
    """Bytes for live episodes."""
    workers: int = 1
    """Processes that listen at the address."""
    is_worker: bool = False
    """Whether this process is one of several."""
