"""Switch ports of a site: runs of VIDs, one port for an interface, one way for a VLAN."""

import pytest

from bellrock.flows import SiteError, parse
from bellrock.flows.site import Switchport
from bellrock.flows.site_spec import SwitchportSpec
from bellrock.flows.site_switchports import switchports


def told(*declared):
    problems = []
    return switchports(declared, problems), problems


def spec(interface="eth0", **more):
    return SwitchportSpec(host="rack-1", interface=interface, **more)


def test_runs_of_vids_are_vids():
    found, problems = told(spec(tagged=(10, "20-22", "4094-4094"), untagged=7), spec("eth1", untagged=10))
    assert problems == []
    assert found == (
        Switchport(host="rack-1", interface="eth0", tagged=frozenset({10, 20, 21, 22, 4094}), untagged=7),
        Switchport(host="rack-1", interface="eth1", untagged=10),
    )


@pytest.mark.parametrize("run", ["9-5", "0-5", "1-4095", "0-0"])
def test_a_run_that_is_none_is_told(run):
    _, problems = told(spec(tagged=(1, run)))
    assert problems == [(("switchport", 0, "tagged", 1), f"'{run}' is no run of VIDs within 1-4094 that goes up")]


def test_every_mistake_has_its_place():
    _, problems = told(None, spec(tagged=("5-9",), untagged=7), spec(tagged=(1,)), spec("eth1"))
    assert problems == [
        (("switchport", 1, "untagged"), "VLAN 7 is among the tagged ones too; it passes one way or the other"),
        (("switchport", 2, "interface"), "rack-1/eth0 is switchport[1] already; an interface has one port"),
        (("switchport", 3), "neither tagged nor untagged is given, so no VLAN would pass; give one of them"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('host = "a"\ninterface = "eth0"\ntagged = [0]', "a VID of 1-4094"),
        ('host = "a"\ninterface = "eth0"\ntagged = ["x"]', "a run of them like `100-199`"),
        ('host = "a"\ninterface = "eth0"\nuntagged = 4095', "a VID of 1-4094"),
        ('interface = "eth0"\nuntagged = 1', "host"),
        ('host = "a"\ninterface = "eth0"\nuntaged = 1', "untaged"),
    ],
)
def test_in_a_file_mistakes_are_told_with_their_line(text, words):
    with pytest.raises(SiteError, match=r"site.toml:\d") as caught:
        parse(f"[[switchport]]\n{text}\n".encode(), "site.toml")
    assert words in str(caught.value)


def test_a_file_gives_them_as_they_are():
    text = '[[switchport]]\nhost = "a"\ninterface = "eth0"\ntagged = [10, "20-21"]\nuntagged = 1\n'
    (port,) = parse(text.encode(), "site.toml").switchports
    assert (port.tagged, port.untagged) == (frozenset({10, 20, 21}), 1)
