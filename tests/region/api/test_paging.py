"""Lists in pages, over HTTP."""

from __future__ import annotations

import base64
import re

import pytest
from litestar.exceptions import ClientException

from bellrock.region.api.paging import cursor_of, numbered, span
from bellrock.region.service.slices import WHOLE, Span
from tests.region.support import agent, asynchronous, confirmed, host_seen, interface, region

NEXT = re.compile(r'<(/api/v1/[^>]+)>; rel="next"')
LISTS = (
    "hosts", "interfaces", "evidence", "refusals", "nodes", "fabrics", "vlans", "conflicts", "unknown", "enrolments", "users", "tokens",
    "schedules", "webhooks", "captures",
)  # fmt: skip


def test_spans():
    assert span() == WHOLE
    assert span(7) == Span(None, 7)
    cursor = cursor_of(("ä/b", 2, 1.5))
    assert re.fullmatch(r"[\w-]+", cursor)
    assert span(None, cursor) == Span(("ä/b", 2, 1.5), 100)
    assert span(3, cursor) == Span(("ä/b", 2, 1.5), 3)


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "ä", "!!!!", *(base64.urlsafe_b64encode(text).decode() for text in (b"{}", b"[null]", b"[[1]]", b"\xff", b"[99999999999999999999999999999]", b"[-4611686018427387905]", b"[" * 900))],
    ids=str,
)  # fmt: skip
def test_what_is_no_cursor_is_refused(cursor):
    with pytest.raises(ClientException, match="begin again"):
        span(None, cursor)


def test_pages_of_logs():
    assert numbered(None, None) is None
    assert numbered(9, None) == 9
    assert numbered(None, cursor_of((7,))) == 7
    assert numbered(5, cursor_of((7,))) == 5
    for wrong in ((), ("7",), (1, 2), (1.5,)):
        if wrong:
            with pytest.raises(ClientException):
                numbered(None, cursor_of(wrong))


async def walk(client, url):
    """All rows, page by page; (rows of each page, totals told)."""
    pages, totals = [], set()
    while url:
        answer = await client.get(url)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        totals.add(answer.headers.get("x-total-count"))
        found = NEXT.fullmatch(answer.headers.get("link", ""))
        url = found and found[1]
    return pages, totals


@asynchronous
async def test_pages_together_are_the_list(tmp_path):
    async with (
        region(tmp_path) as running,
        agent(running.url, "rack2") as other,
        agent(running.url, "rack1") as one,
        running.client(authorization=f"Bearer {running.token}") as client,
    ):
        for told, name in ((other, "rack2"), (one, "rack1")):
            peer = "rack1" if name == "rack2" else "rack2"
            seen = [interface(f"eth{number}", name, index=number + 2) for number in range(5)]
            await told.report(
                1, host_seen(name), *seen, confirmed(f"{name}/eth0", f"{peer}/eth0"), begin=True, complete=True
            )
            await told.acknowledged(1)
        for name in ("anna", "Bert", "carl"):
            await client.post("/api/v1/users", json={"name": name, "password": "correct horse"})
            await client.post("/api/v1/tokens", json={"name": name})
        for path in LISTS:
            whole = (await client.get(f"/api/v1/{path}")).json()
            pages, totals = await walk(client, f"/api/v1/{path}?limit=2")
            shown = [row for page in pages for row in page]
            assert totals == {str(len(whole))}, path
            assert all(len(page) == 2 for page in pages[:-1]), path
            if path not in ("unknown", "conflicts", "fabrics", "vlans"):  # pages of these go by id
                assert [_still(row) for row in shown] == [_still(row) for row in whole], path
        assert len((await client.get("/api/v1/interfaces")).json()) == 10
        pages, totals = await walk(client, "/api/v1/interfaces?host=rack1&limit=3")
        assert [len(page) for page in pages] == [3, 2]
        assert totals == {"5"}
        pages, _ = await walk(client, "/api/v1/audit?limit=2")
        whole = (await client.get("/api/v1/audit")).json()
        assert [row for page in pages for row in page] == whole
        answer = await client.get("/api/v1/interfaces", params={"cursor": cursor_of((1, 2, 3, 4))})
        assert (answer.status_code, answer.json()["detail"][:6]) == (400, "cursor")
        for path in LISTS:
            for other in ((), (1, "a") * 5):
                if (await client.get(f"/api/v1/{path}")).json():
                    answer = await client.get(f"/api/v1/{path}", params={"cursor": cursor_of(other)})
                    assert answer.status_code == 400, (path, other)
        for path in ("audit", "probes/history"):
            answer = await client.get(f"/api/v1/{path}", params={"cursor": cursor_of((10**20,))})
            assert (answer.status_code, answer.json()["detail"][:6]) == (400, "cursor")
        for bad in ("limit=0", "limit=1001", "limit=x", "cursor=%00", "limit=1&cursor=e30"):
            assert (await client.get(f"/api/v1/hosts?{bad}")).status_code == 400, bad


def _still(row):
    return {key: value for key, value in row.items() if "age" not in key and key not in ("clock_offset", "next")}
