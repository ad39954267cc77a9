"""`bellrock check`: its judgement and what it prints, of results that are made up; whole runs are in tests/lab/test_cli_check.py."""

import json

import pytest
from click.testing import CliRunner

from bellrock.cli import check as module
from bellrock.cli.check import check
from bellrock.cli.output import Failure
from bellrock.cli.trying import Todo
from bellrock.flows import Protocol, Role, Wanted
from bellrock.model import Probed, Verdict
from bellrock.model import here as module_here

SITE = """
title = "hall"
[role.node]
addresses = ["10.0.0.9"]
[role.ntp]
addresses = ["127.0.0.1"]
[role.log]
addresses = ["127.0.0.1"]
"""


def want(flow="ntp", **more):
    plain = {
        "exchange": "poll", "source": Role.NODE, "target": Role.NTP, "address": "10.0.0.5", "port": 123,
        "protocol": Protocol.UDP, "why": "clocks",
    }  # fmt: skip
    return Wanted(flow=flow, **(plain | more))


def got(verdict=Verdict.WORKS, flow="ntp", **more):
    return Probed(**({"flow": flow, "target": "10.0.0.5:123", "verdict": verdict, "detail": "as it was seen"} | more))


class Here:
    """A host that holds port 53 of what it has to serve, or nothing of interest."""

    def __init__(self, **facts):
        self.facts = facts

    def look(self):
        return module_here.Here(host="rack-1", **self.facts)


def printed(capsys, pairs, *, as_json=False, host=None, **scene):
    """Exit code and what is said of such results."""
    made = module._Scene(tuple(one for one, _ in pairs), (), "as node of hall", **scene)
    code = module._Printer(made, host, as_json=as_json, watch=False).round([results for _, results in pairs], 0)
    return code, capsys.readouterr().out


def test_all_works(capsys):
    code, said = printed(capsys, [(want(), (got(rtt_ms=0.4),))])
    assert code == 0
    assert said.startswith("as node of hall\n")
    assert "0.4 ms" in said


def test_what_is_wrong_is_a_finding_below_the_table(capsys):
    code, said = printed(capsys, [(want(), (got(Verdict.REFUSED),))])
    assert code == 1
    assert "error: NTP / Time Sync at 10.0.0.5:123: as it was seen" in said


def test_what_must_be_blocked_and_is_reads_so(capsys):
    blocked = want("ssh", expectation="blocked", protocol=Protocol.TCP, port=22)
    code, said = printed(capsys, [(want(), (got(),)), (blocked, (got(Verdict.FILTERED, "ssh", obstacle="silence"),))])
    assert code == 0
    assert said.split().count("works") == 1  # of NTP
    assert "blocked" in said.split()


def test_what_answers_and_must_not_is_exposed(capsys):
    blocked = want("ssh", expectation="blocked", protocol=Protocol.TCP, port=22)
    code, said = printed(capsys, [(blocked, (got(flow="ssh"),))], as_json=True)
    (row,) = json.loads(said)["checks"]
    assert (code, row["verdict"], row["blocked"], row["from"], row["to"]) == (1, "exposed", False, "node", "ntp")


def test_what_nobody_could_know_better_is_told_and_holds_up_nobody(capsys):
    unconfirmed = got(Verdict.NOT_CHECKED, "syslog", facts={"confirmed": False})
    code, said = printed(capsys, [(want(), (got(),)), (want("syslog"), (unconfirmed,))])
    assert (code, "not-checked" in said) == (0, True)
    unknown = got(Verdict.NOT_CHECKED, "syslog")
    assert printed(capsys, [(want(), (got(),)), (want("syslog"), (unknown,))])[0] == 3


def test_only_some_flows():
    scene = module._Scene((want(), want("dns")), (), "here")
    scene.narrow(("dns",))
    assert [one.flow for one in scene.wanted] == ["dns"]
    with pytest.raises(Failure, match="--only: no probe tries 'dnss'; did you mean 'dns'"):
        scene.narrow(("dnss",))
    with pytest.raises(Failure, match="nothing is to be checked: here"):
        scene.narrow(("ntp",))


def test_what_is_wanted_becomes_an_ask():
    todo = module._todo(want(interface="eth0"), 2.0, 1.0)
    assert isinstance(todo, Todo)
    assert (todo.ask.flow, todo.ask.address, todo.ask.port, todo.ask.source.interface, todo.ask.within, todo.host) == (
        "ntp", "10.0.0.5", 123, "eth0", 2.0, "",
    )  # fmt: skip
    named = module._todo(want(address="", name="time.example"), 2.0, 1.0)
    assert (named.ask.address, named.host) == ("", "time.example")
    secret = module._todo(want("proxy", options={"password": "hunter2"}), 2.0, 1.0)
    assert secret.verdict is Verdict.NOT_CHECKED
    assert "hunter2" not in secret.detail


def run(*arguments):
    return CliRunner().invoke(check, [str(one) for one in arguments])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--role", "nod"), "--role: no role 'nod'; did you mean 'node'?"),
        (("--role", "node", "--only", "npt"), "--only: no probe tries 'npt'; did you mean 'ntp'?"),
        (("--role", "node", "--only", "lxd"), "nothing is to be checked: as node of"),
    ],
    ids=["role", "flow", "nothing"],
)
def test_what_was_asked_wrongly(tmp_path, arguments, words):
    site = tmp_path / "site.toml"
    site.write_text(SITE)
    done = run("--site", site, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_role_needs_a_site(tmp_path):
    done = run("--role", "node", "--state-dir", tmp_path)
    assert (done.exit_code, "give --site FILE too" in done.stderr) == (2, True)


def test_what_the_host_sees_of_itself_counts_although_all_works(capsys):
    """A rule that drops what its role needs, as `firewall.verify` proved it."""
    blocked = module_here.Blocked(
        flow="dhcp",
        direction="in",
        packet="udp 0.0.0.0:68 > 255.255.255.255:67",
        rule="inet filter input rule 7: udp dport 67 drop",
    )
    code, said = printed(capsys, [(want(), (got(),))], host=Here(blocked=(blocked,), roles=("rack",)))
    assert (code, "[rule-drops-flow]" in said) == (1, True)
    assert "inet filter input rule 7" in said
    assert printed(capsys, [(want(), (got(),))], host=Here())[0] == 0


def test_findings_have_the_one_shape(capsys):
    code, said = printed(capsys, [(want(), (got(Verdict.FILTERED),))], as_json=True)
    (finding,) = json.loads(said)["findings"]
    assert code == 1
    assert finding["where"]["flow"] == "ntp"
    assert finding["key"].startswith("flow-filtered-")
    assert finding["recheck"] == "bellrock check --only ntp"
