import pytest

from toolworld.ground import EncodingError, canonical, decode, digest, encode, same


def test_equal_values_have_equal_canonical_bytes() -> None:
    assert canonical({"b": 2.0, "a": [1, {"d": None, "c": "é"}]}) == canonical(
        {"a": [1, {"c": "é", "d": None}], "b": 2}
    )
    assert digest([1]) == digest([1.0])


def test_different_values_are_not_the_same() -> None:
    assert not same(1, True)
    assert not same(0, False)
    assert not same("1", 1)
    assert not same([1, 2], [2, 1])
    assert not same({"a": None}, {})


def test_encode_keeps_the_order_it_is_given() -> None:
    assert encode({"b": 1, "a": 2.0}) == b'{"b":1,"a":2.0}'


@pytest.mark.parametrize(
    "value", [float("nan"), [float("inf")], {"a": -float("inf")}, "\ud800", 2**70, {1: 2}, object()]
)
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(EncodingError):
        encode(value)


def test_deep_values_are_refused_and_do_not_crash() -> None:
    value: object = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(EncodingError):
        encode(value)
    with pytest.raises(EncodingError):
        canonical(value)


@pytest.mark.parametrize("text", ["NaN", "{", "[1,]", "", '{"a":1}{'])
def test_decode_is_strict(text: str) -> None:
    with pytest.raises(EncodingError, match="not JSON"):
        decode(text)
