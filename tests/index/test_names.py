"""Identities as names of documents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmp.index.names import decode, encode


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        pytest.param("registry.test/team/app", "registry.test%2Fteam%2Fapp", id="contract"),
        pytest.param("reg.test:5000/app", "reg.test%3A5000%2Fapp", id="port"),
        pytest.param("team_guestbook", "team_guestbook", id="instance"),
        pytest.param("a-b.c~d", "a-b.c~d", id="unreserved"),
        pytest.param("..", "%2E.", id="parent"),
        pytest.param(".lock", "%2Elock", id="hidden"),
        pytest.param("100%", "100%25", id="percent"),
        pytest.param("é", "%C3%A9", id="utf-8"),
        pytest.param("a\0b", "a%00b", id="nul"),
    ],
)
def test_encodes_and_decodes(identity: str, name: str) -> None:
    assert encode(identity) == name
    assert decode(name) == identity


@given(st.text(max_size=19))  # a character takes up to twelve bytes, and 230 are not cut
def test_any_identity_comes_back(identity: str) -> None:
    assert decode(encode(identity)) == identity


@given(st.text())
def test_a_name_is_a_path_component(identity: str) -> None:
    name = encode(identity)

    assert name.isascii()
    assert len(name) <= 230
    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith(".")


@given(st.text(), st.text())
def test_two_identities_have_two_names(one: str, other: str) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@pytest.mark.parametrize("tail", ["", "x", "/x", "é"])
@pytest.mark.parametrize("length", [229, 230, 231, 255, 1000])
def test_a_long_identity_is_cut_and_stays_another(length: int, tail: str) -> None:
    identity = "a" * length

    name = encode(identity + tail)

    assert len(name) <= 230
    assert (name == identity) == (not tail and length <= 230)
    assert name not in {
        encode(identity + other) for other in ("", "x", "/x", "é", "y") if other != tail
    }


@pytest.mark.parametrize(
    "text", ["/var/lib/index", "100%", "100%/x", "a%%b", "a% 1b", "a%4", "a%zz", "%+1", "a%  b"]
)
def test_what_is_not_encoded_stands_for_itself(text: str) -> None:
    assert decode(text) == text


@given(st.text(alphabet="%0Ff gé/"))
def test_decoding_never_fails(text: str) -> None:
    assert isinstance(decode(text), str)
