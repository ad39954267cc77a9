"""A region with two real agents and a router between: a host's own rule is the cause, and what others see of it its symptom."""

import json
import subprocess

import pytest

from tests.cli.programs import BELLROCK, wait_until
from tests.lab.paths import FAR, NEAR, Scene
from tests.lab.services.world import World

pytestmark = pytest.mark.lab
SITE = f"""\
title = "two halls"
[role.rack]
addresses = ["{FAR}"]
[role.node]
addresses = ["{NEAR}"]
"""


class Place(Scene):
    """The scene of walks, with a TFTP server at `far`, and a rule in front of it."""

    def __init__(self, world):
        files = world.directory / "tftp"
        files.mkdir()
        (files / "pxelinux.0").write_bytes(b"\x90" * 1024)
        files.chmod(0o755)
        world.start(
            "dnsmasq", "-k", "-p", 0, "--conf-file=/dev/null", "--enable-tftp", f"--tftp-root={files}", "--user=root"
        )
        world.listens(69, "udp")
        world.block("drop", "udp dport 69", at="server")
        super().__init__(world)
        self.site = world.directory / "site.toml"
        self.site.write_text(SITE)

    def bellrock(self, *words, code=0):
        """What a command says; it must end with `code`."""
        where = ("--region", f"unix:{self.socket}", "--state-dir", str(self.state))
        done = subprocess.run([BELLROCK, *words, *where], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done.stdout

    def findings(self, *words):
        """Those of weight as the command tells them, whatever it ends with."""
        where = ("--region", f"unix:{self.socket}", "--state-dir", str(self.state))
        command = [BELLROCK, "findings", "--json", "--severity", "warning", *words, *where]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (0, 1), (done.stdout, done.stderr)
        return json.loads(done.stdout)["findings"]


@pytest.fixture(scope="module")
def place():
    with World() as world:
        yield Place(world)


def _is(place, rule, state, *words):
    return [one for one in place.findings("--id", rule, "--all", *words) if one["state"] == state]


def test_a_rule_explains_what_others_see_of_it(place):
    (cause,) = wait_until(lambda: _is(place, "rule-drops-flow", "open"), lambda: place.findings("--all"), 40)
    assert (cause["where"]["host"], cause["where"]["flow"]) == ("far", "tftp")
    assert "udp dport 69" in " ".join(cause["proof"])
    place.bellrock("matrix", "--site", str(place.site), "--now", "--agent", "near", "--flow", "tftp", code=1)
    (told,) = wait_until(
        lambda: [one for one in _is(place, "rule-drops-flow", "open") if one["symptoms"]],
        lambda: place.findings("--all"),
        40,
    )
    assert FAR in told["symptoms"][0]
    assert told["key"] == cause["key"]
    of_tftp = [one["id"] for one in place.findings() if one["where"]["flow"] == "tftp"]
    assert of_tftp == ["rule-drops-flow"], "one cause, and not two findings"
    text = place.bellrock("findings", code=1)
    assert "[rule-drops-flow] (open, since " in text
    assert "1 symptom of it: " in text
    assert " as of " in text


def test_what_nobody_can_look_at_is_unseen_and_what_is_mended_is_gone(place):
    wait_until(lambda: _is(place, "rule-drops-flow", "open"), lambda: place.findings("--all"), 40)
    (agent,) = (one for one in place.world._started if str(place.world.directory / "far") in one.process.args)
    place.world.stop(agent)
    wait_until(lambda: _is(place, "rule-drops-flow", "unseen"), lambda: place.findings("--all"), 40)
    place.world.unblock()
    place.agent("far")
    place.bellrock("matrix", "--now", "--agent", "near", "--flow", "tftp")
    wait_until(lambda: _is(place, "rule-drops-flow", "gone"), lambda: place.findings("--all"), 60)
    assert [one for one in place.findings() if one["where"]["flow"] == "tftp"] == []
    assert "nothing is wrong" in place.bellrock("findings", "--id", "rule-drops-flow")
