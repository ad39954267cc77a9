"""Who joins, on whose word, and whose certificate is taken; without sockets."""

from __future__ import annotations

import asyncio
import functools
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bellrock.model import Host, Wall
from bellrock.region.authority import open_authority
from bellrock.region.certificates import read_request, serial_of
from bellrock.region.service import enrol as module
from bellrock.region.service.admission import admitted
from bellrock.region.service.agents import Agents, TurnedAway
from bellrock.region.service.agentsession import Session
from bellrock.region.service.applicant import AlreadySo, Applicant, Policy, UnknownAgent
from bellrock.region.service.clock import Offset
from bellrock.region.service.enrol import Enrolment, not_stored
from bellrock.region.service.secrets import Secret, Secrets
from bellrock.region.service.state import State
from bellrock.region.store import EnrolmentState, Loaded, StoreFull, open_store
from bellrock.region.tls import Channel
from tests.region.support import until

NOW = 1_800_000_000.0
DAY = 24 * 3600.0
NEW, OLD = Secret("11111111", b"a", b"b"), Secret("22222222", b"c", b"d")


def key():
    return ec.generate_private_key(ec.SECP256R1())


def applicant(name: str = "a", private=None, **changes) -> Applicant:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    pem = builder.sign(private or key(), hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    host = Host(name.upper().rjust(26, "0"), name, changes.pop("role", "rack"))
    return Applicant(host, read_request(pem), **({"address": "10.0.0.1", "secret": NEW.id} | changes))


class World:
    """An enrolment service on a clock of the test's own."""

    def __init__(self, store, loaded: Loaded, directory, policy: Policy) -> None:
        self.now = NOW
        self.store = store
        self.changes = 0
        self.secrets = Secrets((NEW, OLD))
        self.agents = Agents("region", self.secrets, State(Loaded()))
        authority = open_authority(directory, "region", Wall(NOW))
        self.enrolment = Enrolment(
            store.enrolments, loaded.enrolments, authority, self.agents, self.secrets, lambda: ("https://r:1",),
            policy, lambda: Wall(self.now), self._changed,
        )  # fmt: skip

    def _changed(self) -> None:
        self.changes += 1

    def session(self, one: Applicant, serial: str = "") -> Session:
        session = Session(one.host, "", Offset(), "boot")
        session.serial = serial
        self.agents.sessions[one.host.id] = session
        return session

    async def joined(self, one: Applicant) -> str:
        """Let in; the serial of its certificate."""
        answer = await self.enrolment.apply(one)
        assert answer.state == "joined", answer
        return serial_of(x509.load_pem_x509_certificate(answer.certificate.encode()))

    def admit(self, one: Applicant, serial: str):
        channel = Channel(True, b"d", one.host.id, serial)
        expires = admitted(self.enrolment.find(one.host.id), one.host, channel, self.now)
        self.enrolment.streams(one.host, "", "", serial)
        return expires

    def state(self, one: Applicant) -> str | None:
        found = self.enrolment.find(one.host.id)
        return found.state if found else None


def in_a_world(policy: Policy = Policy.AUTO):
    def decorate(test):
        @functools.wraps(test)
        def run(tmp_path, monkeypatch) -> None:
            async def inside() -> None:
                store = await open_store(tmp_path / "region.sqlite")
                try:
                    async with asyncio.timeout(120):
                        await test(World(store, await store.load(), tmp_path, policy), monkeypatch)
                finally:
                    await store.close()

            asyncio.run(inside())

        # pytest must see the fixtures that `run` takes, not the test's own.
        del run.__wrapped__
        return run

    return decorate


@in_a_world()
async def test_what_is_remembered_of_an_agent(world: World, monkeypatch):
    one = applicant()
    await world.joined(one)
    (row,) = await world.store.enrolments.load()
    assert (row.agent, row.name, row.state, row.address, row.secret, row.how) == (
        one.host.id, "a", EnrolmentState.APPROVED, "10.0.0.1", NEW.id, "joined",
    )  # fmt: skip
    assert row.key == one.key == sha256(one.request.der).hexdigest()
    assert (row.requested, row.decided) == (NOW, NOW)
    assert [held.expires for held in row.certificates] == [NOW + DAY]
    assert world.changes == 1


@in_a_world()
async def test_joining_again_keeps_the_day_of_the_first_and_one_older_certificate(world: World, monkeypatch):
    one = applicant()
    serials = []
    for _ in range(3):
        world.now += 1
        serials.append(await world.joined(one))
    row = world.enrolment.find(one.host.id)
    assert [held.serial for held in row.certificates] == serials[:0:-1]
    assert (row.requested, row.decided) == (NOW + 1, NOW + 1)
    with pytest.raises(TurnedAway, match="a newer one took its place"):
        world.admit(one, serials[0])


@in_a_world()
async def test_the_older_certificate_is_good_until_the_newer_is_used(world: World, monkeypatch):
    one = applicant()
    first, second = await world.joined(one), await world.joined(one)
    assert world.admit(one, first) == NOW + DAY
    assert world.admit(one, second) == NOW + DAY
    with pytest.raises(TurnedAway, match="join again"):
        world.admit(one, first)
    await world.enrolment.sweep()
    (row,) = await world.store.enrolments.load()
    assert [held.serial for held in row.certificates] == [second]


@in_a_world()
async def test_certificates_end(world: World, monkeypatch):
    one = applicant()
    serial = await world.joined(one)
    session = world.session(one, serial)
    session.expires = world.admit(one, serial)
    world.now += DAY
    assert world.admit(one, serial) == NOW + DAY
    await world.enrolment.sweep()
    world.now += 1
    with pytest.raises(TurnedAway, match="expired 1 s ago; join again"):
        world.admit(one, serial)
    await world.enrolment.sweep()
    assert "has expired" in str(await session.next())


@in_a_world()
async def test_a_nodes_certificate_does_not_make_a_rack_of_it(world: World, monkeypatch):
    node, rack = applicant("n", role="node"), applicant("r")
    serials = [await world.joined(one) for one in (node, rack)]
    with pytest.raises(TurnedAway, match="joined as node, not as rack"):
        world.admit(applicant("n"), serials[0])
    assert world.admit(node, serials[0]) == NOW + DAY
    assert world.admit(applicant("r", role="node"), serials[1]) == NOW + DAY, "a rack may say less than it could"


@in_a_world(Policy.APPROVE)
async def test_a_node_that_was_let_in_is_not_let_in_as_a_rack(world: World, monkeypatch):
    private = key()
    node, rack = applicant("n", private, role="node"), applicant("n", private)
    await world.enrolment.apply(node)
    await world.enrolment.approve(node.host.id)
    assert (await world.enrolment.apply(node)).state == "joined"
    assert (await world.enrolment.apply(rack)).state == "waiting"
    assert [(view.role, view.state) for view in world.enrolment.views()] == [("rack", "waiting")]


@pytest.mark.parametrize("policy", [Policy.APPROVE, Policy.CLOSED])
def test_who_comes_back_after_a_revocation_is_compared_anew(policy: Policy, tmp_path, monkeypatch):
    @in_a_world(Policy.APPROVE)
    async def inside(world: World, _) -> None:
        good, evil, enrolment = applicant(), applicant(), world.enrolment
        await enrolment.apply(good)
        await enrolment.approve(good.host.id, enrolment.views()[0].code)
        assert (await enrolment.apply(good)).state == "joined"
        enrolment.policy = policy
        await enrolment.revoke(good.host.id)
        world.now += module.WAITING_LIFE
        await enrolment.approve(good.host.id, enrolment.views()[0].code)
        world.now += 60
        await enrolment.sweep()
        with pytest.raises(AlreadySo, match="has not asked yet; compare the code"):
            await enrolment.approve(good.host.id)
        seen = await enrolment.apply(evil)
        assert (seen.state, seen.code) == ("waiting", enrolment.views()[0].code)
        back = await enrolment.apply(good)
        assert (back.state, back.code) == ("waiting", enrolment.views()[0].code)
        with pytest.raises(AlreadySo, match="another machine asks"):
            await enrolment.approve(good.host.id, seen.code)
        await enrolment.approve(good.host.id, back.code)
        assert (await enrolment.apply(evil)).state == "closed"
        assert (await enrolment.apply(good)).state == "joined"

    inside(tmp_path, monkeypatch)


@in_a_world()
async def test_who_may_stream_without_tls(world: World, monkeypatch):
    one = applicant()
    assert admitted(None, Host("anybody", "a"), Channel(), world.now) is None
    await world.joined(one)
    assert admitted(world.enrolment.find(one.host.id), one.host, Channel(), world.now) is None
    await world.enrolment.revoke(one.host.id)
    with pytest.raises(TurnedAway, match="was revoked"):
        admitted(world.enrolment.find(one.host.id), one.host, Channel(), world.now)


@in_a_world(Policy.APPROVE)
async def test_a_decision_reaches_all_who_stay_even_before_they_listen(world: World, monkeypatch):
    one = applicant()
    assert (await world.enrolment.apply(one)).state == "waiting"
    before = asyncio.create_task(world.enrolment.decided(one))
    twin = asyncio.create_task(world.enrolment.decided(one))
    await until(lambda: len(world.enrolment._news.get(one.host.id, ())) == 2)
    row = await world.enrolment.approve(one.host.id)
    assert row.state is EnrolmentState.WAITING
    assert [answer.state for answer in await asyncio.gather(before, twin)] == ["joined", "joined"]
    assert (await world.enrolment.decided(one)).state == "joined", "decided while the first answer was on its way"
    assert not world.enrolment._news


@in_a_world(Policy.APPROVE)
async def test_who_leaves_while_waiting_leaves_nothing_behind(world: World, monkeypatch):
    one = applicant()
    await world.enrolment.apply(one)
    staying = asyncio.create_task(world.enrolment.decided(one))
    await until(lambda: world.enrolment._news)
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)
    assert not world.enrolment._news
    world.now += module.WAITING_LIFE + 1
    await world.enrolment.sweep()
    assert world.enrolment.views() == []
    assert await world.store.enrolments.load() == ()


@in_a_world(Policy.APPROVE)
async def test_who_waits_and_stays_is_not_forgotten(world: World, monkeypatch):
    one = applicant()
    await world.enrolment.apply(one)
    staying = asyncio.create_task(world.enrolment.decided(one))
    await until(lambda: world.enrolment._news)
    world.now += module.WAITING_LIFE + 1
    await world.enrolment.sweep()
    assert world.state(one) == "waiting"
    assert (await world.enrolment.apply(applicant("a"))).state == "closed", "nor replaced by another key"
    staying.cancel()
    await asyncio.gather(staying, return_exceptions=True)
    assert (await world.enrolment.apply(applicant("a"))).state == "waiting", "but who has gone is"


@in_a_world(Policy.APPROVE)
async def test_those_who_wait_are_bounded(world: World, monkeypatch):
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    one, two = applicant("a"), applicant("b")
    for name in (one, two, one):
        assert (await world.enrolment.apply(name)).state == "waiting"
    with pytest.raises(TurnedAway, match="2 agents wait to be approved already; `bellrock agent list`"):
        await world.enrolment.apply(applicant("c"))
    staying = [asyncio.create_task(world.enrolment.decided(one)) for _ in range(2)]
    await until(lambda: len(world.enrolment._news.get(one.host.id, ())) == 2)
    with pytest.raises(TurnedAway, match="2 agents stay to be told already"):
        await world.enrolment.decided(two)
    for task in staying:
        task.cancel()
    await asyncio.gather(*staying, return_exceptions=True)


@in_a_world()
async def test_those_remembered_are_bounded_and_known_ones_find_room(world: World, monkeypatch):
    monkeypatch.setattr(module, "MAX_ENROLMENTS", 1)
    one = applicant("a")
    await world.joined(one)
    await world.joined(one)
    with pytest.raises(TurnedAway, match="remembers 1 agents and has no room"):
        await world.enrolment.apply(applicant("b"))


@in_a_world()
async def test_nodes_are_forgotten_with_their_certificates_and_racks_are_not(world: World, monkeypatch):
    node, rack, revoked = applicant("n", role="node"), applicant("r"), applicant("x", role="node")
    for one in (node, rack, revoked):
        await world.joined(one)
    await world.enrolment.revoke(revoked.host.id)
    assert world.secrets.use(node.host.id) is not None
    world.now += DAY + 1
    await world.enrolment.sweep()
    assert [world.state(one) for one in (node, rack, revoked)] == [None, "approved", "revoked"]
    assert world.secrets.use(node.host.id) is None


@in_a_world()
async def test_decisions_that_cannot_be_made(world: World, monkeypatch):
    one = applicant()
    for decide in (world.enrolment.approve, world.enrolment.revoke):
        with pytest.raises(UnknownAgent, match="no agent 'x' has joined"):
            await decide("x")
    await world.joined(one)
    with pytest.raises(AlreadySo, match="is approved already"):
        await world.enrolment.approve(one.host.id)
    await world.enrolment.revoke(one.host.id)
    with pytest.raises(AlreadySo, match="is revoked already"):
        await world.enrolment.revoke(one.host.id)


@in_a_world()
async def test_nothing_is_decided_that_the_disk_does_not_take(world: World, monkeypatch):
    one = applicant()
    serial = await world.joined(one)

    async def full(*_: object) -> None:
        raise StoreFull("disk full")

    monkeypatch.setattr(world.store.enrolments, "save", full)
    session = world.session(one, serial)
    with pytest.raises(StoreFull):
        await world.enrolment.revoke(one.host.id)
    assert world.state(one) == "approved"
    assert not session._ended
    with pytest.raises(StoreFull):
        await world.enrolment.apply(applicant("b"))
    world.enrolment.streams(one.host, OLD.id, "signs")
    with pytest.raises(StoreFull):
        await world.enrolment.sweep()
    monkeypatch.undo()
    await world.enrolment.sweep()
    (row,) = await world.store.enrolments.load()
    assert (row.secret, row.how) == (OLD.id, "signs"), "what was put off is not lost"


def test_an_agent_is_told_that_the_disk_is_full():
    assert str(not_stored(StoreFull("no"))) == "the region's disk does not take it; try again later"


@in_a_world()
async def test_an_authority_that_is_over_lets_nobody_in(world: World, monkeypatch):
    world.now += 4000 * DAY
    with pytest.raises(TurnedAway, match="the region cannot issue certificates: the authority's certificate holds"):
        await world.enrolment.apply(applicant())
    assert world.enrolment.views() == []


@in_a_world()
async def test_renewal_is_for_the_certificate_that_was_shown(world: World, monkeypatch):
    one, private = applicant(), key()
    serial = await world.joined(one)
    with pytest.raises(TurnedAway, match="join first"):
        await world.enrolment.renew(world.session(one, "00"), "")
    with pytest.raises(TurnedAway, match="join first"):
        await world.enrolment.renew(world.session(applicant("nobody"), serial), "")
    session = world.session(one, serial)
    with pytest.raises(TurnedAway, match="not a certificate request"):
        await world.enrolment.renew(session, "")
    world.now += 12 * 3600.0
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    pem = builder.sign(private, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    renewed = await world.enrolment.renew(session, pem)
    assert renewed.regions == ("https://r:1",)
    assert session.expires == world.now + DAY
    fresh = serial_of(x509.load_pem_x509_certificate(renewed.certificate.encode()))
    assert [held.serial for held in world.enrolment.find(one.host.id).certificates] == [fresh, serial]
    assert world.admit(one, fresh) == world.now + DAY
    assert world.enrolment.find(one.host.id).key == sha256(read_request(pem).der).hexdigest()


@in_a_world(Policy.APPROVE)
async def test_lists_show_who_waits_first_and_which_secret_is_old(world: World, monkeypatch):
    world.enrolment.policy = Policy.AUTO
    await world.joined(applicant("a"))
    await world.joined(applicant("b", secret=OLD.id))
    world.enrolment.policy = Policy.APPROVE
    await world.enrolment.apply(applicant("z"))
    views = world.enrolment.views()
    assert [(one.name, one.state, one.old_secret, one.expires) for one in views] == [
        ("z", "waiting", False, None), ("a", "approved", False, NOW + DAY), ("b", "approved", True, NOW + DAY),
    ]  # fmt: skip
    world.session(applicant("a"))
    world.secrets.used("unknown", OLD.id, "streams")
    found = {one.id: [(user.name, user.how) for user in one.agents] for one in world.enrolment.secrets()}
    assert found == {NEW.id: [("a", "joined")], OLD.id: [("b", "joined"), ("unknown", "streams")]}
    assert [one.connected for one in world.enrolment.views()] == [False, True, False]


@in_a_world()
async def test_only_those_who_would_miss_it_use_a_secret(world: World, monkeypatch):
    node, rack, revoked = (
        applicant(name, role=role, secret=OLD.id) for name, role in (("n", "node"), ("r", "rack"), ("x", "rack"))
    )
    for one in (node, rack, revoked):
        await world.joined(one)
    world.enrolment.policy = Policy.APPROVE
    await world.enrolment.apply(applicant("w", secret=OLD.id))
    await world.enrolment.revoke(revoked.host.id)
    world.enrolment.streams(Host("once", "once", "node"), OLD.id, "signs")

    def users() -> list[str]:
        return [one.name for one in world.enrolment.secrets()[1].agents]

    assert users() == ["r"]
    world.session(node)
    assert users() == ["n", "r"]


@in_a_world()
async def test_what_an_agent_uses_is_written_down_once(world: World, monkeypatch):
    one = applicant()
    await world.joined(one)
    before = world.changes
    for _ in range(3):
        world.enrolment.streams(one.host, OLD.id, "signs")
    world.enrolment.streams(Host("not-enrolled", "x"), OLD.id, "streams")
    world.enrolment.streams(Host("not-told", "x"), "", "streams")
    assert world.changes == before + 1
    assert world.enrolment.secrets()[1].agents[0].agent == one.host.id
    assert world.secrets.use("not-told") is None


@in_a_world()
async def test_an_agent_is_listed_by_the_name_that_it_has_now(world: World, monkeypatch):
    one = applicant()
    await world.joined(one)
    world.enrolment.streams(Host(one.host.id, "renamed", "rack"), "", "streams")
    row = world.enrolment.find(one.host.id)
    assert (row.name, row.secret, row.how) == ("renamed", NEW.id, "joined"), "what it did not tell stays"
