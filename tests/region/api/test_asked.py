"""Queries that a route does not take, and sentences for what cannot be taken."""

from __future__ import annotations

import re

import pytest

from bellrock.region.api.asked import expected
from bellrock.region.api.document import document
from bellrock.region.api.routes import closed_routes
from bellrock.region.service import Policy
from tests.region.joining import TLS, Joiner
from tests.region.support import agent, asynchronous, host_seen, interface, region

LISTS = [
    path
    for path, item in document()["paths"].items()
    if "{" not in path and any(one["name"] == "limit" for one in item.get("get", {}).get("parameters", ()))
]


async def refused(client, method, path, body=None):
    """The sentence of a 400."""
    answer = await client.request(method, f"/api/v1/{path}", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json"), answer.text
    return answer.json()["detail"]


@asynchronous
async def test_no_misspelt_filter_gives_everything(tmp_path):
    assert len(LISTS) > 15
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        for path in (*LISTS, "/api/v1/topology", "/api/v1/me", "/api/v1/hosts/rack1", "/api/v1/vlans/vlan-1/members"):
            told = await refused(client, "GET", f"{path.removeprefix('/api/v1/')}?limit=1&sevrity=error"
                                 if path in LISTS else f"{path.removeprefix('/api/v1/')}?sevrity=error")  # fmt: skip
            assert told.startswith(f"{path} has no parameter 'sevrity'; it takes "), told
            assert ("limit, cursor" in told or "limit" in told) == (path in LISTS or path.endswith("members")), told
        assert (await refused(client, "GET", "me?x=")).endswith("; it takes none.")
        assert (await client.head("/api/v1/findings", params={"sevrity": "error"})).status_code == 400
        assert len(await refused(client, "GET", f"hosts?{'x' * 4000}=1")) < 300
        assert (await client.get("/api/v1/findings?severity=error&limit=5")).status_code == 200
        assert (await client.get("/api/v1/hosts?host=null")).status_code == 200  # a name like any other
        answer = await client.get("/metrics?x=1")
        assert (answer.status_code, answer.json()["detail"]) == (400, "/metrics has no parameter 'x'; it takes none.")
    async with region(tmp_path) as running, running.client() as client:
        assert (await client.get("/api/v1/findings?sevrity=error")).status_code == 401  # who asks comes first


@asynchronous
async def test_no_misspelt_code_lets_an_agent_in(tmp_path):
    async with region(tmp_path, listen=TLS, policy=Policy.APPROVE) as running:
        one = Joiner()
        await one.join(running.tls)
        path = f"enrolments/{one.host.id}"
        async with running.client(authorization=f"Bearer {running.token}") as client:
            told = await refused(client, "POST", f"{path}/approve?coed=0000")
            assert told == f"/api/v1/{path}/approve has no parameter 'coed'; it takes code."
            (waiting,) = await running.get("enrolments")
            assert waiting["state"] == "waiting"
            assert (await client.post(f"/api/v1/{path}/approve?code={waiting['code']}")).status_code == 204


ROUTES = [
    (method.upper(), path, operation)
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    if method in ("get", "put", "post", "delete", "patch") and operation.get("security") != []
]


@asynchronous
async def test_every_route_takes_what_it_is_described_with_and_nothing_else(tmp_path):
    assert {method for method, _, _ in ROUTES} == {"GET", "PUT", "POST", "DELETE", "PATCH"}
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        for method, template, operation in ROUTES:
            path = re.sub(r"{\w+}", "0", template)
            taken = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
            # What is looked at first is what nobody takes: nothing is done.
            answer = await client.request(method, path, params=[*((name, "0") for name in taken), ("zz", "0")])
            told = f"it takes {', '.join(taken)}" if taken else "it takes none"
            assert answer.status_code == 400, (method, path, answer.text)
            assert answer.json()["detail"] == f"{path} has no parameter 'zz'; {told}."


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("interfaces?vid=x", "vid: 'x' is given; a whole number from 0 to 4094 is expected."),
        ("interfaces?vid=4095", "vid: '4095' is given; a whole number from 0 to 4094 is expected."),
        ("interfaces?placed=perhaps", "placed: 'perhaps' is given; true or false is expected."),
        ("findings?severity=x", "severity: 'x' is given; one of error, notice, warning is expected."),
        ("findings?state=x", "state: 'x' is given; one of standing, all, open, flapping, unseen, explained, gone is expected."),
        ("hosts?role=x", "role: 'x' is given; one of node, rack, region is expected."),
        ("hosts?host=", "host: '' is given; text of 1 to 300 characters is expected."),
        ("hosts?limit=0&connected=x", "limit: '0' is given; a whole number from 1 to 1000 is expected."),
        ("evidence?since=-0.5", "since: '-0.5' is given; a number from 0 to 1e+12 is expected."),
        ("vlans?vid=null", "vid: 'null' is given; a whole number from 0 to 4094 is expected."),
        ("findings?severity=null", "severity: 'null' is given; one of error, notice, warning is expected."),
        ("hosts?connected=NULL", "connected: 'NULL' is given; true or false is expected."),
        ("findings?limit=null", "limit: 'null' is given; a whole number from 1 to 1000 is expected."),
        ("findings?flow=", "flow: '' is given; text of 1 to 256 characters is expected."),
        ("findings?id=", "id: '' is given; text of 1 to 256 characters is expected."),
        ("mtu?host=", "host: '' is given; text of 1 to 300 characters is expected."),
        ("matrix?agent=", "agent: '' is given; text of 1 to 255 characters is expected."),
        ("probes/history?flow=", "flow: '' is given; text of 1 to 64 characters is expected."),
        ("vlans?vid=1&vid=zz", "vid is given twice."),
        ("hosts?connected=true&connected=true", "connected is given twice."),
        ("topology/explain", "a is missing; b is missing."),
        ("topology/explain?b=x", "a is missing."),
    ],
)  # fmt: skip
def test_what_a_query_may_say(tmp_path, path, told):
    @asynchronous
    async def ask() -> None:
        async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
            assert (await refused(client, "GET", path)).startswith(told[:-1])

    ask()


@asynchronous
async def test_what_a_body_may_say(tmp_path):
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        for method, path, body, told in (
            ("POST", "login", {"token": 5}, "token: a whole number is given; text of 1 to 200 characters is expected."),
            ("POST", "users", {}, "name is missing."),
            ("POST", "users", [], "body: a list is given; an object is expected."),
            ("POST", "users", {"name": "x", "role": "king"}, "role: 'king' is given; one of admin, operator, viewer is expected."),
            ("PUT", "schedules/a", {"every": "x"}, "every: text is given; a number is expected."),
            ("POST", "probes", {"tries": [{"flow": 3}]}, "tries[0].flow: a whole number is given; text is expected."),
            ("POST", "probes", {"tries": {}}, "tries: an object is given; a list of at most 256 entries is expected."),
            ("POST", "probes", {"agents": ["x" * 300]}, "agents[0]: text of at most 255 characters is expected."),
            ("PATCH", "fabrics/a", {"name": ""}, "name: printable text that is not blank, of 1 to 64 characters is expected."),
            ("POST", "diagnoses", {"source": "a", "findings": [{}]}, "findings[0].id is missing."),
            ("PUT", "schedules/a", {"flow": ["dns"]}, "The body has no field 'flow'; it takes every, agents, flows, to."),
            ("POST", "probes", {"tries": [{"flow": "dns", "adress": "10.0.0.2"}]}, "tries[0] has no field 'adress'; it takes flow, address, "),
            ("POST", "login", {"token": "a", "x" * 999: 1}, f"The body has no field '{'x' * 60}…'; it takes token, user, password."),
        ):  # fmt: skip
            assert (await refused(client, method, path, body)).startswith(told), (path, body)
        for content, told in (
            (b"", "The request has no body; JSON is expected."),
            (b"{", "The request's body is not JSON: Input data was truncated."),
            (b'{"name":}', "The request's body is not JSON: JSON is malformed"),
        ):
            answer = await client.post("/api/v1/users", content=content)
            assert (answer.status_code, answer.json()["detail"][: len(told)]) == (400, told)


BODIES = [
    (
        method.upper(),
        path,
        re.search("schemas/([A-Z]\\w+)", str(operation["requestBody"]["content"]["application/json"]))[1],
    )
    for path, item in document()["paths"].items()
    for method, operation in item.items()
    if isinstance(operation, dict) and "requestBody" in operation
]


def test_no_body_takes_a_misspelt_field():
    assert len(BODIES) > 10
    parts = document()["components"]["schemas"]
    for method, path, shape in BODIES:
        assert parts[shape].get("additionalProperties") is False, (method, path)
    assert parts["Try"]["additionalProperties"] is False


@asynchronous
async def test_ports_that_are_none_and_ports_that_are_not_there(tmp_path):
    async with (
        region(tmp_path) as running,
        agent(running.url, "rack1") as rack,
        running.client(authorization=f"Bearer {running.token}") as client,
    ):
        await rack.report(1, host_seen(), interface("eth0"), begin=True, complete=True)
        await rack.acknowledged(1)
        for a, b, status, told in (
            ("rack1", "rack1/eth0", 400, "a: 'rack1' is given; HOST/INTERFACE or HOST/INTERFACE.VID"),
            ("rack1/eth0", "/eth0", 400, "b: '/eth0' is given; HOST/INTERFACE"),
            ("rack1/eth0", "rack1/", 400, "b: 'rack1/' is given; "),
            ("rack9/eth0", "rack1/eth0", 404, "no host 'rack9' is known; nearest: rack1."),
            ("rack1/eth0", "rack1/eth9", 404, "rack1 has no interface 'eth9'"),
            ("rack1/eth0", "rack1/eth0", 200, ""),
        ):
            answer = await client.get("/api/v1/topology/explain", params={"a": a, "b": b})
            assert answer.status_code == status, answer.text
            assert answer.json().get("detail", "").startswith(told), answer.text


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ({}, "JSON"),
        ({"type": "null"}, "null"),
        ({"type": ["integer", "null"]}, "a whole number"),
        ({"type": "number", "minimum": 0.5}, "a number of at least 0.5"),
        ({"type": "string", "minLength": 3}, "text of at least 3 characters"),
        ({"type": "string", "pattern": "^a"}, "text of another form"),
        ({"type": "string", "pattern": "^a", "description": "What begins with a"}, "what begins with a"),
        ({"anyOf": [{"$ref": "Kind"}, {"type": "null"}, {"type": "boolean"}]}, "one of a, b or true or false"),
    ],
    ids=str,
)
def test_shapes_in_words(shape, told):
    assert expected(shape, {"Kind": {"enum": ["a", "b"]}}) == told


@pytest.mark.parametrize(
    "given", ["1e2", "5.0", "+5", " 5", "5 ", "٣", "1_0", "-0", "0x5", "05.", "5\n", ""], ids=ascii
)
def test_a_whole_number_is_decimal_digits(tmp_path, given):
    @asynchronous
    async def ask() -> None:
        wanted = [("hosts", "limit", "1 to 1000"), ("audit", "before", "1 to "), ("interfaces", "vid", "0 to 4094")]
        async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
            for path, name, bounds in wanted:
                answer = await client.get(f"/api/v1/{path}", params={name: given})
                assert answer.status_code == 400, (path, answer.text)
                told = f"{name}: {given!r} is given; a whole number from {bounds}"
                assert answer.json()["detail"].startswith(told)
                assert (await client.get(f"/api/v1/{path}", params={name: "17"})).status_code == 200

    ask()


def test_requests_wait_for_no_thread():
    # Litestar has what is not async run in one.
    assert closed_routes.before_request.__name__ == "_before_closed"
