"""The stream: Bellrock's region with and without credentials; middle boxes that forget: nginx, and a router's connection tracking."""

import pytest

from bellrock.model import Verdict
from tests.cli.programs import BELLROCK
from tests.lab.services import certificates
from tests.lab.services.blocked import BLOCKED, EMPTY_PORT, SSH_PORT, WEB_PORT, blocked, others
from tests.lab.services.regions import region, token
from tests.lab.services.web import nginx
from tests.lab.services.world import SERVER

pytestmark = pytest.mark.lab

IMPATIENT, PLAIN_PROXY, ILL = 7001, 7002, 7003
UPSTREAM = "proxy_ssl_protocols TLSv1.3;"
UPGRADING = (
    f'{UPSTREAM} proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'
)
PROXIES = """
server {{ listen {impatient} ssl; ssl_certificate {0}; ssl_certificate_key {1};
  location / {{ proxy_pass https://{server}:5240; {upgrading} proxy_read_timeout 1s; }} }}
server {{ listen {plain} ssl; ssl_certificate {0}; ssl_certificate_key {1}; location / {{ proxy_pass https://{server}:5240; {upstream} }} }}
server {{ listen {ill}; location / {{ proxy_pass http://127.0.0.1:9; }} }}
"""


@pytest.fixture(scope="module")
def served(world):
    files = certificates.certificate([SERVER], directory=world.directory)
    nginx(world, PROXIES.format(*files, impatient=IMPATIENT, plain=PLAIN_PROXY, ill=ILL, server=SERVER, upgrading=UPGRADING, upstream=UPSTREAM), "proxies")  # fmt: skip
    others(world, files)
    world.listens(ILL)
    _, state = region(world)
    return {"path": "/api/v1/live", "token": token(world, state), "pin": pin(world)}


def pin(world, **where):
    """Of the certificate that is shown there: a token is sent to no other."""
    return f"sha256:{world.probe('stream', **where).facts['certificate']['sha256']}"


def test_it_works(world, served):
    found = world.probe("stream", **served)
    assert found.verdict is Verdict.WORKS, found
    assert found.detail.startswith("a WebSocket opens; ")
    assert found.facts["pong_ms"] > 0
    assert served["token"] not in repr(found)


def test_it_stays_open(world, served):
    found = world.probe("stream", within=7.0, hold="1.5", pause="0.5", **served)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["outlived_s"] == 1.0
    assert found.facts["held_s"] >= 1.5


def test_the_agents_own_stream_wants_an_agent(world, served):
    found = world.probe("stream")
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED
    assert found.facts["path"] == "/api/v1/agents/stream"
    assert "this connection shows no certificate of an agent" in found.detail


def test_an_agent_shows_its_certificate(world, served):
    """And, saying no hello, takes no other stream's place."""
    state = world.directory / "rack"
    secret = world.directory / "region.secret"
    command = (
        BELLROCK,
        "rack",
        "join",
        "--region",
        f"https://{SERVER}:5240",
        "--state-dir",
        state,
        "--secret-file",
        secret,
    )
    assert world.start(*command, inside=world.client).ends(seconds=30) == 0
    own = {
        name: str(state / "rack" / file)
        for name, file in {"authority": "authority.crt", "certificate": "agent.crt", "key": "agent.key"}.items()
    }
    found = world.probe("stream", **own)
    assert (found.verdict, found.detail) == (Verdict.WORKS, "a WebSocket opens"), found
    assert found.facts["path"] == "/api/v1/agents/stream"


def test_without_a_token(world, served):
    found = world.probe("stream", path="/api/v1/live")
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED, found


def test_a_proxy_that_cuts_idle_connections(world, served):
    found = world.probe(
        "stream", port=IMPATIENT, within=9.0, hold="4", pause="0.5", **served | {"pin": pin(world, port=IMPATIENT)}
    )
    assert found.verdict is Verdict.DEGRADED, found
    assert "it outlived a pause of 0.5 s: something on the way forgets idle connections" in found.detail
    assert found.facts["outlived_s"] == 0.5
    assert found.facts["cut_after_s"] >= 1.5


def test_a_router_that_forgets_connections(world, served):
    world.router.run(
        "sysctl",
        "-qw",
        "net.netfilter.nf_conntrack_tcp_timeout_established=1",
        "net.netfilter.nf_conntrack_tcp_loose=0",
    )
    world.router.run("nft", "add table inet t; add chain inet t c { type filter hook forward priority 0; policy drop; }; add rule inet t c ct state established accept; add rule inet t c tcp flags & (syn | ack) == syn accept; add rule inet t c meta l4proto { icmp, icmpv6 } accept")  # fmt: skip
    found = world.probe("stream", within=14.0, hold="9", pause="0.4", **served)
    assert found.verdict is Verdict.DEGRADED, found
    assert "packets are dropped silently" in found.detail
    assert 0.4 <= found.facts["outlived_s"] < 6


def test_a_proxy_that_does_not_pass_the_upgrade(world, served):
    found = world.probe("stream", port=PLAIN_PROXY, **served | {"pin": pin(world, port=PLAIN_PROXY)})
    assert found.verdict in (Verdict.WRONG_SERVICE, Verdict.AUTHENTICATION_NEEDED), found


@pytest.mark.parametrize(
    ("port", "verdict", "says"),
    [
        (ILL, Verdict.DEGRADED, "answers 502 Bad Gateway"),
        (WEB_PORT, Verdict.WRONG_SERVICE, "answers 200 OK to the request for a WebSocket"),
        (SSH_PORT, Verdict.WRONG_SERVICE, "SSH"),
        (EMPTY_PORT, Verdict.REFUSED, "nobody listens"),
    ],
    ids=["ill", "nginx", "sshd", "nobody"],
)
def test_faults(world, served, port, verdict, says):
    found = world.probe("stream", port=port)
    assert found.verdict is verdict, found
    assert says in found.detail


@pytest.mark.parametrize(("how", "at", "verdict"), BLOCKED)
def test_blocked(world, served, how, at, verdict):
    assert blocked(world, "stream", 5240, how, at).verdict is verdict
