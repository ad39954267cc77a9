"""Which secrets are in force, and who uses which."""

from __future__ import annotations

import pytest

from bellrock.contract import prove
from bellrock.region.service import secrets as module
from bellrock.region.service.secrets import MAX_SECRETS, Secret, Secrets, Use, secrets_of
from bellrock.wire.keys import Keyring, derive

NEW, OLD = Secret("11111111", b"join-new", b"stream-new"), Secret("22222222", b"join-old", b"stream-old")


@pytest.fixture
def secrets():
    return Secrets((NEW, OLD))


def test_of_a_keyring_nothing_is_kept_that_opens_beacons():
    keys = [derive(b"one"), derive(b"two")]
    found = secrets_of(Keyring(keys))
    assert found == tuple((key.id, key.join_key, key.stream_key) for key in keys)
    assert repr(found[0]) == f"Secret({keys[0].id})"


def test_a_proof_is_held_against_each(secrets):
    for secret in (NEW, OLD):
        assert secrets.proven(prove(secret.stream_key, "agent", "a", "b", "id"), "agent", "a", "b", "id") == secret
    for wrong in (
        "",
        "\ud800",
        prove(b"other", "agent", "a", "b", "id"),
        prove(NEW.stream_key, "region", "a", "b", "id"),
    ):
        assert secrets.proven(wrong, "agent", "a", "b", "id") is None


def test_replacing_is_whole_or_not_at_all(secrets):
    for wrong in ((), [NEW] * (MAX_SECRETS + 1)):
        with pytest.raises(ValueError, match=f"1 to {MAX_SECRETS} secrets at a time, not {len(wrong)}"):
            secrets.set(wrong)
        assert secrets.accepted == (NEW, OLD)
    secrets.set([tuple(OLD)])
    assert secrets.accepted[0].id == OLD.id
    assert secrets.proven(prove(NEW.stream_key, "agent", "a", "b", "id"), "agent", "a", "b", "id") is None


def test_who_uses_which_those_in_force_first(secrets):
    secrets.used("a", OLD.id, "joined")
    secrets.used("b", "33333333", "signs")
    secrets.used("a", NEW.id, "signs")
    assert secrets.users() == {NEW.id: ["a"], OLD.id: [], "33333333": ["b"]}
    assert list(secrets.users())[:2] == [NEW.id, OLD.id]
    assert secrets.use("a") == Use(NEW.id, "signs")
    assert [secrets.is_old(one) for one in (NEW.id, OLD.id, "33333333", "")] == [False, True, True, False]
    secrets.forget("a")
    secrets.forget("a")
    assert secrets.use("a") is None


def test_what_is_remembered_of_agents_is_bounded(secrets, monkeypatch):
    monkeypatch.setattr(module, "MAX_USES", 2)
    for agent in ("a", "b", "a", "c"):
        secrets.used(agent, NEW.id, "signs")
    assert secrets.users()[NEW.id] == ["a", "c"]
