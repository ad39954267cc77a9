"""DNS against bind9 (named) and dnsmasq."""

import asyncio
from contextlib import contextmanager

import pytest

from bellrock.flows import Protocol
from bellrock.model import Verdict
from bellrock.probe import Ask, check
from tests.lab.services.world import SERVER, SERVER6

pytestmark = pytest.mark.lab

ZONE = """$TTL 60
@ SOA ns hostmaster {serial} 60 60 60 60
@ NS ns
ns A 10.2.0.2
maas A {address}
maas AAAA fd02::2
alias CNAME maas
lame NS ns.elsewhere.test.
{large}
"""
LARGE = "\n".join(f'large TXT "{number:03} {"x" * 200}"' for number in range(12))
MIDDLE = "\n".join(f'middle TXT "{number:03} {"x" * 200}"' for number in range(4))


def options(port, *lines):
    return f"listen-on port {port} {{ any; }}; listen-on-v6 port {port} {{ any; }}; pid-file none; {' '.join(lines)}"


@contextmanager
def named(world, port=53, *lines, address="10.2.0.2"):
    """A named with zone maas.test, for a while; `lines` go into its options."""
    directory = world.directory / f"named-{port}"
    directory.mkdir(exist_ok=True)
    (directory / "zone").write_text(ZONE.format(serial=port, address=address, large=f"{LARGE}\n{MIDDLE}"))
    settings = directory / "named.conf"
    zone = f'zone "maas.test" {{ type primary; file "{directory}/zone"; }};'
    # Whoever is asked about this one is not there.
    dead = 'zone "dead.test" { type forward; forward only; forwarders { 10.2.0.2 port 9; }; };'
    settings.write_text(
        f'options {{ directory "{directory}"; session-keyfile none; {options(port, *lines)} }}; {zone} {dead} controls {{}};'
    )
    program = world.start("named", "-f", "-c", settings, "-n", "1", "-U", "1")
    world.listens(port, "udp")
    world.listens(port, "tcp")
    try:
        yield program
    finally:
        world.stop(program)


@pytest.fixture(scope="module")
def served(world):
    with named(
        world, 53, "recursion yes;", "allow-recursion { 10.1.0.0/24; fd01::/64; };", "max-udp-size 4096;"
    ) as program:
        yield program


def both(world, *arguments, **settings):
    found = {one.variant: one for one in world.probes("dns", *arguments, **settings)}
    assert list(found) == ["udp", "tcp"]
    return found["udp"], found["tcp"]


@pytest.mark.parametrize("address", [SERVER, SERVER6])
def test_works(world, served, address):
    for found in both(world, address, names="maas.test,maas.test/AAAA,alias.maas.test", recursion="yes"):
        assert found.verdict is Verdict.DEGRADED, found
        assert "maas.test. exists and has no record of type A" in found.detail
    for found in both(world, address, names="maas.maas.test,maas.maas.test/AAAA,alias.maas.test", recursion="yes"):
        assert found.verdict is Verdict.WORKS, found
        assert found.detail == "maas.maas.test A is 10.2.0.2, and 2 more names are found"
        assert found.facts["answers"]["maas.maas.test AAAA"] == ["fd02::2"]
        assert found.facts["answers"]["alias.maas.test A"] == ["10.2.0.2"]
        assert found.facts["recursion"]
        assert found.facts["keeps_case"]
        assert found.facts["edns_octets"] == 1232
        assert found.rtt_ms is not None


def test_works_without_any_name(world, served):
    for found in both(world):
        assert found.verdict is Verdict.WORKS, found
        assert "no names were given" in found.detail


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nobody.maas.test", "there is no nobody.maas.test. (NXDOMAIN)"),
        ("maas.maas.test/MX", "has no record of type MX"),
        ("x.dead.test", "cannot find out x.dead.test A (SERVFAIL)"),
    ],
)
def test_names_that_are_not_found(world, served, name, words):
    for found in both(world, names=f"maas.maas.test,{name}", within=8):
        assert found.verdict is Verdict.DEGRADED, found
        assert words in found.detail


def test_a_name_for_which_it_waits_itself(world, served):
    for found in both(world, names="maas.maas.test,lame.maas.test", within=1.5):
        assert found.verdict is Verdict.DEGRADED, found
        assert "no answer about lame.maas.test A, while it answers other questions" in found.detail
        assert found.facts["answers"]["maas.maas.test A"] == ["10.2.0.2"]


def test_one_protocol_only(world, served):
    for protocol in (Protocol.UDP, Protocol.TCP):
        ask = Ask(flow="dns", address=SERVER, protocol=protocol)
        (found,) = world.client.inside(lambda ask=ask: asyncio.run(check(ask)))
        assert (found.variant, found.verdict) == (protocol.value, Verdict.WORKS)


def test_a_server_that_refuses(world):
    with named(world, 1053, "allow-query { 192.0.2.0/24; };"):
        for found in both(world, port=1053, names="maas.maas.test"):
            assert found.verdict is Verdict.DEGRADED, found
            assert "refuses to answer about maas.maas.test A (REFUSED)" in found.detail
        for found in both(world, port=1053):
            assert found.verdict is Verdict.DEGRADED, found
            assert "looks up nothing for this address (REFUSED)" in found.detail


def test_recursion_where_it_is_not_wanted_and_none_where_it_is(world, served):
    for found in both(world, names="maas.maas.test", recursion="no"):
        assert found.verdict is Verdict.DEGRADED, found
        assert "it offers recursion to this address" in found.detail
    with named(world, 1054, "recursion no;"):
        for found in both(world, port=1054, names="maas.maas.test", recursion="yes"):
            assert found.verdict is Verdict.DEGRADED, found
            assert "it offers no recursion" in found.detail
        for found in both(world, port=1054, names="maas.maas.test", recursion="no"):
            assert found.verdict is Verdict.WORKS, found
        for found in both(world, port=1054, names="lame.maas.test"):
            assert found.verdict is Verdict.DEGRADED, found
            assert "it is not responsible for it and offers no recursion" in found.detail


def test_answers_too_long_for_udp_come_over_tcp(world, served):
    udp, tcp = both(world, names="large.maas.test/TXT")
    assert (udp.verdict, tcp.verdict) == (Verdict.WORKS, Verdict.WORKS), (udp, tcp)
    assert udp.facts["largest_octets"] > 2000
    assert any("truncated" in step.what for step in udp.evidence)


def test_answers_too_long_for_udp_where_tcp_does_not_pass(world, served):
    world.block("reject with tcp reset", "tcp dport 53")
    udp, tcp = both(world, names="large.maas.test/TXT")
    assert udp.verdict is Verdict.DEGRADED, udp
    assert "does not fit UDP and is not to be had over TCP" in udp.detail
    assert tcp.verdict is Verdict.REFUSED


def test_a_way_that_swallows_long_answers(world, served):
    # An old firewall's idea of DNS: no message over UDP has more than 512 octets.
    world.block("drop", "udp sport 53 meta length > 540")
    udp, tcp = both(world, names="middle.maas.test/TXT")
    assert udp.verdict is Verdict.DEGRADED, udp
    assert "questions with EDNS get no answer" in udp.detail
    assert tcp.verdict is Verdict.WORKS


def test_servers_that_agree_and_that_do_not(world, served):
    world.server.run("ip", "address", "add", "10.2.0.3/24", "dev", "eth0")
    world.server.run("ip", "address", "add", "10.2.0.4/24", "dev", "eth0")
    # Another server, whose address is another but whose port is the same.
    world.server.run("nft", "add table ip n; add chain ip n p { type nat hook prerouting priority -100; }; add rule ip n p ip daddr 10.2.0.4 udp dport 53 redirect to :1055")  # fmt: skip
    with named(world, 1055, address="10.2.0.99"):
        udp, tcp = both(world, names="maas.maas.test", also="10.2.0.3")
        assert udp.verdict is Verdict.WORKS, udp
        udp, tcp = both(world, names="maas.maas.test", also="10.2.0.3,10.2.0.4")
    assert udp.verdict is Verdict.DEGRADED, udp
    assert "disagree about maas.maas.test A: 10.2.0.2 says 10.2.0.2, 10.2.0.4 says 10.2.0.99" in udp.detail
    assert udp.facts["also"]["10.2.0.4"]["maas.maas.test A"] == "10.2.0.99"
    assert tcp.verdict is Verdict.WORKS


def test_another_server_that_is_silent(world, served):
    world.block("drop", "ip daddr 10.2.0.3 udp dport 53")
    udp, _ = both(world, names="maas.maas.test", also="10.2.0.3", within=1.5)
    assert udp.verdict is Verdict.DEGRADED, udp
    assert "10.2.0.3 does not answer" in udp.detail


@pytest.mark.parametrize(
    ("how", "match", "verdict_udp", "verdict_tcp"),
    [
        ("drop", "th dport 53", Verdict.FILTERED, Verdict.FILTERED),
        ("drop", "th sport 53", Verdict.FILTERED, Verdict.FILTERED),
        ("drop", "tcp dport 53", Verdict.WORKS, Verdict.FILTERED),
        ("drop", "udp dport 53", Verdict.FILTERED, Verdict.WORKS),
        ("reject", "th dport 53", Verdict.FILTERED, Verdict.FILTERED),
        ("reject with icmpx admin-prohibited", "th dport 53", Verdict.FILTERED, Verdict.FILTERED),
    ],
)
def test_filtered(world, served, how, match, verdict_udp, verdict_tcp):
    world.block(how, f"meta l4proto {{ tcp, udp }} {match}" if match.startswith("th") else match)
    udp, tcp = both(world, names="maas.maas.test", within=1.0)
    assert (udp.verdict, tcp.verdict) == (verdict_udp, verdict_tcp), (udp, tcp)


def test_stopped(world):
    with named(world, 1056):
        pass
    for found in both(world, port=1056, names="maas.maas.test"):
        assert found.verdict is Verdict.REFUSED, found


def test_another_service_on_the_port(world):
    settings = world.directory / "nginx.conf"
    settings.write_text(
        f"daemon off; master_process off; error_log {world.directory}/error; pid {world.directory}/nginx.pid; events {{}}"
        f"http {{ access_log off; client_body_temp_path {world.directory}/b; server {{ listen 1057; }} }}"
    )
    world.start("nginx", "-p", world.directory, "-c", settings)
    world.listens(1057)
    udp, tcp = both(world, port=1057)
    assert udp.verdict is Verdict.REFUSED
    assert tcp.verdict is Verdict.WRONG_SERVICE, tcp
    assert "DNS" in tcp.detail


def test_dnsmasq(world):
    program = world.start(
        "dnsmasq", "-k", "-C", "/dev/null", "--port=1058", "--no-resolv", "--no-hosts", "--user=root", "--pid-file=",
        "--address=/maas.test/10.2.0.9", "--local=/maas.test/",
    )  # fmt: skip
    world.listens(1058, "udp")
    world.listens(1058)
    good, bad = both(world, port=1058, names="maas.test"), both(world, port=1058, names="elsewhere.test")
    world.stop(program)
    assert [one.verdict for one in good] == [Verdict.WORKS, Verdict.WORKS], good
    assert [one.verdict for one in bad] == [Verdict.DEGRADED, Verdict.DEGRADED], bad
    assert "REFUSED" in bad[0].detail
