"""ETags: what need not be sent again, and changes that must not undo another's."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.region.api.conditional import tag_of
from tests.region.api.test_routes import filled
from tests.region.support import asynchronous, region


def site(title: str) -> str:
    return f'title = "{title}"\n[role.dns]\naddresses = ["10.0.0.53"]\n'


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b'{"age":1.5,"a":1}', b'{"age":20,"a":1}', True),
        (b'{"age":1.5,"a":1}', b'{"age":1.5,"a":2}', False),
        (b'{"seen_age":null}', b'{"seen_age":1}', False),
        (b'{"page":1}', b'{"page":2}', False),
        (b'{"a":"\\"age\\":1"}', b'{"a":"\\"age\\":2"}', False),
        (b'{"clock_offset":-1e-06}', b'{"clock_offset":0.5}', True),
    ],
    ids=["ages", "more", "null", "ending", "text", "offset"],
)
def test_tags_tell_what_is_said_without_what_always_moves(one, other, same):
    assert (tag_of(one) == tag_of(other)) is same


def test_tags_of_what_moves_are_weak():
    assert tag_of(b'{"age":1}').startswith(b'W/"')
    assert tag_of(b'{"a":1}').startswith(b'"')


@asynchronous
async def test_what_the_caller_has_is_not_sent(tmp_path):
    async with filled(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        for path in (
            "topology",
            "hosts",
            "interfaces",
            "interfaces?limit=1",
            "evidence",
            "fabrics",
            "users",
            "mtu",
            "matrix",
            "findings",
            "me",
            "vlans",
        ):
            first = await client.get(f"/api/v1/{path}")
            tag = first.headers["etag"]
            assert first.headers["cache-control"] == "private, no-cache"
            for sent in (tag, f'"x", {tag}', "*", tag.removeprefix("W/"), f"W/{tag.removeprefix('W/')}"):
                again = await client.get(f"/api/v1/{path}", headers={"If-None-Match": sent})
                assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), (path, sent)
                assert "content-type" not in again.headers
            for sent in ('"x"', "x", ""):
                again = await client.get(f"/api/v1/{path}", headers={"If-None-Match": sent})
                assert again.status_code == 200, (path, sent)
        assert "etag" not in (await client.get("/api/v1/hosts/nobody")).headers


@asynchronous
async def test_a_change_is_told_by_another_tag(tmp_path):
    async with filled(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        fabric = (await client.get("/api/v1/fabrics")).json()[0]
        paths = ("topology", "fabrics", f"fabrics/{fabric['id']}")
        before = {path: (await client.get(f"/api/v1/{path}")).headers["etag"] for path in paths}
        assert (await client.patch(f"/api/v1/fabrics/{fabric['id']}", json={"name": "storage"})).status_code == 204
        for path, tag in before.items():
            again = await client.get(f"/api/v1/{path}", headers={"If-None-Match": tag})
            assert (again.status_code, again.headers["etag"] != tag) == (200, True), path


@asynchronous
async def test_two_people_change_the_same(tmp_path):
    async with filled(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        fabric, vlan = (await client.get("/api/v1/fabrics")).json()[0], (await client.get("/api/v1/vlans")).json()[0]
        await client.put("/api/v1/site", json={"text": site("lab")})
        await client.put("/api/v1/schedules/dns", json={"every": 60, "flows": ["dns"], "to": ["10.0.0.2"]})
        await client.post("/api/v1/users", json={"name": "anna", "password": "correct horse", "role": "admin"})
        await client.post("/api/v1/users", json={"name": "bert", "password": "correct horse", "role": "admin"})
        for path, method, bodies in (
            (f"fabrics/{fabric['id']}", "PATCH", [{"name": f"n{one}"} for one in range(9)]),
            (f"vlans/{vlan['id']}", "PATCH", [{"name": f"n{one}"} for one in range(9)]),
            ("site", "PUT", [{"text": site(f"lab {one}")} for one in range(9)]),
            (
                "schedules/dns",
                "PUT",
                [{"every": 60 + one, "flows": ["dns"], "to": ["10.0.0.2"]} for one in range(1, 9)],
            ),
            ("users/anna", "PATCH", [{"role": role} for role in ("viewer", "operator")]),
        ):
            url = f"/api/v1/{path}"
            tag = (await client.get(url)).headers["etag"]
            assert tag.startswith('"'), path
            answers = await asyncio.gather(
                *(client.request(method, url, json=body, headers={"If-Match": tag}) for body in bodies)
            )
            statuses = sorted(answer.status_code for answer in answers)
            assert statuses[0] in (200, 204), (path, answers[0].text)
            assert set(statuses[1:]) == {412}, (path, statuses)
            for sent, status in (('"x"', 412), (f"W/{tag}", 412), ("", 412), ("*", statuses[0])):
                answer = await client.request(method, url, json=bodies[0], headers={"If-Match": sent})
                assert answer.status_code == status, (path, sent, answer.text)
        assert (await client.delete("/api/v1/schedules/dns", headers={"If-Match": '"x"'})).status_code == 412
        assert (await client.delete("/api/v1/schedules/dns")).status_code == 204
        assert (
            await client.put("/api/v1/schedules/new", json={"every": 60}, headers={"If-Match": "*"})
        ).status_code == 412
        assert (await client.delete("/api/v1/users/bert", headers={"If-Match": '"x"'})).status_code == 412


@asynchronous
async def test_what_is_not_json_is_not_tagged(tmp_path):
    async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
        for path in ("/", "/metrics", "/api/v1/nothing"):
            assert "etag" not in (await client.get(path)).headers or path == "/", path
