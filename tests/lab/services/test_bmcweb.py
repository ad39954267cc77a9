"""Pages of management controllers: nginx in the manner of some, sushy-emulator as what is none."""

from itertools import pairwise

import pytest

from bellrock.model import Verdict
from tests.lab.services import certificates
from tests.lab.services.blocked import BLOCKED, EMPTY_PORT, SSH_PORT, WEB_PORT, blocked, others
from tests.lab.services.web import nginx
from tests.lab.services.world import SERVER

pytestmark = pytest.mark.lab

PAGES = """
server {{ listen 80; location / {{ return 301 https://$host/; }} }}
server {{ listen 443 ssl; ssl_certificate {0}; ssl_certificate_key {1};
  location = / {{ return 302 /restgui/start.html; }}
  location /restgui/ {{ default_type text/html;
    return 200 "<html><title>Integrated Dell Remote Access Controller 9</title><input name=p type='password'></html>"; }} }}
server {{ listen 8082; location / {{ return 302 /; }} }}
server {{ listen 8083; location / {{ return 302 http://elsewhere.lab/login; }} }}
server {{ listen 8084; location / {{ return 503; }} }}
server {{ listen 8085; location / {{ add_header WWW-Authenticate 'Basic realm="BMC"' always; return 401; }} }}
server {{ listen 8086; location / {{ return 404; }} }}
"""


@pytest.fixture(scope="module")
def served(world):
    own = certificates.certificate(["idrac-1"], directory=world.directory, kind="rsa")
    nginx(world, PAGES.format(*own), "pages")
    others(world, own)
    for port in (80, 443, 8086):
        world.listens(port)


@pytest.mark.parametrize("port", [80, 443])
def test_it_is_seen(world, served, port):
    found = world.probe("bmc-web", port=port)
    assert found.verdict is Verdict.WORKS, found
    assert found.facts["vendor"] == "Dell iDRAC"
    assert found.facts["title"] == "Integrated Dell Remote Access Controller 9"
    assert found.facts["login"] is True
    assert found.facts["page"] == f"https://{SERVER}/restgui/start.html"
    assert found.facts["certificate"]["self_signed"] is True
    assert found.detail.startswith(
        "pages of Dell iDRAC, entitled 'Integrated Dell Remote Access Controller 9', with a login at https://"
    )


def test_port_80_leads_to_443_by_one_connection_after_the_other(world, served):
    found = world.probe("bmc-web")
    connections = [step.what for step in found.evidence if "SYN" in step.what]
    assert connections == [f"TCP SYN to {SERVER}:80", f"TCP SYN to {SERVER}:443"]
    steps = [step.at for step in found.evidence if step.what.startswith(("TCP SYN", "GET"))]
    assert all(later - sooner >= 0.19 for sooner, later in pairwise(steps))


@pytest.mark.parametrize(
    ("port", "verdict", "says"),
    [
        (8082, Verdict.WRONG_SERVICE, "it redirects in a circle"),
        (8083, Verdict.DEGRADED, "it points to http://elsewhere.lab/login, which is another server"),
        (8084, Verdict.DEGRADED, "it answers 503 Service Temporarily Unavailable"),
        (8085, Verdict.WORKS, "with a login"),
        (8086, Verdict.WRONG_SERVICE, "shows no page at /"),
        (WEB_PORT, Verdict.WORKS, "web pages without a sign of whose they are"),
        (SSH_PORT, Verdict.WRONG_SERVICE, "SSH"),
        (EMPTY_PORT, Verdict.REFUSED, "nobody listens"),
    ],
    ids=["circle", "elsewhere", "ill", "password", "nothing", "a page", "sshd", "nobody"],
)
def test_what_else_may_be_there(world, served, port, verdict, says):
    found = world.probe("bmc-web", port=port)
    assert found.verdict is verdict, found
    assert says in found.detail


@pytest.mark.parametrize(("how", "at", "verdict"), BLOCKED)
def test_blocked(world, served, how, at, verdict):
    assert blocked(world, "bmc-web", 443, how, at).verdict is verdict


def test_the_page_is_open_and_what_it_leads_to_is_not(world, served):
    world.block("drop", "tcp dport 443")
    found = world.probe("bmc-web", within=1.5)
    assert found.verdict is Verdict.DEGRADED
