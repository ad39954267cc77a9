"""Scenario and world files are values, or one line for each mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.lab.parse import LabFileError
from bellrock.lab.scenario import parse
from bellrock.lab.scenario.schema import LookSpec

GOOD = """
title = "x"
step = "tftp"
[[fault]]
files = { tftp = { "a" = { absent = true } } }
[[fault]]
at = "host-7"
play = { maker = "arp", arguments = { sender = "10.0.0.1", target = "10.0.0.2" } }
[[expect]]
id = "boot-file-missing"
"""
WORLD = """
capture = ["a"]
[switch.sw0]
[host.a]
interface.eth0 = { to = "sw0", addresses = ["10.0.0.1/24"] }
[service.tftp]
at = "a"
kind = "tftpd"
files = { x = { size = 3 } }
[client.a]
arch = 0
"""


def test_a_scenario():
    one = parse.parse_scenario(GOOD.encode(), "dir/mine.toml")
    assert (one.name, one.file.step, one.file.expect[0].id) == ("mine", "tftp", "boot-file-missing")
    assert one.file.fault[0].files["tftp"]["a"].absent
    assert one.file.look == (LookSpec(),)


def test_a_world():
    one = parse.parse_world(WORLD.encode(), "mine.toml")
    assert (one.name, one.capture, one.service["tftp"].settings, one.client["a"].settings.arch) == (
        "mine", ("a",), {"files": {"x": {"size": 3}}}, 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title = 3", "s.toml:1: title: expected a string, got an integer"),
        ("colour = 'x'\ntitle = 'y'", "s.toml:1: colour: unknown key"),
        ("title = 'x'\n[[fault]]\nat = 'a'", "s.toml:2: fault[0]: expected one of configure"),
        ("title = 'x'\n[[look]]\nkind = 'guess'", "s.toml:3: look[0].kind: "),
        ("title = ", "s.toml: Invalid value"),
        ("", "missing key title"),
    ],
)
def test_mistakes_of_a_scenario(text, why):
    with pytest.raises(LabFileError) as wrong:
        parse.parse_scenario(text.encode(), "s.toml")
    assert why in str(wrong.value)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('kind = "tftpd"', 'kind = "gopher"', "w.toml:6: service.tftp: expected a kind of dhcpd"),
        ('kind = "tftpd"', "kind = 3", "service.tftp.kind: expected a name"),
        ('at = "a"\n', 'at = "b"\n', "w.toml:7: service.tftp.at: expected a host of this file (a), got 'b'"),
        ("arch = 0", 'arch = "x"', "w.toml:11: client.a.arch: expected an integer"),
        ('capture = ["a"]', 'capture = ["b"]', "capture: expected hosts of this file"),
        ('to = "sw0"', 'to = "sw9"', "interface.eth0.to: expected a switch"),
    ],
)
def test_mistakes_of_a_world(old, new, why):
    with pytest.raises(LabFileError) as wrong:
        parse.parse_world(WORLD.replace(old, new).encode(), "w.toml")
    assert why in str(wrong.value)


@given(st.binary(max_size=200))
def test_any_octets_are_a_value_or_a_mistake(octets):
    for read in (parse.parse_scenario, parse.parse_world):
        assert told(read, octets).startswith("x.toml")


def told(read, octets):
    try:
        return f"{read(octets, 'x.toml').name}.toml"
    except LabFileError as error:
        return str(error)


def test_what_comes_with_the_tool_is_right():
    names = parse.names()
    assert "healthy-uefi" in names
    for name in names:
        one = parse.scenario(name)
        assert parse.world(one.file.world).lab.host
        assert one.file.title


def test_what_is_not_there(tmp_path):
    for read, why in ((parse.scenario, "no such scenario"), (parse.world, "no such world")):
        for name in ("nobody", str(tmp_path / "none.toml")):
            with pytest.raises(LabFileError, match=why):
                read(name)
    directory = tmp_path / "d.toml"
    directory.mkdir()
    with pytest.raises(LabFileError, match="cannot be read"):
        parse.scenario(str(directory))


def test_a_file_of_ones_own(tmp_path):
    (tmp_path / "mine.toml").write_text(GOOD)
    assert parse.scenario(str(tmp_path / "mine.toml")).name == "mine"
