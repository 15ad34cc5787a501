import socket

import pytest

from toolworld.ground import BindError
from toolworld.server import bind


@pytest.mark.parametrize("address", ["", "8765", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "127.0.0.1:²", ":80"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(BindError, match="is not HOST:PORT"):
        bind(address, None)


def test_a_port_in_use_is_named() -> None:
    first = bind("127.0.0.1:0", None)
    first.listen()
    with first, pytest.raises(BindError, match=r"cannot listen on 127\.0\.0\.1:\d+: address already in use"):
        bind(f"127.0.0.1:{first.getsockname()[1]}", None)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "[::]"])
def test_without_a_token_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(BindError, match="without TOOLWORLD_TOKEN"):
        bind(f"{host}:0", None)


def test_loopback_has_several_names() -> None:
    for host in ("127.0.0.1", "127.0.0.2", "localhost"):
        bind(f"{host}:0", None).close()


def test_answers_are_not_held_back_by_nagles_algorithm() -> None:
    with bind("127.0.0.1:0", None) as listening:
        assert listening.proto == socket.IPPROTO_TCP
