"""`bellrock topology show | explain | diff` against a real region and two racks; and against what is no region."""

import json
import subprocess
import sys

import pytest

from bench._namespaces import pair
from tests.cli.programs import BELLROCK, programs, wait_until

pytestmark = pytest.mark.lab
WEB = (
    "import http.server as h, sys\n"
    "class H(h.BaseHTTPRequestHandler):\n"
    "    def do_GET(self):\n"
    "        self.send_response(200); self.end_headers(); self.wfile.write(b'<html>hello')\n"
    "s = h.HTTPServer(('127.0.0.1', 5240), H); print(1, flush=True); s.serve_forever()"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Host one runs region and rack, host two a rack with the same secret; one cable. Run `bellrock` on host one."""
    state, directory = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    with pair(1) as (one, two), programs(directory) as start:

        def run(*arguments, token=state):
            command = one.command(str(BELLROCK), *map(str, arguments), "--state-dir", str(token))
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            assert "Traceback" not in done.stderr
            return done.returncode, done.stdout, done.stderr

        start("up", "--state-dir", state, "--name", "one", inside=one).says("rack     one")
        start(
            "rack", "--state-dir", directory, "--name", "two", "--secret-file", state / "secret", inside=two
        ).says("rack     two")  # fmt: skip
        wait_until(lambda: len(members(run)) == 2, lambda: run("topology", "show"))
        yield run


def members(run):
    document = json.loads(run("topology", "show", "--json")[1])
    return [
        f"{member['host']}/{member['interface']}"
        for fabric in document["fabrics"] for vlan in fabric["vlans"] for member in vlan["members"]
    ]  # fmt: skip


def test_show_has_the_shape_that_people_script(site):
    code, out, err = site("topology", "show", "--json")
    document = json.loads(out)
    assert (code, err) == (0, "")
    assert {"fabrics", "conflicts", "unknown"} <= set(document)
    [fabric] = document["fabrics"]
    [vlan] = fabric["vlans"]
    assert {"id", "name", "vlans"} <= set(fabric)
    assert {"id", "vid", "members", "subnets"} <= set(vlan)
    assert {"host", "interface", "vid", "strength"} <= set(vlan["members"][0])
    code, out, _ = site("topology", "show")
    assert (code, out.splitlines()[0]) == (0, "1 fabric, 1 VLAN, 2 hosts; 0 conflicts; 0 interfaces unknown")


def test_explain_gives_the_chain(site):
    one, other = members(site)
    code, out, err = site("topology", "explain", one, other)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"{one} and {other}: same vlan"
    assert out.splitlines()[1].startswith("  1. ")
    code, out, _ = site("topology", "explain", one, other, "--json")
    assert (code, json.loads(out)["verdict"]) == (0, "same-vlan")


@pytest.mark.parametrize(
    ("port", "line"),
    [
        ("onne/eth0", "no host 'onne' is known; nearest: one"),
        ("one/eth9", "eth0"),
        ("one", "b: 'one' is given; HOST/INTERFACE or HOST/INTERFACE.VID"),
        ("\x1b[2J/eth0", "no host '"),
        ("x" * 5000, "local.sock: "),
        ("", "local.sock: b: '' is given; HOST/INTERFACE"),
    ],
)
def test_a_port_that_is_not_known_is_one_line_with_what_comes_near(site, port, line):
    code, out, err = site("topology", "explain", "one/eth0", port)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert line in err
    assert "\x1b" not in err


def test_diff_with_what_was_saved_and_with_what_was_meant(site, tmp_path):
    saved = tmp_path / "saved.json"
    saved.write_text(site("topology", "show", "--json")[1])
    assert site("topology", "diff", saved)[:2] == (0, "No difference.\n")
    document = json.loads(saved.read_text())
    document["fabrics"][0]["vlans"][0]["members"].pop()
    saved.write_text(json.dumps(document))
    code, out, _ = site("topology", "diff", saved, "--json")
    assert (code, len(json.loads(out)) > 0) == (1, True)


def test_a_token_that_is_wrong_or_not_there(site, tmp_path):
    code, out, err = site("topology", "show", token=tmp_path)
    assert (code, out) == (3, "")
    assert "api-token: No such file or directory; it is made where the region runs" in err
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "api-token").write_text("guessed")
    for region, line in (
        ("http://127.0.0.1:5240", "no region at "),
        ("http://localhost:5240", "http://localhost:5240: "),
    ):
        code, out, err = site("topology", "show", "--region", region, token=tmp_path)
        assert (code, out, len(err.splitlines())) == (3, "", 1)
        assert "guessed" not in err
        assert err.startswith(f"Error: {line}")


def test_no_region_and_something_else_in_its_place(tmp_path):
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "api-token").write_text("token")
    with pair(1) as (_, host):
        command = host.command(str(BELLROCK), "topology", "show", "--state-dir", str(tmp_path))
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (done.returncode, done.stdout) == (3, "")
        none = f"no region at http://127.0.0.1:5240: none listens at its socket in {tmp_path}/region; `bellrock up` starts one"
        assert none in done.stderr
        web = subprocess.Popen(
            host.command(sys.executable, "-c", WEB), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        try:
            web.stdout.readline()
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            asked = [*command, "--region", "http://localhost:5240"]
            other = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False)
        finally:
            web.kill()
            web.communicate()
        assert (done.returncode, done.stdout) == (3, "")
        assert none in done.stderr, "the region's token is not for whoever has taken its port"
        assert "what answers there is not a region (no JSON, status 200)" in other.stderr


def test_a_reader_that_left(site, tmp_path):
    """`| head -1`: no complaint, whatever of it was read."""
    with pair(1) as (host, _):
        wanted = tmp_path / "w.json"
        wanted.write_text(site("topology", "show", "--json")[1])
        script = f"{BELLROCK} topology diff {wanted} {wanted} | head -c 1; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            host.command("bash", "-c", script), capture_output=True, text=True, timeout=30, check=False
        )
    assert (done.returncode in {0, 141}, done.stderr) == (True, "")
