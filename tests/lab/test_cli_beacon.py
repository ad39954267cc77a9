"""`bellrock beacon send | listen` between two hosts."""

import json
import signal
import subprocess

import pytest

from bench._namespaces import pair
from tests.cli.programs import BELLROCK, programs, wait_until

pytestmark = pytest.mark.lab
SECRET, OTHER = "00112233445566778899aabbccddeeff", "ffeeddccbbaa99887766554433221100"


@pytest.fixture
def hosts():
    with pair(1) as both:
        for one in both:  # before that, the kernel drops what is sent without a word
            wait_until(lambda one=one: " state UP " in one.run("ip", "-o", "link", "show", "dev", "eth0"), "eth0 up")
        yield both


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)
    with programs(tmp_path) as starter:
        yield starter


@pytest.fixture
def secret(tmp_path):
    def write(text):
        path = tmp_path / text[:4]
        path.write_text(text)
        path.chmod(0o600)
        return path

    return write


def run(host, *arguments):
    command = host.command(str(BELLROCK), *map(str, arguments))
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("vid", [None, 20])
def test_sent_here_heard_there_in_json(hosts, start, secret, version, vid):
    here, there = hosts
    listener = start("beacon", "listen", "eth0", "--secret-file", secret(SECRET), "--count", "1", inside=there)
    listener.says("listening on eth0")
    listener_json = start("beacon", "listen", "--json", "--secret-file", secret(SECRET), inside=there)
    tag = () if vid is None else ("--vid", vid)
    heard = []
    while not heard:  # the second one says nothing when it is ready
        code, out, err = run(
            here, "beacon", "send", "eth0", *tag, "--version", version, "--secret-file", secret(SECRET), "--wait", "0.2"
        )
        assert (code, out) == (1, "")
        assert err.endswith("nobody answered within 0.2 s\n")
        assert (f"with VID {vid}" in err) is (vid is not None)
        heard = listener_json.out.splitlines()
    assert listener.ends() == 0
    assert f"eth0{'' if vid is None else '.20'}  solicitation v{version} from " in listener.out
    first = json.loads(heard[0])
    assert (first["interface"], first["vid"], first["type"]) == ("eth0", vid, "solicitation")
    assert first["beacon"]["version"] == int(version)
    assert listener_json.ends(signal.SIGINT) == 0
    assert listener_json.err == ""


def test_a_rack_answers(hosts, start, secret, tmp_path):
    here, there = hosts
    start("rack", "--state-dir", tmp_path / "s", "--secret-file", secret(SECRET), "--name", "there", inside=there).says(
        "rack "
    )
    code, out, err = run(here, "beacon", "send", "eth0", "--secret-file", secret(SECRET), "--wait", "3", "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    acknowledged = {ack for answer in answers for ack in answer["beacon"]["extension"].get("acks") or ()}
    assert len(acknowledged) == 1
    assert {answer["beacon"]["extension"]["host"] for answer in answers} == {"there"}


def test_another_secret_is_refused_with_the_reason_and_is_no_answer(hosts, start, secret):
    here, there = hosts
    listener = start("beacon", "listen", "eth0", "--secret-file", secret(OTHER), inside=there)
    listener.says("listening")
    assert run(here, "beacon", "send", "eth0", "--secret-file", secret(SECRET), "--wait", "0.2")[0] == 1
    listener.says("wrong-secret")
    assert "refused from " in listener.out
    assert listener.ends(signal.SIGINT) == 1


def test_silence_is_exit_1_and_ctrl_c_no_traceback(hosts, start, secret):
    _, there = hosts
    assert run(there, "beacon", "listen", "--secret-file", secret(SECRET), "--seconds", "0.2")[:2] == (1, "")
    listener = start("beacon", "listen", "eth0", "--secret-file", secret(SECRET), inside=there)
    listener.says("listening on eth0; Ctrl-C ends")
    assert listener.ends(signal.SIGINT) == 1
    assert listener.err == "listening on eth0; Ctrl-C ends\n"


def test_what_is_down_is_said_with_exit_3(hosts, secret):
    here, _ = hosts
    here.run("ip", "link", "set", "eth0", "down")
    code, out, err = run(here, "beacon", "send", "eth0", "--secret-file", secret(SECRET))
    assert (code, out) == (3, "")
    assert err == "Error: eth0 is down, so nothing can be sent; `ip link set eth0 up`\n"
