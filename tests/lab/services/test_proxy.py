"""Proxies: squid without and with credentials, and what may sit on its port instead."""

import subprocess

import pytest

from bellrock.model import Verdict
from tests.lab.services import certificates
from tests.lab.services.web import nginx, squid
from tests.lab.services.world import ROUTER, SERVER

pytestmark = pytest.mark.lab

REAL = "10.2.0.3"
"""The host without the proxy; through it, its name leads to SERVER, where somebody else's certificate is shown."""
LISTED = "acl ok dstdomain mirror.example\nhttp_access allow ok\nhttp_access deny all"
OPEN = "acl forbidden dstdomain forbidden.example\nhttp_access deny forbidden\nhttp_access allow all"
CLOSED = (
    "auth_param basic program /usr/lib/squid/basic_ncsa_auth {passwords}\nauth_param basic realm nodes\n"
    "acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all"
)
PASSWORD = "s3cret word"


@pytest.fixture(scope="module")
def served(world):
    """nginx as the world beyond the proxies; two squids."""
    world.server.batch([f"addr add {REAL}/24 dev eth0"])
    (world.directory / "hosts").write_text(
        f"{SERVER} mirror.example opened.example forbidden.example\n{REAL} honest.example\n"
    )
    real = certificates.authority("Real authority", directory=world.directory)
    other = certificates.authority("Proxy authority", directory=world.directory)
    honest = certificates.certificate(["honest.example", "opened.example"], issuer=real, directory=world.directory)
    opened = certificates.certificate(["opened.example"], issuer=other, directory=world.directory)
    both = "server {{ listen {}:443 ssl; ssl_certificate {}; ssl_certificate_key {}; location / {{ return 200 ok; }} }}"
    nginx(
        world,
        "server { listen 80; location / { return 200 ok; } location /gone { return 404; } }"
        + both.format(REAL, *honest)
        + both.format(SERVER, *opened),
    )
    world.listens(443)
    passwords = world.directory / "passwords"
    passwords.write_bytes(
        subprocess.run(["htpasswd", "-nbm", "node", PASSWORD], check=True, capture_output=True).stdout
    )
    passwords.chmod(0o644)
    # Names that do not exist are said not to; without a resolver squid waits for one.
    world.start(
        "dnsmasq",
        "-k",
        "-C",
        "/dev/null",
        "--no-resolv",
        "--local=/#/",
        "--listen-address=127.0.0.1",
        "--bind-interfaces",
        "--user=root",
        "--pid-file=",
    )
    world.listens(53, "udp")
    squid(world, OPEN)
    squid(world, CLOSED.format(passwords=passwords), "closed", 3129)
    return real, other


def by_variant(found):
    return {one.variant: (one.verdict.value, one.detail) for one in found}


def test_a_proxy_is_known_without_any_host_beyond_it(world, served) -> None:
    found = world.probes("proxy")
    assert [(one.variant, one.verdict) for one in found] == [("get", Verdict.WORKS), ("connect", Verdict.WORKS)]
    for one in found:
        # Which of its 5xx it is depends on how squid's resolver says no.
        assert one.detail.startswith("it speaks as a proxy, and says of a name that does not exist: 50")
        assert one.facts["squid_error"].startswith("ERR_")


def test_a_proxy_with_an_allow_list(world, served) -> None:
    squid(world, LISTED, "listed", 3132)
    for one in world.probes("proxy", port=3132):
        assert (one.verdict, one.facts["denied"]) == (Verdict.WORKS, True)
        assert "(ERR_ACCESS_DENIED 0); what it lets pass is seen with option url" in one.detail


def test_a_proxy_without_a_resolver(world, served) -> None:
    world.server.run(
        "nft",
        "add table inet t; add chain inet t c { type filter hook input priority 0; }; add rule inet t c udp dport 53 drop",
    )
    found = world.probe("proxy", url="http://unknown.example/", within=1.0)
    assert (found.verdict, found.detail) == (
        Verdict.DEGRADED,
        "it takes the request for http://unknown.example/ and says nothing for 0.9 s: the host, or the proxy's resolvers, are silent, or it is no proxy",
    )


def test_plain_get(world, served) -> None:
    found = world.probe("proxy", url="http://mirror.example/")
    assert (found.verdict, found.variant, found.detail) == (
        Verdict.WORKS,
        "http://mirror.example/",
        "it fetches http://mirror.example/: 200 OK",
    )
    assert found.facts["via"].startswith("1.1 proxy.example (squid/")


def test_what_the_host_says_is_no_fault_of_the_proxy(world, served) -> None:
    assert (
        world.probe("proxy", url="http://mirror.example/gone").detail
        == "it fetches http://mirror.example/gone: 404 Not Found"
    )


def test_tunnel(world, served) -> None:
    real, _ = served
    found = world.probe("proxy", url="https://honest.example/", direct=REAL, authority=str(real.file))
    assert (found.verdict, found.detail) == (
        Verdict.WORKS,
        "it connects to honest.example, whose certificate is by CN=Real authority: 200 OK",
    )
    assert (found.facts["intercepted"], found.facts["certificate"]["verified"]) == (False, True)


def test_tls_that_is_opened_on_the_way(world, served) -> None:
    real, other = served
    sentence = "TLS is opened on the way: the certificate of opened.example is by CN=Proxy authority through the proxy, and by CN=Real authority directly"
    fault = world.probe("proxy", url="https://opened.example/", direct=REAL, authority=str(real.file))
    assert (fault.verdict, fault.detail, fault.facts["intercepted"]) == (Verdict.TLS_FAULT, sentence, True)
    trusted = world.probe("proxy", url="https://opened.example/", direct=REAL, authority=str(other.file))
    assert (trusted.verdict, trusted.detail) == (Verdict.DEGRADED, sentence)


def test_an_unknown_authority_behind_the_proxy(world, served) -> None:
    found = world.probe("proxy", url="https://honest.example/")
    assert found.verdict is Verdict.TLS_FAULT
    assert found.detail.startswith(
        "through the proxy, honest.example: its certificate is signed by an authority that is not known here"
    )


def test_no_way_without_the_proxy_is_noticed(world, served) -> None:
    real, _ = served
    world.block("drop", f"ip daddr {REAL} tcp dport 443", "router")
    found = world.probe("proxy", url="https://honest.example/", direct=REAL, authority=str(real.file), within=2.0)
    assert (found.verdict, "intercepted" in found.facts) == (Verdict.WORKS, False)
    assert found.evidence[-1].what == f"directly, {REAL} cannot be compared with: nothing came back"


@pytest.mark.parametrize(
    ("url", "verdict", "detail"),
    [
        ("http://forbidden.example/", "filtered", "the proxy does not let http://forbidden.example/ pass: 403 Forbidden (ERR_ACCESS_DENIED 0)"),
        ("https://forbidden.example/", "filtered", "the proxy does not let https://forbidden.example/ pass: 403 Forbidden (ERR_ACCESS_DENIED 0)"),
        ("http://mirror.example:9/", "degraded", "the proxy cannot fetch http://mirror.example:9/: 503 Service Unavailable (ERR_CONNECT_FAIL 111)"),
        ("https://mirror.example:9/", "degraded", "the proxy cannot fetch https://mirror.example:9/: 503 Service Unavailable (ERR_CONNECT_FAIL 111)"),
        ("https://mirror.example:80/", "tls-fault", "through the proxy, mirror.example: it answers HTTP in plain text instead of TLS: HTTP/1.1 400 Bad Request"),
    ],
    ids=["get-forbidden", "connect-forbidden", "get-nobody", "connect-nobody", "no-tls"],
)  # fmt: skip
def test_its_own_faults(world, served, url: str, verdict: str, detail: str) -> None:
    found = world.probe("proxy", url=url)
    assert (found.verdict.value, found.detail) == (verdict, detail)


def test_credentials(world, served) -> None:
    needed = ("authentication-needed", "it wants credentials: basic")
    assert by_variant(world.probes("proxy", port=3129)) == {"get": needed, "connect": needed}
    assert by_variant(world.probes("proxy-auth", port=3129)) == {"without-credentials": needed}
    good = world.probes("proxy-auth", port=3129, url="http://mirror.example/", user="node", password=PASSWORD)
    assert by_variant(good) == {
        "without-credentials": ("works", "without credentials nothing passes: it wants credentials: basic"),
        "http://mirror.example/": ("works", "it fetches http://mirror.example/: 200 OK"),
    }
    assert good[0].facts["schemes"] == ["basic"]
    assert good[0].facts["realms"] == ['Basic realm="nodes"']
    assert PASSWORD not in str(good)
    assert "bm9kZTp" not in str(good)


def test_credentials_in_a_tunnel(world, served) -> None:
    real, _ = served
    found = world.probe(
        "proxy", port=3129, url="https://honest.example/", authority=str(real.file), user="node", password=PASSWORD
    )
    assert found.verdict is Verdict.WORKS


def test_credentials_that_will_not_do(world, served) -> None:
    found = world.probe("proxy", port=3129, url="http://mirror.example/", user="node", password="wrong")
    assert (found.verdict, found.detail) == (
        Verdict.AUTHENTICATION_NEEDED, "it does not take these credentials, given by the scheme basic; it offers basic")  # fmt: skip


def test_a_proxy_that_should_ask_for_credentials(world, served) -> None:
    found = world.probe("proxy-auth", url="http://mirror.example/")
    assert (found.verdict, found.detail) == (Verdict.DEGRADED, "it lets everybody pass, without credentials")


@pytest.mark.parametrize("url", ["http://mirror.example/", "http://proxy-check.invalid/"], ids=["host", "nobody"])
def test_a_web_server_is_no_proxy(world, served, url: str) -> None:
    found = world.probe("proxy", port=80, url=url)
    assert found.verdict is Verdict.WRONG_SERVICE
    assert found.detail.startswith("for a host that cannot exist it answers 200 OK: a web server (nginx/")


def test_a_web_server_opens_no_tunnels(world, served) -> None:
    found = world.probe("proxy", port=80, url="https://mirror.example/")
    assert (found.verdict, found.detail) == (
        Verdict.WRONG_SERVICE,
        "it answers CONNECT with 400 Bad Request: it opens no tunnels, or is no proxy",
    )


def test_stopped(world, served) -> None:
    assert {(one.verdict, one.detail) for one in world.probes("proxy", port=3130)} == {
        (Verdict.REFUSED, "nobody listens, or a firewall rejects it: TCP RST")
    }


@pytest.mark.parametrize(("at", "how"), [("router", "drop"), ("server", "drop"), ("router", "reject")])
def test_filtered(world, served, at: str, how: str) -> None:
    world.block(how, "tcp dport 3128", at)
    found = world.probe("proxy", url="http://mirror.example/", within=0.8)
    assert found.verdict is Verdict.FILTERED
    assert how != "reject" or ROUTER in found.detail


def test_tls_port_is_no_proxy(world, served) -> None:
    assert {one.verdict for one in world.probes("proxy", port=443)} == {Verdict.WRONG_SERVICE}


def test_a_proxy_with_credentials_works(world, served) -> None:
    found = world.probes("proxy-auth", port=3129, url="http://mirror.example/", user="node", password=PASSWORD)
    assert {one.verdict for one in found} == {Verdict.WORKS}


def test_a_proxy_with_credentials_stopped(world, served) -> None:
    assert {one.verdict for one in world.probes("proxy-auth", port=3130)} == {Verdict.REFUSED}


@pytest.mark.parametrize("how", ["drop", "reject"])
def test_a_proxy_with_credentials_filtered(world, served, how: str) -> None:
    world.block(how, "tcp dport 3129")
    assert {one.verdict for one in world.probes("proxy-auth", port=3129, within=0.8)} == {Verdict.FILTERED}


def test_a_web_server_is_no_proxy_with_credentials(world, served) -> None:
    assert {one.verdict for one in world.probes("proxy-auth", port=80)} == {Verdict.WRONG_SERVICE}
