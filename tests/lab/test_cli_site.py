"""`bellrock site init | check --against-region` with a real region and a rack beside it."""

import subprocess

import pytest

from bellrock.flows import Role, parse
from bench._namespaces import pair
from tests.cli.programs import BELLROCK, programs, wait_until

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Host one runs region and rack, host two a rack; one cable with addresses. Run `bellrock` on host one."""
    state, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    with pair(1) as (one, two), programs(other) as start:
        for host, address in ((one, "10.71.0.1/24"), (two, "10.71.0.2/24")):
            name = subprocess.run(
                host.command("sh", "-c", "ls /sys/class/net | grep -v -w lo"),
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()[0]
            subprocess.run(host.command("ip", "address", "add", address, "dev", name), check=True)

        def _run(*arguments):
            command = one.command(str(BELLROCK), *map(str, arguments), "--state-dir", str(state))
            done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
            assert "Traceback" not in done.stderr
            return done

        start("up", "--state-dir", state, "--name", "one", inside=one).says("rack     one")
        start("rack", "--state-dir", other, "--name", "two", "--secret-file", state / "secret", inside=two).says("rack")
        wait_until(lambda: "10.71.0.0/24" in _run("topology", "show").stdout, lambda: _run("topology", "show").stdout)
        wait_until(lambda: '"10.71.0.1"' in _run("site", "init").stdout, lambda: _run("site", "init").stdout)
        yield _run


def test_what_was_seen_is_drawn_and_agrees_with_itself(run, tmp_path):
    path = tmp_path / "site.toml"
    assert run("site", "init", "-o", path).returncode == 0
    site = parse(path.read_bytes(), "site.toml")
    assert [str(one.network) for one in site.subnets] == ["10.71.0.0/24"]
    assert site.roles[Role.RACK].hosts == ("10.71.0.1",)  # host two is no agent of this region, only a neighbour
    done = run("site", "check", path, "--against-region")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "the region has seen nothing that contradicts it"


def test_another_vlan_than_was_seen_is_a_difference(run, tmp_path):
    path = tmp_path / "site.toml"
    path.write_text('[[subnet]]\nname = "a"\ncidr = "10.71.0.0/24"\nvlan = 77\n')
    done = run("site", "check", path, "--against-region")
    assert done.returncode == 1
    assert f"differs: {path}:4: subnet[0].vlan: " in done.stdout


def test_without_a_region_it_is_one_line(run, tmp_path):
    done = run("site", "init", "-o", tmp_path / "x.toml", "--region", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (3, "", 1)
    assert not (tmp_path / "x.toml").exists()
