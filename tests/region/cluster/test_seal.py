"""Letters under the site's shared secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.region.cluster.seal import Seal, SealError
from bellrock.region.service import Secret

OLD, NEW = Secret("0a1b2c3d", b"j" * 32, b"s" * 32), Secret("4e5f6071", b"k" * 32, b"t" * 32)


def seal(member: str, *accepted: Secret) -> Seal:
    return Seal(member, lambda: accepted)


@given(st.binary(max_size=200))
def test_only_the_recipient_reads_it_and_it_never_looks_alike(body):
    writer = seal("a", NEW)
    one, other = writer.close("b", body), writer.close("b", body)
    assert one != other
    assert not body[8:] or body not in one
    assert seal("b", NEW).open("a", one) == body


def test_while_the_secret_is_being_changed_both_are_read():
    assert seal("b", NEW, OLD).open("a", seal("a", OLD).close("b", b"x")) == b"x"
    assert seal("b", OLD, NEW).open("a", seal("a", NEW, OLD).close("b", b"x")) == b"x"
    with pytest.raises(SealError, match="under the secret '0a1b2c3d', which is not in force"):
        seal("b", NEW).open("a", seal("a", OLD).close("b", b"x"))


def test_a_secret_of_the_same_id_and_another_key_is_another_secret():
    forged = Secret(NEW.id, NEW.join_key, b"u" * 32)
    with pytest.raises(SealError, match="broken"):
        seal("b", NEW).open("a", seal("a", forged).close("b", b"x"))


def test_sender_and_recipient_are_under_the_seal():
    letter = seal("a", NEW).close("b", b"x")
    for reader, sender in (("b", "c"), ("c", "a")):
        with pytest.raises(SealError, match="broken"):
            seal(reader, NEW).open(sender, letter)


@given(st.integers(0, 28), st.integers(1, 255))
def test_any_changed_octet_is_noticed(place, bits):
    letter = bytearray(seal("a", NEW).close("b", b"x"))
    letter[place] ^= bits
    with pytest.raises(SealError):
        seal("b", NEW).open("a", bytes(letter))


@given(st.binary(max_size=60))
def test_any_octets_are_refused_with_that_error(octets):
    with pytest.raises(SealError):
        seal("b", NEW).open("a", octets)


def test_retired_secrets_leave_no_keys_behind():
    accepted = [OLD]
    one = Seal("a", lambda: tuple(accepted))
    one.close("b", b"x")
    accepted[:] = [NEW]
    one.close("b", b"x")
    assert set(one._keys) == {NEW.id}
