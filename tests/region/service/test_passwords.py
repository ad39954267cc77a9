"""Passwords and their hashes."""

from __future__ import annotations

import asyncio
import os
import threading

import pytest
from argon2 import extract_parameters

from bellrock.region.service import passwords as module
from bellrock.region.service.passwords import HASHER, Passwords, complaint
from tests.region.service.hasher import CHEAP, cheap

WORD = "correct horse battery"


@pytest.mark.parametrize(
    ("password", "user", "why"),
    [
        (WORD, "anna", ""),
        ("x" * 7, "anna", "at least 8 characters"),
        ("", "anna", "at least 8 characters"),
        ("ab" * 129, "anna", "at most 256 characters"),
        ("ab" * 128, "anna", ""),
        ("Annabella", "annabella", "is the user's name"),
        ("allebanna", "annabella", "is the user's name"),
        ("aaaaaaaaaaaa", "anna", "one character over and over"),
        ("пароль из слов", "anna", ""),
        (WORD, "", ""),
    ],
)
def test_what_will_do(password, user, why):
    found = complaint(password, user)
    assert why in found
    assert bool(why) == bool(found)


def test_hashes_are_argon2id_as_rfc_9106_recommends_and_salted():
    async def inside() -> None:
        passwords = Passwords()
        one, two = await passwords.hash(WORD), await passwords.hash(WORD)
        assert one != two
        assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
        assert WORD not in one
        assert await passwords.is_right(one, WORD)
        assert not await passwords.is_right(one, WORD + "x")

    asyncio.run(inside())
    assert (HASHER.hash_len, HASHER.salt_len) == (32, 16)


def test_an_unknown_user_costs_as_much_as_a_known_one():
    async def inside() -> None:
        seen = []
        passwords = cheap()
        await passwords.warm()
        kept = await passwords.hash(WORD)
        passwords._matches = lambda kept, word: seen.append(extract_parameters(kept)) or True
        assert await passwords.is_right(kept, WORD)
        assert not await passwords.is_right("", WORD), "whatever the check says"
        assert seen[0] == seen[1]

    asyncio.run(inside())


@pytest.mark.parametrize("kept", ["nonsense", "$argon2id$v=19$m=8,t=1,p=1$AAAA", "$2b$12$abc"])
def test_a_hash_that_is_none_is_never_right(kept):
    assert asyncio.run(cheap().is_right(kept, WORD)) is False


def test_old_parameters_are_told():
    kept = CHEAP.hash(WORD)
    assert Passwords().is_old(kept)
    assert not cheap().is_old(kept)


@pytest.mark.parametrize(
    ("kept", "typed"), [("caf\u00e9 caf\u00e9", "cafe\u0301 cafe\u0301"), ("\ufb01ve words", "five words")]
)
def test_one_text_in_several_forms_is_one_password(kept, typed):
    async def inside() -> bool:
        passwords = cheap()
        return await passwords.is_right(await passwords.hash(kept), typed)

    assert asyncio.run(inside())


def test_what_no_text_can_hold_is_a_wrong_password():
    async def inside() -> bool:
        passwords = cheap()
        return await passwords.is_right(await passwords.hash(WORD), "\ud800" * 9)

    assert not asyncio.run(inside())


def test_the_threads_that_hash_give_way():
    async def inside() -> list[int]:
        passwords, seen = cheap(), []

        def matches(kept, word):
            seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            return True

        passwords._matches = matches
        await passwords.is_right("kept", WORD)
        return seen

    before = os.getpriority(os.PRIO_PROCESS, 0)
    assert asyncio.run(inside()) == [max(before, module.NICENESS)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before, "the loop does not"


def test_two_at_a_time_off_the_loop():
    async def inside() -> None:
        passwords = cheap()
        running, most, gate = [], [], threading.Barrier(2, timeout=20)

        def slow(kept, word):
            running.append(threading.get_ident())
            most.append(len(running))
            gate.wait()  # passes as two are in; a third would break it by time
            running.remove(threading.get_ident())
            return True

        passwords._matches = slow
        await asyncio.gather(*(passwords.is_right("kept", WORD) for _ in range(6)))
        assert max(most) <= module.AT_ONCE
        assert len(most) == 6

    asyncio.run(inside())
