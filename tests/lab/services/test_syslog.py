"""Syslog against rsyslog."""

import pytest

from bellrock.model import Verdict
from tests.cli.programs import wait_until
from tests.lab.services.world import SERVER, SERVER6

pytestmark = pytest.mark.lab

SETTINGS = """
global(workDirectory="{directory}" net.enableDNS="off")
module(load="imudp") input(type="imudp" port="514")
module(load="imtcp") input(type="imtcp" port="514")
template(name="all" type="string" string="%pri%|%app-name%|%protocol-version%|%rawmsg%\\n")
action(type="omfile" file="{directory}/log" template="all")
"""


@pytest.fixture(scope="module")
def log(world):
    """What rsyslogd has taken in so far."""
    settings = world.directory / "rsyslog.conf"
    settings.write_text(SETTINGS.format(directory=world.directory))
    world.start("rsyslogd", "-n", "-f", settings, "-i", world.directory / "rsyslog.pid")
    world.listens(514, "udp")
    world.listens(514, "tcp")
    file = world.directory / "log"
    return lambda: file.read_text() if file.exists() else ""


def both(world, *arguments, **settings):
    found = {one.variant: one for one in world.probes("syslog", *arguments, **settings)}
    assert list(found) == ["udp", "tcp"]
    return found["udp"], found["tcp"]


@pytest.mark.parametrize("address", [SERVER, SERVER6])
@pytest.mark.parametrize(
    "options", [{}, {"format": "rfc3164"}, {"framing": "newline"}, {"format": "rfc3164", "framing": "newline"}], ids=str
)
def test_both_messages_arrive(world, log, address, options):
    udp, tcp = both(world, address, priority="13", **options)
    assert udp.verdict is Verdict.NOT_CHECKED, udp
    assert "whether it arrived is not seen from one end" in udp.detail
    assert udp.facts["confirmed"] is False
    assert tcp.verdict is Verdict.WORKS, tcp
    assert tcp.facts["read_to_end"]
    mark = f"mark={udp.facts['mark']}"
    wait_until(lambda: log().count(mark) == 2, lambda: f"{mark} twice in {log()!r}")
    lines = [line for line in log().splitlines() if mark in line]
    assert {line.split("|")[0] for line in lines} == {"13"}
    assert {line.split("|")[1] for line in lines} == {"bellrock"}
    assert {line.split("|")[2] for line in lines} == {"0" if "format" in options else "1"}


@pytest.mark.parametrize(
    ("how", "at", "verdict_udp", "verdict_tcp"),
    [
        ("drop", "router", Verdict.NOT_CHECKED, Verdict.FILTERED),
        ("drop", "server", Verdict.NOT_CHECKED, Verdict.FILTERED),
        ("drop", "client", Verdict.FILTERED, Verdict.FILTERED),
        ("reject", "router", Verdict.FILTERED, Verdict.FILTERED),
        ("reject with icmpx admin-prohibited", "router", Verdict.FILTERED, Verdict.FILTERED),
        ("reject", "server", Verdict.REFUSED, Verdict.FILTERED),
    ],
)
def test_filtered(world, log, how, at, verdict_udp, verdict_tcp):
    world.block(how, "meta l4proto { tcp, udp } th dport 514", at)
    udp, tcp = both(world, within=0.8)
    assert (udp.verdict, tcp.verdict) == (verdict_udp, verdict_tcp), (udp, tcp)


def test_nobody_there(world):
    udp, tcp = both(world, port=1514)
    assert (udp.verdict, tcp.verdict) == (Verdict.REFUSED, Verdict.REFUSED)
    assert SERVER in udp.detail


def test_one_protocol_does_not_wait_for_the_other(world, log):
    world.block("drop", "tcp dport 514")
    udp, tcp = both(world, within=0.8)
    assert (udp.verdict, tcp.verdict) == (Verdict.NOT_CHECKED, Verdict.FILTERED)


def test_a_way_that_passes_connections_and_no_messages(world, log):
    world.block("drop", "tcp dport 514 meta length > 70")
    tcp = both(world, within=1.0)[1]
    assert tcp.verdict is Verdict.FILTERED, tcp
    assert "not acknowledged" in tcp.detail


def test_a_receiver_that_hangs(world):
    # Its system goes on accepting connections for it, up to its backlog.
    program = world.start("rsyslogd", "-n", "-f", hanging(world), "-i", world.directory / "hanging.pid")
    world.listens(1515)
    program.process.send_signal(19)
    try:
        tcp = both(world, port=1515, within=1.0)[1]
    finally:
        world.stop(program)
    assert tcp.verdict is Verdict.DEGRADED, tcp
    assert "hangs" in tcp.detail


def hanging(world):
    settings = world.directory / "hanging.conf"
    settings.write_text('module(load="imtcp") input(type="imtcp" port="1515") action(type="omfile" file="/dev/null")')
    return settings


def test_another_service_on_the_port(world):
    settings = world.directory / "nginx.conf"
    settings.write_text(
        f"daemon off; master_process off; error_log {world.directory}/error; pid {world.directory}/nginx.pid; events {{}}"
        f"http {{ access_log off; client_body_temp_path {world.directory}/b; server {{ listen 1516; }} }}"
    )
    world.start("nginx", "-p", world.directory, "-c", settings)
    world.listens(1516)
    tcp = both(world, port=1516)[1]
    assert tcp.verdict is Verdict.WRONG_SERVICE, tcp
    assert "HTTP" in tcp.detail


def test_ssh_on_the_port(world):
    key, settings = world.directory / "hostkey", world.directory / "sshd.conf"
    world.server.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
    settings.write_text(f"Port 1517\nHostKey {key}\nPidFile none\n")
    world.server.run("mkdir", "-p", "/run/sshd")
    world.start("/usr/sbin/sshd", "-D", "-e", "-f", settings)
    world.listens(1517)
    tcp = both(world, port=1517)[1]
    assert tcp.verdict is Verdict.WRONG_SERVICE, tcp
    assert "SSH" in tcp.detail
