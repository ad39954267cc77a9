"""Who gets into a region from another machine, over real wires: with TLS, and without it."""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from bellrock.lab.agents import REGION_SOCKET, state_dir
from bellrock.lab.running import Lab
from bellrock.lab.settle import start
from tests.cli.programs import wait_until

pytestmark = pytest.mark.lab

BELLROCK = Path(sys.executable).parent / "bellrock"
WORD = "correct horse battery"
SITE = """
join = {join}
[switch.sw]
[host.hub]
role = "region"
interface.eth0 = {{ to = "sw", access = 10, addresses = ["10.10.0.1/24"] }}
[host.rack]
role = "rack"
interface.eth0 = {{ to = "sw", access = 10, addresses = ["10.10.0.2/24"] }}
[host.desk]
interface.eth0 = {{ to = "sw", access = 10, addresses = ["10.10.0.8/24"] }}
[host.mallory]
interface.eth0 = {{ to = "sw", access = 10, addresses = ["10.10.0.9/24"] }}
"""


class Scene:
    """A region, and people at other machines of its network."""

    def __init__(self, lab, url, directory):
        self.lab, self.url, self.directory = lab, url, directory

    def run(self, *words, given=""):
        """`bellrock WORDS`, by who is at the region's machine."""
        where = ["--region", f"unix:{self.lab.directory}/{REGION_SOCKET}", "--state-dir", self.state]
        done = subprocess.run(
            [BELLROCK, *words, *where], input=given, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def state(self):
        return state_dir(self.lab.directory, "hub")

    def curl(self, host, path, *words):
        """(status, headers, body) of a request that is made from a host."""
        argv = ["curl", "-sSki", "--max-time", "20", *words, f"{self.url}/api/v1/{path}"]
        head, _, body = self.lab.exec(host, argv).stdout.replace("\r", "").partition("\n\n")
        return int(head.split()[1]), head.lower(), body

    def login(self, host, password, *words):
        body = json.dumps({"user": "anna", "password": password})
        return self.curl(host, "login", "-H", "Content-Type: application/json", "-d", body, *words)

    def bearer(self, host, path, token):
        return self.curl(host, path, "-H", f"Authorization: Bearer {token}")[0]


@contextmanager
def region(scheme, directory):
    """A region that serves at its address with TLS, or without."""
    with Lab.from_text(SITE.format(join="true" if scheme == "https" else "false")) as lab:
        start(lab, lambda _: None)
        made = Scene(lab, f"{scheme}://10.10.0.1:5240", directory)
        made.run("user", "add", "anna", "--role", "operator", "--password-file", "-", given=WORD)
        yield made


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    with region("https", tmp_path_factory.mktemp("tls")) as made:
        yield made


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    with region("http", tmp_path_factory.mktemp("plain")) as made:
        yield made


@pytest.fixture(params=["tls", "plain"])
def scene(request):
    return request.getfixturevalue(request.param)


def test_nobody_is_told_anything_but_that_it_is_there(scene):
    for path in ("topology", "hosts", "me", "users", "audit", "enrolments", "authority", "openapi.json"):
        assert scene.curl("desk", path)[0] == 401, path
    assert scene.lab.exec("desk", ["curl", "-sk", f"{scene.url}/healthz"]).stdout == '{"status":"ok"}'


def test_the_api_token_is_good_at_the_regions_machine_alone(scene):
    token = (scene.state / "region" / "api-token").read_text().strip()
    assert scene.bearer("mallory", "hosts", token) == 401
    assert json.loads(scene.run("user", "list", "--json"))[0]["name"] == "anna"


def test_with_tls_a_user_and_a_program_get_in(tls):
    jar = tls.directory / "jar"
    status, head, _ = tls.login("desk", WORD, "-c", str(jar))
    assert status == 204
    cookie = next(line for line in head.splitlines() if line.startswith("set-cookie: __host-bellrock_session="))
    assert all(word in cookie for word in ("secure", "httponly", "samesite=strict", "path=/"))
    status, _, body = tls.curl("desk", "me", "-b", str(jar))
    assert (status, json.loads(body)["user"]) == (200, "anna")
    assert tls.curl("desk", "audit", "-b", str(jar))[0] == 403, "an operator"
    token = tls.run("token", "new", "grafana").strip()
    assert tls.bearer("desk", "hosts", token) == 200
    tls.run("token", "revoke", "grafana")
    assert tls.bearer("desk", "hosts", token) == 401
    tls.run("user", "role", "anna", "viewer")
    assert tls.curl("desk", "me", "-b", str(jar))[0] == 401, "the session has ended"


def test_without_tls_neither_gets_in(plain):
    status, head, body = plain.login("desk", WORD)
    assert status == 403
    assert "over TLS or on the region's own machine only" in body
    assert "set-cookie" not in head
    assert plain.bearer("desk", "hosts", plain.run("token", "new", "grafana").strip()) == 401


def test_who_guesses_holds_up_nobody_at_another_machine(tls):
    assert [tls.login("mallory", f"guess number {number}")[0] for number in range(5)] == [403] * 5
    # Each further guess doubles the wait, from 1 s. One of 8 s is long enough to be met, however slow this machine is.
    for number in range(5, 8):
        wait_until(
            lambda number=number: tls.login("mallory", f"guess number {number}")[0] == 403, "the wait does not end"
        )
    assert tls.login("mallory", WORD)[0] == 429, "right or wrong: it is not looked at"
    assert tls.login("desk", WORD)[0] == 204
    noted = json.loads(tls.run("audit", "--json"))
    tries = [(one["address"], one["who"], one["outcome"]) for one in noted if one["action"] == "log in"]
    assert ("10.10.0.9", "anna", "wrong") in tries
    assert ("10.10.0.9", "anna", "not looked at: too many failures") in tries
    assert tries[0] == ("10.10.0.8", "anna", "done")
    assert "guess number" not in json.dumps(noted)
    assert WORD not in json.dumps(noted)
