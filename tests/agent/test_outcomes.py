"""The one sentence for each way in which joining ends."""

import time

import pytest

from bellrock.agent.candidates import Candidate
from bellrock.agent.credentials import Credentials, make_key
from bellrock.agent.outcomes import (
    Closed,
    Joined,
    NoRegion,
    Several,
    SwappedCertificate,
    Unreachable,
    Waiting,
    WrongSecret,
    no_region,
    skew_words,
    wrong_secret,
)
from bellrock.agent.sight import Sight, Wrong
from bellrock.model import Evidence, EvidenceKind, Interface, Monotonic, Neighbour, Port, Wall, key_of
from bellrock.region.certificates import make_authority, pem_of, read_request, sign_agent
from bellrock.wire.keys import Key, Keyring
from tests.agent.standin import AGENT
from tests.agent.test_candidates import beacon

ETH0, ETH1 = Port("us", "eth0"), Port("us", "eth1")


def sight(*wrong, interfaces=(), heard=()):
    seen = Sight("us", Keyring([Key(b"k" * 32)]), lambda: None)
    seen.known(interfaces)
    for one in wrong:
        seen._wrong[one.port, one.source_mac] = one
    for number, one in enumerate(heard):
        from bellrock.agent.sight import Heard

        seen._heard[ETH1, str(number), ""] = Heard(ETH1, "", one, 0.0, Monotonic(0.0))
    return seen


def eth(name, **more):
    return Interface(name=name, index=2, mac="52:54:00:00:00:01", **more)


WRONG = [
    (
        [Wrong(ETH1, "52:54:00:00:00:0a", 4, 0.2), Wrong(ETH1, "52:54:00:00:00:0b", 4, -0.3)],
        "2 machines beacon on eth1 (52:54:00:00:00:0a, 52:54:00:00:00:0b); this secret opens nothing of it: wrong secret "
        "(not clock skew, which is +0.2 s)",
    ),
    (
        [Wrong(ETH0, "52:54:00:00:00:0a", 4, 3600.0)],
        "one machine beacons on eth0 (52:54:00:00:00:0a); this secret opens nothing of it: wrong secret "
        "(their clock seems +3600.0 s off as well, which alone would not hide what they say)",
    ),
    (
        [Wrong(ETH0, "52:54:00:00:00:0a", 4, None)],
        "one machine beacons on eth0 (52:54:00:00:00:0a); this secret opens nothing of it: wrong secret "
        "(what they send carries no time)",
    ),
]


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_a_wrong_secret_is_told_apart_from_a_clock_that_is_off(wrong, sentence):
    assert wrong_secret(sight(*wrong)).sentence == sentence


def test_of_many_strangers_four_are_named():
    many = [Wrong(ETH0, f"52:54:00:00:00:{n:02x}", 1, 0.0) for n in range(9)]
    assert "9 machines beacon on eth0 (52:54:00:00:00:00, " in wrong_secret(sight(*many)).sentence
    assert wrong_secret(sight(*many)).sentence.count("52:54") == 4


def test_where_no_region_is_heard_what_was_tried_and_heard_is_told():
    interfaces = [
        eth("eth0"),
        eth("eth1"),
        eth("eth2", speaks=False, carrier=False),
        eth("eth3", speaks=False, up=False),
        eth("eth4", speaks=False, master="bond0"),
        eth("eth5", speaks=False),
    ]
    seen = sight(interfaces=interfaces, heard=[beacon("rack-7"), beacon("", plain=True)])
    switch = Evidence(
        kind=EvidenceKind.LLDP, port=ETH0, peer_name="sw1",
        neighbour=Neighbour(protocol="lldp", chassis_id="c", port_id="p", ttl=120), since=Wall(0.0), seen=Wall(0.0),
    )  # fmt: skip
    seen.evidence[key_of(switch)] = switch
    seen.refused[ETH0, "52:54:00:00:00:0a", "unknown-version"] = 12
    assert no_region(seen, 5.0, "a hint").sentence == (
        "no region heard within 5 s: tried eth0, eth1; not eth3 (down); not eth2 (no carrier); not eth5 (nothing can be sent "
        "there); not eth4 (part of bond0); rack-7 on eth1 tells of no region with TLS; plain MAAS racks on eth1, which know "
        "no region of this kind; the switch sw1 on eth0 (LLDP or CDP); 12 frames refused (unknown-version); a hint"
    )


def test_where_nobody_is_there_that_is_told():
    assert no_region(sight(interfaces=[eth("eth0")]), 0.5).sentence == (
        "no region heard within 0.5 s: tried eth0; nobody was heard"
    )
    assert "there is no interface to try" in no_region(sight(), 1).sentence


@pytest.mark.parametrize(
    ("skew", "words"),
    [
        (0.2, ""),
        (-4.9, ""),
        (12.0, "; its clock is 12.0 s ahead of this one"),
        (-12.0, "; its clock is 12.0 s behind this one"),
        (
            3600.0,
            "; its clock is 3600.0 s ahead of this one (set this machine's clock: until then its beacons are refused)",
        ),
    ],
)
def test_skew_is_told_where_it_matters(skew, words):
    assert skew_words(skew) == words


def test_every_outcome_has_its_sentence():
    key, now = make_key(), Wall(time.time())
    authority = make_authority("r", now)
    made = pem_of(sign_agent(authority, read_request(key.request(AGENT)).public_key, AGENT, now))
    kept = Credentials(key, made, pem_of(authority.certificate), ("https://u",))
    one = Candidate("ab" * 32, ("https://10.0.0.1:1",), ("r",), ("r on eth0",), 0.0)
    said = {
        Joined("r", "https://u", kept, "id", 0.0).sentence: "joined r at https://u; certificate until ",
        Waiting("r", "https://u", "K7QF-2M9X", 0.0).sentence: "`bellrock agent approve K7QF-2M9X` lets this machine in",
        Closed("r", "https://u", "").sentence: "r at https://u does not let this machine join: it is closed",
        Closed("r", "https://u", "you were revoked").sentence: "does not let this machine join: you were revoked",
        WrongSecret("w").sentence: "w",
        NoRegion("n").sentence: "n",
        Unreachable("r", "why").sentence: "r cannot be reached: why",
        SwappedCertificate("r", "why").sentence: "r is not what answers: why; nothing was told to it",
        Several(
            (one, one)
        ).sentence: "2 regions heard, give one with --region: r at https://10.0.0.1:1 (authority abab",
    }
    for sentence, words in said.items():
        assert words in sentence
        assert "\n" not in sentence
