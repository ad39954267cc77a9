"""`bellrock node`: what it refuses before it looks, and how errors end."""

import pytest
from click.testing import CliRunner

from bellrock.agent import node as agent_node
from bellrock.agent.delivery import Told
from bellrock.agent.node import Found, StoppedError
from bellrock.cli.node import node
from bellrock.contract import NodeAnswer
from bellrock.diagnosis import Lies
from bellrock.link.device import LinkError
from tests.diagnosis.looks import cable, look

pytestmark = pytest.mark.usefixtures("restored_logging")
SECRET = "00112233445566778899aabbccddeeff"


@pytest.fixture
def run(monkeypatch):
    """The command with a secret; what it would look at is replaced by `result`."""
    monkeypatch.setenv("BELLROCK_SECRET", SECRET)
    monkeypatch.delenv("BELLROCK_SECRET_FILE", raising=False)

    def invoke(*arguments, result=None, **environment):
        async def instead(wanted, keyring, stop):
            invoke.wanted = wanted
            if isinstance(result, Exception):
                raise result
            return result

        monkeypatch.setattr(agent_node, "run", instead)
        done = CliRunner().invoke(node, list(map(str, arguments)), env=environment)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return invoke


def found(**more) -> Found:
    placed = (Lies("eth0", "fabric-1", ("pxe",), (None,)),)
    return Found(
        look(cable("eth0"), placed=placed), ("rack-1",), Told(NodeAnswer(region="r"), "rack-1"), (), 1.0, **more
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--expect", "eth0"), "--expect eth0: expected IF=VLAN"),
        (("--expect", "=10"), "expected IF=VLAN"),
        (("--expect", "eth0=0"), "a VID from 1 to 4094"),
        (("--expect", "eth0=4095"), "a VID from 1 to 4094"),
        (("--expect", "eth0=" + "x" * 200), "expected IF=VLAN"),
        (tuple(word for n in range(257) for word in ("--expect", f"e{n}=1")), "257 times; at most 256"),
        (("--name", "a b"), "--name a b: expected at most 64"),
        (("--name", "x" * 65), "expected at most 64"),
        (("--region", "ftp://here"), "--region"),
        (("--mtu", "1279"), "1279 is not in the range"),
        (("--within", "1"), "1.0 is not in the range"),
        (("--within", "61"), "61.0 is not in the range"),
        (("--output", "/nowhere/file"), "--output /nowhere/file: No such file or directory"),
    ],
)
def test_what_cannot_be_is_one_line_and_exit_2(run, arguments, line):
    done = run(*arguments, result=found())
    assert done.exit_code == 2
    assert line in done.output


def test_without_a_secret(run):
    done = run(result=found(), BELLROCK_SECRET="")
    assert done.exit_code == 2


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (StoppedError("stopped; every interface was put back"), 130, "stopped"),
        (LinkError("eth0 cannot be set up: operation not permitted", 1), 77, "CAP_NET_ADMIN"),
        (LinkError("no raw frames; run as root or grant it", 1), 77, "no raw frames; run it as root, or with"),
        (LinkError("this machine has no Ethernet interface to look at"), 1, "no Ethernet interface"),
    ],
)
def test_errors_are_one_line(run, error, code, line):
    done = run(result=error)
    assert done.exit_code == code
    assert line in done.output
    assert len(done.output.splitlines()) == 1


def test_what_it_is_told_reaches_the_run(run):
    done = run("--expect", "eth0=10", "--expect", "eth1=pxe", "--region", "https://r:5443/", "--mtu", "9000", "--name", "n7",
               "--ignore", "idrac*", "--within", "3", "--json", result=found())  # fmt: skip
    assert done.exit_code == 0
    wanted = run.wanted
    assert (wanted.expected, wanted.region, wanted.mtu) == ((("eth0", "10"), ("eth1", "pxe")), "https://r:5443", 9000)
    assert (wanted.name, wanted.ignore, wanted.within) == ("n7", ("idrac*",), 3.0)
    assert wanted.spent == 3.0 * 0.2, "start-up counts, to a bound: this process is older"


def test_results_that_cannot_be_written(run, tmp_path):
    done = run("--maas", result=found(), RESULT_PATH=str(tmp_path))
    assert done.exit_code == 1
    assert str(tmp_path) in done.output


def test_maas_without_a_place_for_results_is_no_error(run):
    assert run("--maas", result=found(), RESULT_PATH="").exit_code == 0


def test_what_could_not_be_put_back_is_a_warning(run):
    done = run("--json", result=found(left=("eth0 cannot be set down: operation not permitted",)))
    assert "Warning: eth0 cannot be set down" in done.output
    assert done.exit_code == 0
