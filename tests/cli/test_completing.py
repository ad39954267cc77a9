"""Values that are completed."""

import socket

import click
import pytest

from bellrock.cli import completing
from bellrock.cli.output import Failure
from bellrock.flows.profiles import catalogue

CONTEXT = click.Context(click.Command("any"))
PARAMETER = click.Option(["--any"])


def values(completer, incomplete="", context=CONTEXT):
    return [item.value for item in completer(context, PARAMETER, incomplete)]


def test_flows_are_those_of_the_catalogue():
    assert values(completing.flows) == [one.id for one in catalogue()]
    assert "dhcp" in values(completing.flows, "dh")
    assert all(value.startswith("dh") for value in values(completing.flows, "dh"))
    assert all(item.help for item in completing.flows(CONTEXT, PARAMETER, "dhcp"))


def test_findings_have_their_titles_beside_them():
    (item,) = completing.findings(CONTEXT, PARAMETER, "dhcp-two-serv")
    assert item.value == "dhcp-two-servers"
    assert item.help
    assert values(completing.findings, "no such") == []


def test_scenarios_are_those_that_are_shipped():
    assert "dhcp-two-servers" in values(completing.scenarios)


def test_an_agent_without_a_lab_completes_no_scenarios(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "bellrock.lab.scenario", None)
    assert values(completing.scenarios) == []


def test_interfaces_are_those_of_this_machine():
    assert values(completing.interfaces) == [name for _, name in socket.if_nameindex()]


def test_files_are_left_to_the_shell():
    (item,) = completing.files(CONTEXT, PARAMETER, "a/b")
    assert (item.value, item.type) == ("a/b", "file")


@pytest.fixture
def answers(monkeypatch):
    """The region's answer to whatever is asked; an exception is raised."""

    def answers(answer):
        def send(region, state_dir, method, path, body=None, *, within=None):
            assert (method, path, within) == ("GET", "/hosts", completing.WITHIN)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr("bellrock.cli.regionapi.send", send)

    return answers


def test_hosts_are_those_that_the_region_knows(answers):
    answers(
        [{"name": "rack-1", "role": "rack"}, {"name": "rack-2"}, {"name": "a b"}, {"name": "x\x1b[2J"}, {"id": 1}, 7]
    )
    assert values(completing.hosts) == ["rack-1", "rack-2"]
    assert values(completing.hosts, "rack-2") == ["rack-2"]


@pytest.mark.parametrize("answer", [Failure("no region"), OSError("gone"), {"hosts": []}, None])
def test_without_a_region_there_are_no_hosts_and_no_error(answers, answer):
    answers(answer)
    assert values(completing.hosts) == []


def test_there_are_never_more_than_a_shell_can_show(answers):
    answers([{"name": f"rack-{number}"} for number in range(10_000)])
    assert len(values(completing.hosts)) == completing.MAX_ITEMS
