"""`bellrock mtu`: against a stand-in here, against a region and real neighbours in tests/lab/test_mtu.py."""

import json

import pytest
from click.testing import CliRunner

from bellrock.agent.gauge import Gauged
from bellrock.cli import mtu as module
from bellrock.cli.mtu import mtu, narrowed
from bellrock.cli.output import Failure
from bellrock.link.device import LinkError
from bellrock.model import Interface, MtuLimit, MtuSeen, Port


def end(host, interface="eth0"):
    return {"host": host, "interface": interface}


def pair(a, b, mtu=1500, limited_by="link", vid=None):
    return {"from": end(a), "to": end(b), "vid": vid, "mtu": mtu, "limited_by": limited_by, "expected": 9000}


CULPRIT = {
    "what": "All pairs through c/eth0 stop.\x1b[2J", "where": [end("c") | {"vid": None}], "towards": [], "proof": ["So it is."],
}  # fmt: skip
FOUND = {"pairs": [pair("a", "b", 9000, "interface"), pair("a", "c"), pair("b", "a", 0, vid=10)], "culprits": [CULPRIT]}

INTERFACES = [
    {"host": "a", "name": "eth0", "addresses": ["10.0.0.1/24"], "mtu": 9000},
    {"host": "b", "name": "eth0", "addresses": ["10.0.0.2/24", "fe80::1/64"], "mtu": 1500},
    {"host": "b", "name": "eth1", "addresses": [], "mtu": 1500},
]
SITE = """
[[subnet]]
name = "storage"
cidr = "10.0.0.0/24"
mtu = 9000
[[subnet]]
name = "other"
cidr = "10.1.0.0/24"
"""


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run the command; the region gives one answer after the other, the last again and again."""
    asked = []

    def _run(*arguments, answers=(FOUND,), agents=("a", "b")):
        left = list(answers)

        def send(region, state_dir, method, path, body, **_):
            if method == "POST":
                asked.append((method, path, body))
                return {"agents": list(agents)}
            asked.append((method, path))
            if path == "/interfaces":
                return INTERFACES
            answer = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        monkeypatch.setattr("bellrock.cli.regionapi.send", send)
        done = CliRunner().invoke(mtu, list(arguments))
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    _run.asked = asked
    monkeypatch.setattr(module, "default_state_dir", lambda: tmp_path)
    monkeypatch.setattr(module, "POLL", 0.0)
    return _run


def test_a_table_and_culprits_with_proof(run):
    done = run()
    assert done.exit_code == 1
    for text in (
        "a/eth0",
        "b/eth0.10",
        "below 1280",
        "its own MTU",
        "larger ones vanish",
        "So it is.",
        "stop.\\x1b[2J",
    ):
        assert text in done.stdout


def test_json_is_the_regions_answer(run):
    done = run("--json", answers=[{**FOUND, "measuring": ["a"]}])
    assert json.loads(done.stdout) == FOUND


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (FOUND, 1),
        ({**FOUND, "culprits": []}, 0),
        ({"pairs": [], "culprits": []}, 4),
    ],
)
def test_the_exit_code_says_whether_all_is_well(run, answer, code):
    assert run(answers=[answer]).exit_code == code


def test_a_region_that_does_not_answer(run):
    done = run(answers=[Failure("no region at x", 3)])
    assert (done.exit_code, done.stderr.strip()) == (3, "Error: no region at x")


def test_now_waits_for_those_who_measure(run):
    busy = {**FOUND, "measuring": ["b"]}
    done = run("--now", "--interface", "b/eth0", answers=[busy, busy, {**FOUND, "measuring": []}])
    assert run.asked[0] == ("POST", "/mtu/measure", {"host": "b", "interface": "eth0"})
    assert [asked[:2] for asked in run.asked[1:]] == [("GET", "/mtu")] * 3
    assert "2 agents measure: a, b" in done.stderr


def test_what_is_known_when_nobody_measures_any_more_is_the_answer(run):
    busy = {"pairs": [], "culprits": [], "measuring": ["b"]}
    done = run("--now", "--json", answers=[busy, {**FOUND, "measuring": []}])
    assert json.loads(done.stdout) == FOUND
    assert len(run.asked) == 3


def test_now_does_not_wait_for_ever(run):
    done = run("--now", "--within", "1", answers=[{**FOUND, "measuring": ["b"]}])
    assert "not finished within 1 s: b" in done.stderr
    assert done.exit_code == 1


@pytest.mark.parametrize(
    ("interface", "peer", "pairs", "culprits"),
    [
        ("", "", 3, 1),
        ("eth0", "", 3, 1),
        ("eth9", "", 0, 0),
        ("c/eth0", "", 1, 1),
        ("", "b", 2, 0),
        ("", "c/eth0", 1, 1),
        ("", "c/eth1", 0, 0),
        ("a/eth0", "c", 1, 0),
    ],
)
def test_only_what_was_asked_for(interface, peer, pairs, culprits):
    found = narrowed(FOUND, interface, peer)
    assert (len(found["pairs"]), len(found["culprits"])) == (pairs, culprits)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--peer", "nope"), "--peer: no host 'nope' is known to the region; there are a, b, c"),
        (("--peer", "nope/eth0"), "--peer: no host 'nope' is known to the region; there are a, b, c"),
        (("--peer", "b/eth7"), "--peer: b has no interface 'eth7'; there are eth0, eth1"),
        (
            ("--interface", "x/y/z"),
            "--interface: no interface 'x/y/z' is known to the region; there are a/eth0, b/eth0, b/eth1, c/eth0",
        ),
    ],
)
def test_who_is_not_known_is_not_said_to_be_unmeasured(run, words, line):
    done = run(*words)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"Error: {line}\n")


@pytest.mark.parametrize("words", [("--peer", "b/eth1"), ("--interface", "b/eth1"), ("--interface", "eth1")])
def test_who_is_known_may_be_unmeasured(run, words):
    done = run(*words)
    assert (done.exit_code, done.stdout) == (4, "no neighbour was measured yet\n")


def test_of_many_hosts_some_are_named_and_where_there_is_none_it_says_so(run, monkeypatch):
    monkeypatch.setattr(module, "MAX_NAMED", 1)
    assert run("--peer", "nope").stderr.endswith("there are a, …\n")
    assert module._some(set()) == "none"


def test_one_agent_measures(run):
    assert run("--now", agents=("a",)).stderr == "1 agent measures: a\n"


# --here


class Opened:
    """A netlink monitor and a network that need nothing."""

    hint = ""

    def snapshot(self):
        return {2: Interface(name="eth0", index=2, mac="m", mtu=9000, addresses=("192.0.2.1/24",))}

    def close(self):
        Opened.closed += 1


@pytest.fixture
def here(run, monkeypatch, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("00" * 16)
    secret.chmod(0o600)
    monkeypatch.setattr("bellrock.link.netlink.LinkMonitor", Opened)
    monkeypatch.setattr("bellrock.agent.network.open_network", lambda **_: Opened())
    Opened.closed = 0

    def _run(*arguments, seen=True, ports=True, finished=True):
        async def gauge(settings, keyring, senses, *, interface, within):
            us = Port(senses.identity.agent, "eth0")
            way = MtuSeen(us, Port("them", "eth0"), 1500, MtuLimit.LINK, 9000, 1501, 9000)
            return Gauged(
                interfaces=tuple(senses.monitor.snapshot().values()), ports=(us,) if ports else (), seen=(way,) if seen else (),
                names={"them": "rack-1"}, switches=(), finished=finished,
            )  # fmt: skip

        monkeypatch.setattr("bellrock.agent.gauge.gauge", gauge)
        return run("--here", "--secret-file", str(secret), *arguments)

    return _run


def test_here_asks_no_region(run, here):
    done = here("--json")
    assert (done.exit_code, run.asked, Opened.closed) == (1, [], 2)
    found = json.loads(done.stdout)
    assert (found["pairs"][0]["to"], found["pairs"][0]["mtu"]) == (end("rack-1"), 1500)
    assert found["culprits"][0]["kind"] == "pair"


@pytest.mark.parametrize(
    ("state", "said", "code"),
    [
        ({"ports": False, "seen": False}, "no interface is up, has a carrier and beacons", 4),
        ({"finished": False}, "not finished within 20 s", 1),
    ],
)
def test_here_says_what_is_missing(here, state, said, code):
    done = here(**state)
    assert said in done.stderr
    assert done.exit_code == code


def test_here_a_peer_that_was_not_heard(here):
    done = here("--peer", "no\x1bpe")
    assert done.exit_code == 4
    assert "'no\\x1bpe' was not heard on this machine's links; heard were rack-1\n" in done.stderr


def test_here_an_interface_that_is_not_there(here):
    done = here("--interface", "eth7")
    assert (done.exit_code, done.stderr.strip()) == (2, "Error: no Ethernet interface 'eth7' here; there are eth0")


def test_here_without_sockets(here, monkeypatch):
    def refuse(**_):
        raise LinkError("no sockets", 1)

    monkeypatch.setattr("bellrock.agent.network.open_network", refuse)
    done = here()
    assert (done.exit_code, done.stderr.strip()) == (3, "Error: no sockets")


def test_here_without_raw_frames_says_how_to_allow_them(here, monkeypatch):
    monkeypatch.setattr(Opened, "hint", "setcap …")
    assert "only interfaces with addresses are measured: setcap …" in here().stderr


# --site


def test_interfaces_are_held_to_what_their_subnet_is_meant_to_have(run, tmp_path):
    (tmp_path / "site.toml").write_text(SITE)
    done = run("--json", "--site", str(tmp_path / "site.toml"), answers=[{"pairs": [], "culprits": []}])
    assert done.exit_code == 1
    (culprit,) = json.loads(done.stdout)["culprits"]
    assert (culprit["kind"], culprit["what"]) == (
        "subnet",
        "b/eth0 has an MTU of 1,500; its subnet is meant to have 9,000.",
    )


def test_the_same_here(here, tmp_path):
    (tmp_path / "site.toml").write_text(SITE.replace("9000", "1500").replace("10.0.0", "192.0.2"))
    done = here("--site", str(tmp_path / "site.toml"), seen=False)
    assert "its subnet is meant to have 1,500" in done.stdout


def test_a_site_file_that_is_wrong(run, tmp_path):
    (tmp_path / "site.toml").write_text(SITE.replace("9000", "100"))
    done = run("--site", str(tmp_path / "site.toml"))
    assert done.exit_code == 2
    assert "mtu" in done.stderr


def test_of_a_large_site_what_passes_is_counted_and_listed_for_a_host(run):
    large = {"pairs": [], "culprits": [], "measuring": [], "fine": 72_000}
    done = run(answers=[large])
    assert done.exit_code == 0
    assert done.stdout == "72,000 directions pass as expected, and are listed with --peer HOST\n"
    one = {**large, "pairs": [pair("a", "b", 9000, "interface")], "fine": 0}
    for arguments in (("--peer", "a"), ("--interface", "a/eth0")):
        run.asked.clear()
        done = run(*arguments, answers=[large, one])
        assert run.asked == [("GET", "/mtu"), ("GET", "/mtu?host=a")]
        assert done.exit_code == 0
        assert "9000" in done.stdout
        assert "72,000" not in done.stdout
    done = run("--peer", "zzz", answers=[large, Failure("no host 'zzz' is known", 2)])
    assert (done.exit_code, "no host 'zzz' is known" in done.stderr) == (2, True)
