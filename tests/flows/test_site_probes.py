"""Options and targets in site files, and the one line for each mistake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.flows import BOOT, Target
from bellrock.flows.site_probes import MAX_TARGETS, as_text, trials
from bellrock.probe.registry import PROBES
from tests.flows.sites import complaints, site


def test_options_are_text_whatever_they_were_written_as():
    found = site(
        '[probe.tftp]\npath = "a b"\nwindowsize = 8\nwithin = 0.5\nwhole = true\nfast = false\nsizes = [512, "1468"]'
    ).trials
    assert found["tftp"].options == {
        "path": "a b", "windowsize": "8", "within": "0.5", "whole": "yes", "fast": "no", "sizes": "512,1468",
    }  # fmt: skip
    assert found["tftp"].targets == ()


def test_targets_have_an_address_a_name_or_both():
    found = site(
        '[probe.ipmi]\nspacing = 1\n[[probe.ipmi.target]]\naddress = "10.9.0.11"\nname = "bmc-11.example"\nport = 6230\n'
        '[[probe.ipmi.target]]\naddress = "FD00:0::1"\n[[probe.snap.target]]\nname = "api.snapcraft.io"'
    ).trials
    assert found["ipmi"].targets == (
        Target(address="10.9.0.11", name="bmc-11.example", port=6230),
        Target(address="fd00::1"),
    )
    assert found["ipmi"].options == {"spacing": "1"}
    assert found["snap"].targets == (Target(name="api.snapcraft.io"),)


def test_every_flow_that_a_probe_tries_may_have_a_table_and_no_other():
    assert set(BOOT) == set(PROBES)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("probe = 1", "s.toml:1: probe: expected a table of flow ids, got an integer"),
        ("[probe.tfpt]", "s.toml:1: probe.tfpt: no probe tries 'tfpt'; did you mean 'tftp'?"),
        ("[probe]\ntftp = 1", "s.toml:2: probe.tftp: expected a table of options, got an integer"),
        ("[probe.tftp]\nPath = 'x'", "s.toml:2: probe.tftp.Path: no name of an option; they are lower-case letters, digits and -"),
        (
            "[probe.tftp]\npath = { a = 1 }",
            "s.toml:2: probe.tftp.path: expected a string, a number, a boolean or a list of them, got a table",
        ),
        (
            "[probe.tftp]\npath = []",
            "s.toml:2: probe.tftp.path: expected a string, a number, a boolean or a list of them, got an array",
        ),
        (
            "[probe.tftp]\npath = ['a,b']",
            "s.toml:2: probe.tftp.path: expected a string, a number, a boolean or a list of them, got an array",
        ),
        ('[probe.tftp]\npath = "a\\nb"', "s.toml:2: probe.tftp.path: expected at most 8192 characters, all of them printable"),
        (f"[probe.tftp]\npath = '{'a' * 8193}'", "s.toml:2: probe.tftp.path: expected at most 8192 characters, all of them printable"),
        ("[probe.ipmi]\ntarget = 1", "s.toml:2: probe.ipmi.target: expected [[probe.ipmi.target]], a list of tables, got an integer"),
        ("[[probe.ipmi.target]]\nport = 1", "s.toml:1: probe.ipmi.target[0]: neither address nor name is given; give one of them, or both"),
        ("[[probe.ipmi.target]]\nadress = 'x'", "s.toml:2: probe.ipmi.target[0].adress: unknown key; expected one of address, name, port"),
        (
            "[[probe.ipmi.target]]\naddress = '10.9.0.0/24'",
            "s.toml:2: probe.ipmi.target[0].address: '10.9.0.0/24' is more than one address; give one target for each",
        ),
        (
            "[[probe.ipmi.target]]\naddress = 'any'",
            "s.toml:2: probe.ipmi.target[0].address: 'any' is more than one address; give one target for each",
        ),
        (
            "[[probe.ipmi.target]]\naddress = '10.9.0.1-10.9.0.2'",
            "s.toml:2: probe.ipmi.target[0].address: '10.9.0.1-10.9.0.2' is more than one address; give one target for each",
        ),
        ("[[probe.ipmi.target]]\naddress = '224.0.0.1'", "s.toml:2: probe.ipmi.target[0].address: 224.0.0.1 is multicast; machines have unicast addresses"),
        ("[[probe.ipmi.target]]\naddress = '::1'\nport = 0", "s.toml:3: probe.ipmi.target[0].port: expected a port number of 1-65535"),
        ("[[probe.ipmi.target]]\naddress = '::1'\nport = 65536", "s.toml:3: probe.ipmi.target[0].port: expected a port number of 1-65535"),
        ("[[probe.ipmi.target]]\nname = 'a b'", "s.toml:2: probe.ipmi.target[0].name: expected a host name"),
        ("[[probe.ipmi.target]]\nname = 'a'\n[[probe.ipmi.target]]\nname = 'a'", "s.toml:3: probe.ipmi.target[1]: the same as target[0]"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) and "s.toml" not in value else "",
)  # fmt: skip
def test_a_mistake_is_one_line(text: str, line: str):
    assert complaints(text) == [line]


def test_targets_are_bounded():
    problems = []
    found = trials({"ipmi": {"target": [{"address": "10.0.0.1"}] * (MAX_TARGETS + 1)}}, problems)
    assert problems == [(("probe", "ipmi", "target"), "10001 targets; at most 10000 are tried")]
    assert found["ipmi"].targets == ()


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)  # fmt: skip


@given(ANY | st.dictionaries(st.sampled_from(BOOT), st.dictionaries(st.sampled_from(["path", "target"]), ANY)))
def test_any_value_gives_trials_or_problems(value):
    problems = []
    found = trials(value, problems)
    assert isinstance(found, dict)
    assert all(isinstance(what, str) and what for _, what in problems)


@given(ANY)
def test_text_of_any_value_has_no_structure_left(value):
    text = as_text(value)
    assert text is None or isinstance(text, str)
