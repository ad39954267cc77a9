"""The API that machines ask: Bellrock's own region; nginx in the manner of MAAS, Ironic, Hegel and EC2, which do not install here."""

import pytest

from bellrock.model import Verdict
from tests.lab.services import certificates
from tests.lab.services.blocked import BLOCKED, EMPTY_PORT, SECURE_PORT, SSH_PORT, WEB_PORT, blocked, others
from tests.lab.services.regions import region
from tests.lab.services.web import nginx
from tests.lab.services.world import SERVER

pytestmark = pytest.mark.lab

MAAS, NO_METADATA, IRONIC, HEGEL, EC2, CIRCLE, AWAY, ILL, GUARDED, MOVED, HALF_ILL = range(6001, 6012)
VERSION = '{"capabilities": ["networks-management", "static-ipaddresses"], "version": "3.5.4", "subversion": "16382-g.abcdef"}'
SERVICES = f"""
server {{{{ listen {MAAS};
  location = /MAAS/api/2.0/version/ {{{{ default_type application/json; return 200 '{VERSION}'; }}}}
  location /MAAS/metadata/ {{{{ return 401 'No authorization header received.'; }}}} }}}}
server {{{{ listen {NO_METADATA}; location = /MAAS/api/2.0/version/ {{{{ return 200 '{VERSION}'; }}}} }}}}
server {{{{ listen {IRONIC};
  location = / {{{{ return 300 '{{{{"name": "OpenStack Ironic API", "versions": [{{{{"id": "v1", "status": "CURRENT", "version": "1.93"}}}}]}}}}'; }}}}
  location = /v1/ {{{{ return 200 '{{{{"id": "v1"}}}}'; }}}} }}}}
server {{{{ listen {HEGEL};
  location = /2009-04-04/ {{{{ return 200 'meta-data/\\nuser-data\\n'; }}}}
  location = /2009-04-04/meta-data/ {{{{ return 200 'instance-id\\nhostname\\nlocal-ipv4\\n'; }}}} }}}}
server {{{{ listen {EC2}; location = /latest/meta-data/ {{{{ return 200 'ami-id\\ninstance-id\\nlocal-ipv4'; }}}} }}}}
server {{{{ listen {CIRCLE}; location /MAAS/ {{{{ return 302 /MAAS/api/2.0/version/?again; }}}} }}}}
server {{{{ listen {AWAY}; location / {{{{ return 301 http://maas.elsewhere.lab$request_uri; }}}} }}}}
server {{{{ listen {ILL}; location / {{{{ add_header Retry-After 30 always; return 503; }}}} }}}}
server {{{{ listen {GUARDED}; location / {{{{ return 403; }}}} }}}}
server {{{{ listen {MOVED}; location / {{{{ return 301 http://{SERVER}:{MAAS}$request_uri; }}}} }}}}
upstream two {{{{ server 127.0.0.1:{MAAS}; server 127.0.0.1:{EC2}; }}}}
server {{{{ listen {HALF_ILL}; location / {{{{ proxy_pass http://two; proxy_next_upstream off; }}}} }}}}
""".replace("{{", "{").replace("}}", "}")  # fmt: skip


@pytest.fixture(scope="module")
def served(world):
    nginx(world, SERVICES, "services")
    others(world, certificates.certificate([SERVER], directory=world.directory))
    world.listens(HALF_ILL)
    return region(world)


def test_a_bellrock_region(world, served):
    _, state = served
    found = world.probe("api", authority=str(state / "region" / "authority" / "authority.crt"))
    assert found.verdict is Verdict.WORKS, found
    assert found.detail.startswith("a Bellrock region answers in ")
    assert (found.facts["kind"], found.facts["health"], found.facts["requests"]) == ("bellrock", "ok", 3)
    assert found.facts["latency_ms_min"] <= found.facts["latency_ms"] <= found.facts["latency_ms_max"]
    assert found.facts["certificate"]["verified"] is True


@pytest.mark.parametrize(
    ("port", "kind", "expected"),
    [
        (MAAS, "maas", {"version": "3.5.4", "capabilities": ["networks-management", "static-ipaddresses"]}),
        (IRONIC, "ironic", {"version": "1.93", "name": "OpenStack Ironic API"}),
        (HEGEL, "hegel", {"metadata": ["meta-data/", "user-data"]}),
        (EC2, "ec2", {"metadata": ["ami-id", "instance-id", "local-ipv4"]}),
        (MOVED, "maas", {"version": "3.5.4"}),
    ],
    ids=["MAAS", "Ironic", "Hegel", "EC2", "moved on the same host"],
)
def test_the_kinds(world, served, port, kind, expected):
    for options in ({}, {"kind": kind}):
        found = world.probe("api", port=port, **options)
        assert found.verdict is Verdict.WORKS, found
        assert found.facts["kind"] == kind
        assert expected.items() <= found.facts.items()


@pytest.mark.parametrize(
    ("port", "options", "verdict", "says"),
    [
        (NO_METADATA, {}, Verdict.DEGRADED, "/MAAS/metadata/ answers 404 Not Found: machines get no metadata"),
        (CIRCLE, {}, Verdict.WRONG_SERVICE, "it redirects in a circle"),
        (AWAY, {}, Verdict.DEGRADED, "it points to http://maas.elsewhere.lab/MAAS/api/2.0/version/, which is another server"),
        (ILL, {}, Verdict.DEGRADED, "it answers 503 Service Temporarily Unavailable, to be asked again in 30 s"),
        (GUARDED, {}, Verdict.AUTHENTICATION_NEEDED, "answers 403 Forbidden"),
        (HALF_ILL, {"kind": "maas", "requests": "6"}, Verdict.DEGRADED, "one of several servers behind it is ill"),
        (EC2, {"kind": "maas"}, Verdict.WRONG_SERVICE, "but is not a MAAS region: /MAAS/api/2.0/version/ answers 404 Not Found"),
        (WEB_PORT, {}, Verdict.WRONG_SERVICE, "but is no API of machines that is known here"),
        (SECURE_PORT, {"kind": "bellrock"}, Verdict.WRONG_SERVICE, "but is not a Bellrock region: /healthz answers 200 OK"),
        (SSH_PORT, {}, Verdict.WRONG_SERVICE, "SSH"),
        (EMPTY_PORT, {}, Verdict.REFUSED, "nobody listens"),
    ],
    ids=["no metadata", "circle", "elsewhere", "ill", "forbidden", "half ill", "another kind", "nginx", "nginx with TLS", "sshd", "nobody"],
)  # fmt: skip
def test_faults(world, served, port, options, verdict, says):
    found = world.probe("api", port=port, **options)
    assert found.verdict is verdict, found
    assert says in found.detail


@pytest.mark.parametrize(("how", "at", "verdict"), BLOCKED)
def test_blocked(world, served, how, at, verdict):
    assert blocked(world, "api", 5240, how, at).verdict is verdict


def test_stopped(world, served):
    program, _ = region(world, 5299, "another")
    assert world.probe("api", port=5299).verdict is Verdict.WORKS
    world.stop(program)
    assert world.probe("api", port=5299).verdict is Verdict.REFUSED
