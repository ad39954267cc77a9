"""`bellrock path`: what is asked of the region, and what is printed of its answer."""

import json

import pytest
from click.testing import CliRunner

from bellrock.cli.output import Failure
from bellrock.cli.path import exit_code, path

HOPS = [
    {"address": "10.1.0.2", "name": "near", "interface": "eth0", "request": True, "reply": False},
    {"address": "10.1.0.1", "request": True}, {"address": ""}, {"address": "10.2.0.2", "name": "far", "request": False},
]  # fmt: skip
WORKS = {"verdict": "works", "died_at": "", "detail": "it works", "variant": "udp/53 IPv4", "hops": HOPS}
LOST = {
    "verdict": "filtered",
    "died_at": "lost-on-the-way",
    "detail": "it was \x1b[31mlost",
    "variant": "tcp/53 IPv4",
    "hops": HOPS,
    "rule": "",
}
UNKNOWN = {"verdict": "not-checked", "died_at": "unknown", "detail": "nobody could look", "variant": "tcp/53 IPv6"}


def run(monkeypatch, walks, *words):
    asked = []

    def send(region, state_dir, method, where, body=None, *, within=0.0):
        asked.append((method, where, body, within))
        worst = next((one for one in walks if one["verdict"] == "filtered"), walks[-1])
        return {"verdict": worst["verdict"], "died_at": worst["died_at"], "detail": worst["detail"], "walks": walks}

    monkeypatch.setattr("bellrock.cli.regionapi.send", send)
    done = CliRunner().invoke(path, ["near", "far", "dns", *words])
    return done, asked


def test_json_has_the_worst_first_and_all(monkeypatch):
    done, asked = run(monkeypatch, [WORKS, LOST], "--json")
    found = json.loads(done.stdout)
    assert (found["verdict"], found["died_at"], found["hops"]) == ("filtered", "lost-on-the-way", HOPS)
    assert found["walks"] == [WORKS, LOST]
    assert done.exit_code == 1
    ((method, where, body, within),) = asked
    assert (method, where) == ("POST", "/walks")
    assert body == {
        "source": "near",
        "target": "far",
        "flow": "dns",
        "listen": True,
        "protocol": "",
        "family": 0,
        "port": 0,
        "within": 1.5,
    }
    assert within > 30


def test_what_is_asked_for(monkeypatch):
    _, ((*_, body, _),) = run(monkeypatch, [WORKS], "--as-is", "--tcp", "-6", "--port", "3142", "--within", "0.5")
    assert body | {"source": ""} == {
        "source": "", "target": "far", "flow": "dns", "listen": False, "protocol": "tcp", "family": 6, "port": 3142, "within": 0.5,
    }  # fmt: skip


def test_for_people(monkeypatch):
    done, _ = run(monkeypatch, [WORKS, LOST])
    assert done.stdout.splitlines() == [
        "works       udp/53 IPv4  it works",
        "filtered    tcp/53 IPv4  it was \\x1b[31mlost",
        "            died at: lost-on-the-way",
        "            way: near/eth0 (10.1.0.2) [request seen, answer not seen] → 10.1.0.1 [request seen, answer ?] → "
        "(silent) [request ?, answer ?] → far (10.2.0.2) [request not seen, answer ?]",
    ]
    assert "asking both ends to watch their wire" in done.stderr


@pytest.mark.parametrize(("walks", "code"), [([WORKS], 0), ([WORKS, UNKNOWN], 3), ([UNKNOWN, LOST], 1)])
def test_exit_codes(monkeypatch, walks, code):
    assert exit_code(walks) == code
    assert run(monkeypatch, walks)[0].exit_code == code


@pytest.mark.parametrize(("said", "code"), [(1, 2), (2, 2), (3, 3)])
def test_what_the_region_refuses_is_no_fault_of_the_path(monkeypatch, said, code):
    def send(*_, **__):
        raise Failure("no agent 'fra' is connected", said)

    monkeypatch.setattr("bellrock.cli.regionapi.send", send)
    done = CliRunner().invoke(path, ["near", "fra", "dns"])
    assert done.exit_code == code
    assert "no agent 'fra' is connected" in done.stderr


@pytest.mark.parametrize(
    "words", [["--port", "0"], ["--within", "99"], ["--within", "nan"], ["-4", "-6"], ["--tcp", "--udp"]]
)
def test_bad_words(monkeypatch, words):
    done, asked = run(monkeypatch, [WORKS], *words)
    assert (done.exit_code, asked) == (2, [])


def test_a_protocol_that_the_flow_does_not_use_is_told_as_such(monkeypatch):
    monkeypatch.setattr("bellrock.cli.regionapi.send", lambda *_, **__: pytest.fail("nothing is to be asked"))
    done = CliRunner().invoke(path, ["near", "far", "ntp", "--tcp"])
    assert (done.exit_code, done.stderr) == (2, "Error: ntp is not spoken over TCP, but over UDP\n")


def test_brackets_around_an_address_are_no_part_of_it(monkeypatch):
    asked = []

    def send(region, state_dir, method, where, body=None, *, within=0.0):
        asked.append((body["source"], body["target"], body["protocol"]))
        return {"verdict": "works", "died_at": "", "detail": "it works", "walks": [WORKS]}

    monkeypatch.setattr("bellrock.cli.regionapi.send", send)
    assert CliRunner().invoke(path, ["fd01::2", "[fd02::2]", "beacon", "--udp"]).exit_code == 0
    assert asked == [("fd01::2", "fd02::2", "udp")]
