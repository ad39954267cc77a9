"""Intent files: written and read again, and each mistake by its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.topology.intent import Intent, IntentError, MeantPort, MeantVlan
from bellrock.topology.intent.file import parse, write

TEXT = b"""
title = "lab"
[vlan.boot]
vid = 10
subnets = ["10.0.0.0/24"]
[port."node-7/eth0"]
mac = "02:00:00:00:00:01"
untagged = "boot"
cable = "sw1/7"
connected = true
"""


def test_a_file_by_hand():
    found = parse(TEXT, "intent.toml")
    assert found.vlans == {"boot": MeantVlan(vid=10, subnets=("10.0.0.0/24",))}
    assert found.ports == {
        "node-7/eth0": MeantPort(mac="02:00:00:00:00:01", untagged="boot", cable="sw1/7", connected=True)
    }


NAMES = st.text(min_size=1, max_size=12).filter(lambda text: text.encode(errors="replace").decode() == text)
MACS = st.one_of(st.just(""), st.just("02:00:00:00:00:0a"))


@st.composite
def intents(draw):
    vlans = draw(
        st.dictionaries(NAMES, st.builds(MeantVlan, vid=st.none() | st.integers(1, 4094), fabric=NAMES), max_size=3)
    )
    one = st.sampled_from([*vlans]) if vlans else st.just("")
    many = st.lists(one, max_size=2).map(tuple) if vlans else st.just(())
    ports = st.builds(
        MeantPort, mac=MACS, untagged=one, tagged=many, cable=NAMES, mtu=st.none() | st.integers(68, 65535),
        connected=st.none() | st.booleans(),
    )  # fmt: skip
    names = st.tuples(NAMES, NAMES).map(lambda two: f"{two[0].replace('/', '')}x/{two[1]}")
    return Intent(
        title=draw(NAMES),
        vlans=vlans,
        ports=draw(st.dictionaries(names, ports, max_size=3)),
        notes=draw(st.lists(NAMES).map(tuple)),
    )


@given(intents())
def test_what_is_written_is_read(intent):
    found = parse(write(intent).encode(), "x")
    assert (found.title, found.vlans, found.ports) == (intent.title, intent.vlans, intent.ports)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[vlan.a]\nvid = 0\n', "x:2: vlan.a.vid: 0 is no VID"),
        ('[port.a]\n', "x:1: port.a: a port is HOST/INTERFACE"),
        ('[port."a/b"]\nmac = "x"\n', "x:2: port.a/b.mac: 'x' is no MAC address"),
        ('[port."a/b"]\nuntagged = "boot"\n', "there is no [vlan.boot]"),
        ('[port."a/b"]\ntagged = ["a b"]\n', 'there is no [vlan."a b"]'),
        ('[port."a/b"]\nspeed = 1\n', "speed"),
        ("title = 1\n", "title: expected a string"),
        ("host = 1\n", "host: unknown; there are title, vlan, port"),
        ("= 1", "x:1"),
        ("\xff", "not UTF-8"),
    ],
    ids=range(10),
)  # fmt: skip
def test_mistakes(text, says):
    with pytest.raises(IntentError) as caught:
        parse(text.encode("latin-1"), "x")
    assert says in str(caught.value)
