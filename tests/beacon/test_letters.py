"""Letters as plays of one engine, and between engines on a wire that loses frames."""

import base64
import random

import pytest
import ulid_transform
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.beacon import Arrival, Config, Engine, Identity, LetterCame, LetterDelivered, LetterLost, Refused, Settled
from bellrock.beacon.envelopes import PER_SENDER
from bellrock.beacon.letters import AT_ONCE, TOO_MANY_LETTERS
from bellrock.model import Host, Port
from bellrock.wire.beacon import Letter, encode
from bellrock.wire.errors import Reason
from bellrock.wire.keys import derive
from tests.beacon.playbook import QUIET, Actor, Playbook, at, facts

ETH0 = Port("us", "eth0")
BIG = bytes(range(256)) * 10
URLS = tuple(f"https://10.{n}.7.1:5443" for n in range(8))


def carries(actor: Actor, **letter):
    beacon = actor.advertises()
    return replace(beacon, extension=replace(beacon.extension, letter=Letter(**letter)))


def letters(play: Playbook) -> list[tuple[float, Letter]]:
    """What was sent that carries a letter, with its time; all that was sent is forgotten."""
    said = [(time, sent.beacon.extension.letter) for time, sent in play.sent if sent.beacon.extension.letter]
    play.sent.clear()
    return said


def post(play: Playbook, octets=b"hello", to="", port=ETH0) -> str:
    identity = play.engine.post(port, to, octets, play.now)
    play._collect()
    return identity


def known(play: Playbook, *actors: Actor) -> Playbook:
    for actor in actors:
        play.hear(actor.solicits())
    return play.wait(20).forget()


def test_a_short_letter_goes_out_at_once_and_its_receipt_ends_it():
    play, them = Playbook().port(), Actor()
    known(play, them)
    identity = post(play)
    play.wait(0)
    [(_, said)] = letters(play)
    assert said == Letter(id=identity, text=base64.b64encode(b"hello").decode())
    play.hear(carries(them, to="us", id=identity, got=(0,)))
    assert play._next(LetterDelivered) == LetterDelivered(ETH0, identity, "them")
    play.wait(20)
    assert letters(play) == []
    assert play.events == []


def test_parts_are_paced_sent_again_ever_more_rarely_and_given_up():
    play = Playbook().port()
    identity = post(play, BIG)
    play.wait(0)
    whole = [said for _, said in letters(play)]
    assert [said.part for said in whole] == [0, 1, 2, 3]
    assert {said.parts for said in whole} == {4}
    assert b"".join(base64.b64decode(said.text) for said in whole) == BIG
    play.wait(11)
    times = [time for time, said in letters(play) if said.part == 0]
    assert times[:3] == pytest.approx([0.25, 0.95, 1.95], abs=0.3)
    assert times[-1] <= 10
    assert play._next(LetterLost) == LetterLost(ETH0, identity, "nobody has taken the whole of it within 10 s")
    assert play.wait(60).events == []


def test_never_more_than_the_pace_allows():
    play = Playbook().port()
    for _ in range(AT_ONCE):
        post(play, BIG * 4)
    play.wait(9)
    times = [time for time, _ in letters(play)]
    assert times[3] == 0
    for begin in range(9):
        within = sum(begin < time <= begin + 1 for time in times)
        assert within <= 21
    assert len(times) > 150


def test_the_other_address_family_is_tried_where_the_first_is_not_answered():
    play = Playbook().port(ipv4=("192.0.2.1/24",))
    post(play)
    play.wait(0.5)
    assert [sent.family for _, sent in play.sent] == [4, 6]


def test_only_what_is_missing_is_sent_again():
    play, them = Playbook().port(), Actor()
    known(play, them)
    identity = post(play, BIG)
    play.wait(0)
    letters(play)
    play.hear(carries(them, to="us", id=identity, parts=4, got=(0, 2, 63))).wait(0.4)
    assert [said.part for _, said in letters(play)] == [1, 3]
    play.hear(carries(them, to="us", id=identity, parts=4, got=(1, 3)))
    assert isinstance(play.events.pop(), LetterDelivered)


def test_an_acknowledged_part_that_waits_for_its_turn_is_not_sent():
    play, them = Playbook().port(), Actor()
    known(play, them)
    identity = post(play, BIG * 2)
    play.wait(0)
    assert [said.part for _, said in letters(play)] == [0, 1, 2, 3]
    play.hear(carries(them, to="us", id=identity, parts=8, got=(4, 5))).wait(0.12)
    assert [said.part for _, said in letters(play)] == [6, 7]


def test_receipts_of_others_change_nothing():
    play, them, other = Playbook().port(), Actor(), Actor("other")
    known(play, them, other)
    identity = post(play, to="them")
    play.hear(carries(other, to="us", id=identity, got=(0,)))
    play.hear(carries(them, to="other", id=identity, got=(0,)))
    play.hear(carries(them, to="us", id="no such letter", got=(0,)))
    assert not any(isinstance(event, LetterDelivered) for event in play.events)
    play.hear(carries(them, to="us", id=identity, got=(0,)))
    assert isinstance(play.events.pop(), LetterDelivered)


def test_two_receivers_who_each_have_a_part_hold_nothing_up():
    play, one, two = Playbook().port(), Actor("one"), Actor("two")
    known(play, one, two)
    identity = post(play, BIG)
    play.wait(0)
    play.hear(carries(one, to="us", id=identity, parts=4, got=(0, 1, 2)))
    letters(play)
    play.hear(carries(two, to="us", id=identity, parts=4, got=(1, 2))).wait(0.31)
    assert [said.part for _, said in letters(play)] == [3]
    play.hear(carries(two, to="us", id=identity, parts=4, got=(3,))).wait(0.8)
    assert [said.part for _, said in letters(play)] == [3], "the first to have three of them has not got it"
    play.hear(carries(one, to="us", id=identity, parts=4, got=(3,)))
    assert isinstance(play.events.pop(), LetterDelivered)


def test_a_receipt_before_anything_was_sent_on_a_port_is_for_nobody():
    play, them = Playbook().port(), Actor()
    known(play, them).hear(carries(them, to="us", id="x", got=(0,)))
    assert play.events == []


@pytest.mark.parametrize(
    ("port", "octets", "why"),
    [
        (Port("us", "eth7"), b"x", "nothing can be sent on this port now"),
        (Port("us", "mute"), b"x", "nothing can be sent on this port now"),
        (ETH0, b"", "0 octets do not fit the 64 parts of a letter"),
        (ETH0, bytes(44_000), "44000 octets do not fit the 64 parts of a letter"),
    ],
)
def test_what_cannot_be_sent_is_lost_at_once(port, octets, why):
    play = Playbook().port().port("mute", speaks=False).forget()
    identity = post(play, octets, port=port)
    assert play._next(LetterLost) == LetterLost(port, identity, why)
    play.wait(5)
    assert letters(play) == []


def test_a_fifth_letter_at_once_is_lost():
    play = Playbook().port()
    first = [post(play) for _ in range(AT_ONCE)]
    fifth = post(play)
    assert play._next(LetterLost).id == fifth
    play.drop()
    assert [play._next(LetterLost).id for _ in first] == first
    assert play.wait(20).events == []


def test_a_letter_to_us_is_taken_and_acknowledged():
    play, them = Playbook().port(), Actor()
    known(play, them)
    play.hear(carries(them, to="us", id="L", text="aGVsbG8="))
    assert play._next(LetterCame) == LetterCame(ETH0, Host("them", "host-them", "rack"), "L", b"hello")
    play.wait(0)
    assert [said for _, said in letters(play)] == [Letter(to="them", id="L", got=(0,))]


def test_parts_come_in_any_order_and_are_acknowledged_together():
    play, them = Playbook().port(), Actor()
    known(play, them)
    for part, text in ((2, "Yw=="), (0, "YQ=="), (2, "Yw==")):
        play.hear(carries(them, to="us", id="L", part=part, parts=3, text=text))
    play.wait(0.05)
    assert [said.got for _, said in letters(play)] == [(0, 2)]
    play.hear(carries(them, to="us", id="L", part=1, parts=3, text="Yg=="))
    assert play._next(LetterCame).octets == b"abc"


def test_a_part_that_comes_again_is_acknowledged_and_no_new_letter():
    play, them = Playbook().port(), Actor()
    known(play, them)
    for _ in range(2):
        play.hear(carries(them, to="us", id="L", text="aGVsbG8=")).wait(1)
    play._next(LetterCame)
    assert play.events == []
    assert [said.got for _, said in letters(play)] == [(0,), (0,)]


def test_letters_to_nobody_in_particular_are_for_those_that_relay():
    play, them = Playbook().port(), Actor()
    known(play, them)
    play.hear(carries(them, id="L", text="aGVsbG8=")).hear(carries(them, to="else", id="M", text="aGVsbG8="))
    assert play.events == []
    assert play.engine.relays is False
    play.engine.relays = True
    assert play.engine.relays is True
    play.hear(carries(them, id="N", text="aGVsbG8=")).hear(carries(them, to="else", id="O", text="aGVsbG8="))
    assert [event.id for event in play.events] == ["N"]


def test_a_receipt_that_waits_for_company_holds_up_no_letter():
    play, them = Playbook().port(), Actor()
    known(play, them)
    play.hear(carries(them, to="us", id="L", parts=2, text="YQ=="))
    identity = post(play)
    play.wait(0)
    assert [said.id for _, said in letters(play)] == [identity]
    play.wait(0.05)
    assert [said.id for _, said in letters(play)] == ["L"]


def test_a_mute_port_takes_letters_and_acknowledges_none():
    play, them = Playbook().port(speaks=False), Actor()
    known(play, them).hear(carries(them, to="us", id="L", text="aGVsbG8="))
    assert play._next(LetterCame).octets == b"hello"
    play.wait(5)
    assert letters(play) == []


@pytest.mark.parametrize(
    ("reason", "letter"),
    [
        (Reason.MALFORMED, {"id": "L", "text": "not base64!"}),
        (Reason.MALFORMED, {"id": "L", "text": "abc"}),
        (Reason.MALFORMED, {"id": "L", "text": "é"}),
        (Reason.MALFORMED, {"id": "L", "part": 3, "parts": 3, "text": "aGVsbG8="}),
    ],
)
def test_parts_that_are_none_are_refused(reason, letter):
    play, them = Playbook().port(), Actor()
    known(play, them).hear(carries(them, to="us", **letter))
    play.refused(reason)
    play.wait(1)
    assert letters(play) == []


def test_a_sender_has_room_for_four_letters_and_none_takes_the_place_of_others():
    play, them = Playbook().port(), Actor()
    known(play, them)
    for number in range(5):
        play.hear(carries(them, to="us", id=f"L{number}", parts=2, text="YQ=="))
    play.refused(TOO_MANY_LETTERS)
    play.hear(carries(them, to="us", id="L0", parts=3, part=1, text="YQ=="))
    assert play.events == [], "counted, and told a second later"
    play.hear(carries(them, to="us", id="L0", parts=2, part=1, text="YQ=="))
    assert play._next(LetterCame).octets == b"aa"


def test_letters_are_taken_no_faster_than_they_are_acknowledged():
    play, flooding, other = Playbook().port(), Actor(), Actor("other")
    known(play, flooding, other)
    for number in range(1000):
        play.hear(carries(flooding, to="us", id=f"L{number}", text="YQ==")).wait(0.001)
    play.hear(carries(other, to="us", id="M", text="YQ=="))
    came = [event for event in play.events if isinstance(event, LetterCame)]
    assert came[-1].id == "M", "there is room for others"
    answered = letters(play)
    assert len(answered) <= 24
    assert len(came) <= len(answered) + PER_SENDER + 1
    assert len(play.engine._letters._boxes[ETH0].receipts) <= PER_SENDER + 1
    assert any(isinstance(event, Refused) and event.reason == TOO_MANY_LETTERS for event in play.events)
    play.wait(1)
    assert play.engine._letters._boxes[ETH0].receipts == {}
    assert "M" in [said.id for _, said in letters(play)]


def test_a_part_that_is_none_takes_no_room():
    play, them = Playbook().port(), Actor()
    known(play, them)
    for number in range(4):
        play.hear(carries(them, to="us", id=f"L{number}", text="=", parts=2))
    play.hear(carries(them, to="us", id="L9", text="YQ==")).refused(Reason.MALFORMED)
    assert play._next(LetterCame).id == "L9"


def test_an_unfinished_letter_makes_room_after_ten_seconds():
    play, them = Playbook().port(), Actor()
    known(play, them)
    for number in range(4):
        play.hear(carries(them, to="us", id=f"L{number}", parts=2, text="YQ=="))
    play.wait(10.1).hear(carries(them, to="us", id="L9", parts=1, text="YQ=="))
    assert play._next(LetterCame).id == "L9"


@pytest.mark.parametrize("mtu", [1280, 1500, 9000])
def test_all_parts_fit_their_link(mtu):
    play = Playbook(identity=Identity("0" * 26, "h" * 60, "node", "1" * 26, URLS))
    play._new_id = lambda _version, _wall: ulid_transform.ulid_now()
    play.engine = Engine(play.identity, play._new_id, lambda: 0.5, QUIET)
    play.port(mtu=mtu)
    post(play, random.Random(1).randbytes(3000))
    play.wait(0.5)
    key = derive(b"secret")
    sizes = [len(encode(sent.beacon, key, at(0).wall, bytes(16))) + 48 for _, sent in play.sent]
    assert len(sizes) >= 4
    assert max(sizes) <= mtu


class Wire:
    """Two engines and what is between them; loses frames as its chance says."""

    def __init__(self, seed: int, loss: float) -> None:
        self.chance, self.loss, self.time = random.Random(seed), loss, 0.0
        config = replace(QUIET, letter_within=Config().letter_within)
        self.engines = {name: self._engine(name, config) for name in ("us", "them")}
        self.events = {name: [] for name in self.engines}

    def _engine(self, name: str, config: Config) -> Engine:
        count = iter(range(1, 1_000_000))
        engine = Engine(
            Identity(name, f"host-{name}", "rack", f"boot-{name}"), lambda _v, _w: f"{name}-{next(count)}", self.chance.random, config
        )  # fmt: skip
        mac = f"02:00:00:00:00:{len(name):02x}"
        engine.receive(facts(port=Port(name, "eth0"), mac=mac), at(0))
        return engine

    def run(self, until: float) -> None:
        while True:
            self._settle()
            due = min(d.at for e in self.engines.values() if (d := e.next_deadline()))
            if due > until:
                break
            self.time = max(due, self.time)
            for engine in self.engines.values():
                engine.handle_timeout(at(self.time))

    def _settle(self) -> None:
        for name, engine in [*self.engines.items()] * 2:  # once more for what arrived meanwhile
            self._serve(name, engine)

    def _serve(self, name: str, engine: Engine) -> None:
        while (sent := engine.poll_transmit()) is not None:
            if self.chance.random() >= self.loss:
                self._arrive("them" if name == "us" else "us", sent)
        while (event := engine.poll_event()) is not None:
            self.events[name].append(event)

    def _arrive(self, name: str, sent) -> None:
        now = at(self.time)
        arrival = Arrival(
            port=Port(name, "eth0"), beacon=sent.beacon, source_mac=sent.beacon.remote.mac_address, source_ip="fe80::9",
            source_port=5240, hop_limit=1, multicast=True, received=now,
        )  # fmt: skip
        self.engines[name].receive(arrival, now)

    def told(self, name: str) -> list:
        return [e for e in self.events[name] if isinstance(e, (LetterCame, LetterDelivered, LetterLost))]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.5), st.binary(min_size=1, max_size=6000))
def test_a_letter_comes_whole_and_once_or_is_told_as_lost(seed, loss, octets):
    wire = Wire(seed, loss)
    identity = wire.engines["us"].post(ETH0, "them", octets, at(0))
    wire.run(30)
    [sent] = wire.told("us")
    came = wire.told("them")
    assert len(came) <= 1
    assert all(letter.octets == octets for letter in came)
    assert sent.id == identity
    if isinstance(sent, LetterDelivered):
        assert came, "a receipt for what never came"
    else:
        assert loss > 0
    assert any(isinstance(event, Settled) for event in wire.events["us"])


def test_without_loss_a_letter_of_ten_parts_arrives_within_half_a_second():
    wire = Wire(1, 0.0)
    wire.engines["us"].post(ETH0, "them", bytes(6700), at(0))
    wire.run(0.5)
    assert len(wire.told("them")) == 1
    assert isinstance(wire.told("us")[0], LetterDelivered)
