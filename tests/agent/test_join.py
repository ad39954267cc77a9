"""Joining a real region over TLS: every way it can end, and what is believed of whom."""

import asyncio
import ssl
import time

import pytest
from websockets.asyncio.server import serve as serve_websocket

from bellrock.agent.candidates import Candidate
from bellrock.agent.credentials import make_key
from bellrock.agent.join import join, join_at
from bellrock.agent.outcomes import Closed, Joined, SwappedCertificate, Unreachable, Waiting, WrongSecret
from bellrock.contract import Rejected
from bellrock.contract.join import JoinAnswer, JoinOffer, encode_join
from bellrock.contract.pake import Half
from bellrock.model import Wall
from bellrock.region.server import Policy
from bellrock.wire.keys import Keyring
from tests.agent.standin import AGENT, OTHER, RIGHT, THIRD, WRONG, joiner, running, until


def candidate(region, *urls, authority=None):
    return Candidate(authority or region.authority, (*urls, region.url), ("region-1",), ("region-1 on eth0",), 0.0)


def play(scene):
    asyncio.run(scene())


def test_who_has_the_secret_joins_and_gets_a_certificate_for_itself(tmp_path):
    async def scene():
        async with running(tmp_path) as region:
            joined = await join(joiner(), candidate(region))
            assert isinstance(joined, Joined), joined.sentence
            kept = joined.credentials
            assert (kept.agent, kept.fingerprint, joined.secret) == (AGENT, region.authority, RIGHT.signing.id)
            assert kept.expires > time.time()
            assert joined.sentence.startswith(f"joined region at {region.url}; certificate until ")
            assert [view.state for view in region.region.enrolment.views()] == ["approved"]
            assert kept.context().minimum_version is ssl.TLSVersion.TLSv1_3

    play(scene)


def test_a_wrong_secret_is_told_and_a_second_that_is_right_is_tried(tmp_path):
    async def scene():
        async with running(tmp_path) as region:
            wrong = await join(joiner(WRONG), candidate(region))
            assert isinstance(wrong, WrongSecret)
            assert f"does not share secret {WRONG.signing.id}" in wrong.sentence
            assert region.region.enrolment.views() == []
            both = Keyring([*WRONG.keys, *RIGHT.keys])
            joined = await join(joiner(both), candidate(region))
            assert isinstance(joined, Joined)
            assert joined.secret == RIGHT.signing.id

    play(scene)


def test_a_region_in_the_middle_of_a_rotation_takes_either_secret(tmp_path):
    async def scene():
        async with running(tmp_path, Keyring([*THIRD.keys, *RIGHT.keys])) as region:
            for keyring, agent in ((RIGHT, AGENT), (THIRD, OTHER)):
                assert isinstance(await join(joiner(keyring, agent=agent), candidate(region)), Joined)

    play(scene)


def test_where_a_person_decides_the_code_is_shown_on_both_sides(tmp_path):
    async def scene():
        async with running(tmp_path, policy=Policy.APPROVE) as region:
            key = make_key()
            waiting = await join(joiner(key=key), candidate(region))
            assert isinstance(waiting, Waiting)
            (view,) = region.region.enrolment.views()
            assert (view.state, view.code) == ("waiting", waiting.code) == ("waiting", key.code)
            assert f"bellrock agent approve {waiting.code}" in waiting.sentence
            told = []
            staying = asyncio.ensure_future(join(joiner(key=key, stay=True, waiting=told.append), candidate(region)))
            await until(lambda: told, "it said that it waits")
            await region.region.enrolment.approve(AGENT)
            assert isinstance(await staying, Joined)
            assert [one.code for one in told] == [key.code]

    play(scene)


def test_a_closed_region_and_one_that_revoked_this_agent_say_so(tmp_path):
    async def scene():
        async with running(tmp_path / "closed", policy=Policy.CLOSED) as region:
            closed = await join(joiner(), candidate(region))
            assert isinstance(closed, Closed)
            assert "does not let this machine join" in closed.sentence
        async with running(tmp_path / "open") as region:
            key = make_key()
            assert isinstance(await join(joiner(key=key), candidate(region)), Joined)
            await region.region.enrolment.revoke(AGENT)
            revoked = await join(joiner(key=key), candidate(region))
            assert isinstance(revoked, Closed)
            assert "revoked" in revoked.sentence

    play(scene)


def test_another_key_under_a_known_id_is_refused(tmp_path):
    async def scene():
        async with running(tmp_path) as region:
            key = make_key()
            assert isinstance(await join(joiner(key=key), candidate(region)), Joined)
            assert isinstance(await join(joiner(key=key), candidate(region)), Joined)
            cloned = await join(joiner(), candidate(region))
            assert isinstance(cloned, Closed), cloned

    play(scene)


def test_clocks_that_are_an_hour_apart_are_told_and_do_no_harm(tmp_path):
    async def scene():
        async with running(tmp_path, clock=lambda: Wall(time.time() + 3600)) as region:
            joined = await join(joiner(), candidate(region))
            assert isinstance(joined, Joined)
            assert joined.skew == pytest.approx(3600, abs=5)
            assert "its clock is 3600.0 s ahead of this one (set this machine's clock" in joined.sentence.replace(
                f"{joined.skew:.1f}", "3600.0"
            )
        async with running(tmp_path / "back") as region:
            joined = await join(joiner(clock=lambda: time.time() + 3600), candidate(region))
            assert isinstance(joined, Joined)
            assert joined.skew == pytest.approx(-3600, abs=5)
            assert "behind this one" in joined.sentence

    play(scene)


def test_a_region_of_another_authority_is_told_nothing(tmp_path):
    async def scene():
        async with running(tmp_path) as region:
            swapped = await join(joiner(), candidate(region, authority="ab" * 32))
            assert isinstance(swapped, SwappedCertificate)
            assert "region-1 is not what answers" in swapped.sentence
            assert "another authority" in swapped.sentence
            assert region.region.enrolment.views() == []

    play(scene)


def test_the_address_that_answers_is_taken_whatever_comes_before_it(tmp_path):
    async def scene():
        async with running(tmp_path) as region:
            outcome = await join(joiner(), candidate(region, "https://127.0.0.1:1", "https://127.0.0.2:1"))
            assert isinstance(outcome, Joined)
            assert outcome.url == region.url

    play(scene)


def test_no_address_that_answers_is_unreachable():
    async def scene():
        outcome = await join(joiner(), Candidate("ab" * 32, ("https://127.0.0.1:1",), ("r",), (), 0.0))
        assert isinstance(outcome, Unreachable)
        assert outcome.sentence == "r cannot be reached: https://127.0.0.1:1: Connection refused"
        nowhere = await join(joiner(), Candidate("ab" * 32, (), (), (), 0.0))
        assert nowhere.sentence == "the region cannot be reached: there is no address to try"

    play(scene)


def test_an_address_typed_by_hand_needs_no_fingerprint(tmp_path):
    async def scene():
        async with running(tmp_path, listen=("https://127.0.0.1:0", "127.0.0.1:0")) as region:
            joined = await join_at(joiner(), region.url)
            assert isinstance(joined, Joined)
            assert joined.credentials.fingerprint == region.authority

    play(scene)


class Impostor:
    """Answers in a region's place, as told."""

    def __init__(self, *answers, offer=True):
        self.answers, self.offer, self.heard = answers, offer, []

    async def __call__(self, connection):
        self.heard.append(await connection.recv())
        if self.offer:
            half = Half(b"a guess".ljust(32), lambda size: bytes(range(size)), agent=False)
            offered = JoinOffer(
                version=1, region="r", authority="ab" * 32, messages=(half.message.hex(),), sent=Wall(0.0)
            )
            await connection.send(encode_join(offered))
            self.heard.append(await connection.recv())
        for answer in self.answers:
            await connection.send(answer)


FALSE_ANSWERS = [
    (Impostor(encode_join(JoinAnswer(state="joined", proof="00" * 32))), WrongSecret, "does not share secret"),
    (Impostor(encode_join(JoinAnswer(state="closed", why="go away"))), WrongSecret, "does not share secret"),
    (Impostor(encode_join(Rejected("no"))), WrongSecret, "it says: no"),
    (Impostor(encode_join(Rejected("too many")), offer=False), Unreachable, "turned this machine away: too many"),
    (Impostor("{}", offer=False), Unreachable, "does not join as a region does"),
    (Impostor(b"\x00", offer=False), Unreachable, "a binary frame"),
    (Impostor(encode_join(JoinAnswer(state="joined")), offer=False), Unreachable, "an offer of version 1 was expected"),
    (Impostor(offer=False), Unreachable, "it ended the connection in the middle of joining"),
    (Impostor(), Unreachable, "it ended the connection in the middle of joining"),
    (
        Impostor(
            encode_join(
                JoinOffer(version=1, region="r", authority="", messages=("00" * 33,), sent=Wall(0.0))
            ),
            offer=False,
        ),
        Unreachable,
        "not the other half",
    ),
    (
        Impostor(
            encode_join(JoinOffer(version=1, region="r", authority="", messages=("abc",), sent=Wall(0.0))), offer=False
        ),
        Unreachable,
        "does not join as a region does",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("impostor", "kind", "words"), FALSE_ANSWERS)
def test_what_an_impostor_says_is_not_believed(impostor, kind, words):
    async def scene():
        async with serve_websocket(impostor, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            outcome = await join_at(joiner(), url)
        assert isinstance(outcome, kind), outcome
        assert words in outcome.sentence

    play(scene)


def test_a_region_that_falls_silent_is_not_waited_for(monkeypatch):
    async def silent(connection):
        await connection.recv()
        await connection.wait_closed()

    monkeypatch.setattr("bellrock.agent.join.PATIENCE", 0.05)

    async def scene():
        async with serve_websocket(silent, "127.0.0.1", 0) as server:
            outcome = await join_at(joiner(), f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        assert "it fell silent" in outcome.sentence

    play(scene)
