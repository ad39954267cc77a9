"""A lab file is a value, or one line for each mistake: file, line, key, what was expected."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.lab import parse
from bellrock.lab.parse import LabFileError
from bellrock.lab.schema import CableSpec, InterfaceSpec, LinkSpec
from bellrock.model import Role

EXAMPLES = Path(__file__).parents[2] / "examples"

GOOD = """
[switch.sw0]
mtu = 9000
port.p1 = { trunk = [10, 20], native = 1, mtu = 1400 }
[switch.sw1]
[host.a]
role = "region"
interface.eth0 = { to = "sw0/p1", mac = "02:00:00:00:00:01", mtu = 1400, addresses = ["10.0.0.1/24"], vlans = [10] }
interface.eth1 = {}
bridge.br0 = { members = ["eth1"] }
[host.b]
agent = true
interface.eth0 = { up = false }
[[link]]
between = ["sw0", "sw1"]
trunk = [10]
native = { sw0 = 10, sw1 = 20 }
[[cable]]
between = ["a/eth1", "b/eth0"]
[[fault]]
kind = "mute"
at = "a/eth0"
"""


def test_a_whole_file_becomes_values():
    lab = parse.parse(GOOD.encode(), "f.toml")
    assert lab.host["a"].role is Role.REGION
    assert lab.host["a"].interface["eth0"] == InterfaceSpec(
        to="sw0/p1", mac="02:00:00:00:00:01", mtu=1400, addresses=("10.0.0.1/24",), vlans=(10,)
    )
    assert lab.host["b"].runs_agent
    assert lab.link == (LinkSpec(between=("sw0", "sw1"), trunk=(10,), native={"sw0": 10, "sw1": 20}),)
    assert lab.cable == (CableSpec(between=("a/eth1", "b/eth0")),)
    assert [fault.kind for fault in lab.fault] == ["mute"]


@pytest.mark.parametrize("name", ["three-racks.toml", "ten-hosts.toml"])
def test_the_examples_are_right(name):
    lab = parse.load(EXAMPLES / name)
    assert len(lab.host) == 10
    assert [host.role for host in lab.host.values()].count(Role.REGION) == 1


def test_ten_hosts_have_thirty_interfaces():
    assert sum(len(host.interface) for host in parse.load(EXAMPLES / "ten-hosts.toml").host.values()) == 30


HEAD = "[switch.sw0]\n[host.a]\nrole = 'rack'\n"
MISTAKES = [
    ("[host.a\n", "f.toml:1: Expected ']' at the end of a table declaration"),
    ("[host.a]\n[host.a]\n", "f.toml:2: the table [host.a] stands here for the second time; put its keys into one table"),
    ("[host.a]\nrole = 'king'\n", "f.toml:2: host.a.role: expected one of region, rack, node, got 'king'"),
    ("[host.a]\nrole = 5\n", "f.toml:2: host.a.role: expected a string, got an integer"),
    (
        "[host.a]\ncolour = 'red'\n",
        "f.toml:2: host.a.colour: unknown key; expected one of agent, bridge, interface, join, role, secret",
    ),
    (
        "titel = 'x'\n[host.a]\n",
        "f.toml:1: titel: unknown key; expected one of cable, fault, host, join, link, policy, switch, title",
    ),
    ("host = 5\n", "f.toml:1: host: expected a table of names, got an integer"),
    ("[host]\na = []\n", "f.toml:2: host.a: expected a table, got an array"),
    (HEAD + "interface.eth0 = 'sw0'\n", "f.toml:4: host.a.interface.eth0: expected a table, got a string"),
    (HEAD + "interface.eth0 = { mtu = '9' }\n", "f.toml:4: host.a.interface.eth0.mtu: expected an integer, got a string"),
    (
        HEAD + "interface.eth0 = { to = 'sw0', trunk = [\n 10,\n 'x'] }\n",
        "f.toml:6: host.a.interface.eth0.trunk[1]: expected an integer, got a string",
    ),
    (HEAD + "bridge.br0 = {}\n", "f.toml:4: host.a.bridge.br0: missing key members"),
    (HEAD + "link = 5\n", "f.toml:4: host.a.link: unknown key; expected one of agent, bridge, interface, join, role, secret"),
    ("link = true\n[host.a]\n", "f.toml:1: link: expected [[link]], a list of tables, got a boolean"),
    (HEAD + "[[cable]]\nbetween = ['a/b']\n", "f.toml:5: cable[0].between: expected an array of length 2, got 1"),
    (HEAD + "[[fault]]\nkind = 'x'\nat = 'a/b'\n", "f.toml:5: fault[0].kind: expected one of port-down, mute, deaf, mtu, missing-vid, extra-vid, native, got 'x'"),
    (HEAD + "[[fault]]\nkind = 'mtu'\nat = 'a/b'\nway = 'x'\n", "f.toml:7: fault[0].way: expected one of both, from-host, to-host, got 'x'"),
    ("policy = 'x'\n[host.a]\n", "f.toml:1: policy: expected one of auto, approve, closed, got 'x'"),
    (HEAD + "interface.eth0 = { to = 'sw9' }\n", "f.toml:4: host.a.interface.eth0.to: expected a switch of this file (sw0), got 'sw9'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), MISTAKES)
def test_a_mistake_is_one_line(text, told):
    with pytest.raises(LabFileError) as caught:
        parse.parse(text.encode(), "f.toml")
    assert str(caught.value) == told


def test_several_mistakes_are_told_in_the_order_of_lines():
    with pytest.raises(LabFileError) as caught:
        parse.parse(b"[host.a]\nrole = 1\n[switch.s]\nmtu = 'x'\n[host.b]\nagent = 3\n", "f.toml")
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == ["f.toml:2", "f.toml:4", "f.toml:6"]


def test_no_more_mistakes_are_told_than_a_screen_holds():
    text = "".join(f"[host.h{n}]\nx = 1\n" for n in range(50))
    with pytest.raises(LabFileError) as caught:
        parse.parse(text.encode(), "f.toml")
    lines = str(caught.value).splitlines()
    assert len(lines) == parse.MAX_PROBLEMS + 1
    assert lines[-1] == "f.toml: and 30 more mistakes"


def test_what_is_no_text_is_told_with_its_line():
    with pytest.raises(LabFileError, match=r"^f.toml:2: not UTF-8"):
        parse.parse(b"# x\n\xff\n", "f.toml")


def test_a_file_that_is_too_large_is_not_read():
    with pytest.raises(LabFileError, match="more than 1048576 octets"):
        parse.parse(b"#" * (parse.MAX_FILE + 1), "f.toml")


def test_a_file_nested_too_deeply_is_refused():
    with pytest.raises(LabFileError, match="nested too deeply|line 1|f.toml:1"):
        parse.parse(b"a = " + b"[" * 100_000, "f.toml")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(LabFileError, match=r"none.toml: cannot be read: No such file or directory; give"):
        parse.load(tmp_path / "none.toml")


@given(st.binary(max_size=200) | st.text("[]{}=.,\"'ab1# \n-", max_size=80).map(str.encode))
def test_any_bytes_are_a_lab_or_the_one_error(raw):
    try:
        told = None
        parse.parse(raw, "f.toml")
    except LabFileError as error:
        told = str(error)
    assert told is None or all(line.startswith("f.toml:") for line in told.splitlines())
