"""Redfish: plans, roots old and new, and how gently controllers are asked."""

import asyncio
import contextlib

import pytest

from bellrock.model import Verdict
from bellrock.probe import check
from bellrock.probe.manners import Manners
from bellrock.probe.redfish import PROBE, SPACING, plan
from bellrock.probe.values import Ask, PlanError
from tests.probe.peers import probe
from tests.probe.scripted import answer, scripted
from tests.probe.web import serving


def planned(**options):
    return plan(Ask(flow="redfish", address="10.0.0.1", port=443, options=options))


def test_plans():
    assert (planned().place.scheme, planned().place.strict) == ("https", False)
    assert planned(tls="no").place.scheme == "http"
    for wrong in ({"tls": "auto"}, {"password": "x"}, {"pin": "x"}):
        with pytest.raises(PlanError):
            planned(**wrong)


def test_controllers_are_asked_gently():
    assert PROBE.load.spacing == SPACING == 0.2


@pytest.mark.parametrize(
    ("root", "verdict", "says"),
    [
        ('{"RedfishVersion": "1.11.0", "Vendor": "Dell", "Product": "iDRAC", "UUID": null}', Verdict.WORKS, "Redfish 1.11.0 (Dell iDRAC)"),
        ('{"RedfishVersion": "1.0.0", "Oem": {"Hp": {}}}', Verdict.WORKS, "Redfish 1.0.0 (Hp)"),
        ('{"RedfishVersion": "1.0.0", "Oem": {}, "Systems": null}', Verdict.WORKS, "Redfish 1.0.0"),
        ('{"RedfishVersion": "1.0.0", "Vendor": "HPE", "Product": "HPE"}', Verdict.WORKS, "Redfish 1.0.0 (HPE)"),
        ('{"RedfishVersion": ""}', Verdict.WRONG_SERVICE, "its root tells no RedfishVersion"),
        ('{"v1": "/redfish/v1/"}', Verdict.WRONG_SERVICE, "is no Redfish service: 200 OK"),
        ("hello", Verdict.WRONG_SERVICE, "is no Redfish service: 200 OK"),
    ],
    ids=["new", "old", "bare", "twice the same", "no version", "the index", "a page"],
)  # fmt: skip
def test_roots(root, verdict, says):
    with scripted({"/redfish/v1/": answer(body=root)}) as (port, _):
        found = probe("redfish", port, tls="no")
    assert (found.verdict, says in found.detail) == (verdict, True), found
    assert found.detail == says or verdict is not Verdict.WORKS


@pytest.mark.parametrize(
    ("given", "verdict", "says"),
    [
        (answer("301 Moved", location="/redfish/v2/"), Verdict.WORKS, "Redfish 1.2"),
        (
            answer("301 Moved", location="https://bmc.lab/redfish/v1/"),
            Verdict.DEGRADED,
            "it points to https://bmc.lab/redfish/v1/",
        ),
        (answer("401 Unauthorized"), Verdict.AUTHENTICATION_NEEDED, "/redfish/v1/ answers 401"),
        (answer("404 Not Found"), Verdict.WRONG_SERVICE, "/redfish/v1/ answers 404"),
        (answer("503 Busy", retry_after="60"), Verdict.DEGRADED, "to be asked again in 60 s"),
    ],
    ids=["moved", "elsewhere", "guarded", "missing", "busy"],
)
def test_answers_instead(given, verdict, says):
    answers = {"/redfish/v1/": given, "/redfish/v2/": answer(body='{"RedfishVersion": "1.2"}')}
    with scripted(answers) as (port, _):
        found = probe("redfish", port, tls="no")
    assert (found.verdict, says in found.detail) == (verdict, True), found


@pytest.mark.parametrize(
    ("systems", "path"),
    [
        ("/redfish/v1/Machines", "/redfish/v1/Machines"),
        ("http://elsewhere.lab/", "/redfish/v1/Systems"),
        ("", "/redfish/v1/Systems"),
    ],
    ids=["told", "elsewhere", "untold"],
)
def test_where_credentials_are_tried(systems, path):
    root = f'{{"RedfishVersion": "1.2", "Systems": {{"@odata.id": "{systems}"}}}}'
    with scripted({"/redfish/v1/": answer(body=root), path: answer(body="{}")}) as (port, seen):
        found = probe("redfish", port, tls="no", user="root", password="calvin")
    assert (found.verdict, found.facts["credentials_taken"]) == (Verdict.WORKS, True)
    assert seen.paths == ["/redfish/v1/", path]
    assert "Authorization" not in seen.requests[0]
    assert seen.connections == 1


@pytest.mark.parametrize(
    "systems",
    [r"/redfish/v1/ x\r\nHost: evil", "/redfish/é", "/redfish/" + "x" * 4000],
    ids=["two lines", "not ASCII", "endless"],
)
def test_a_path_that_is_none_is_not_asked_for(systems):
    root = f'{{"RedfishVersion": "1.2", "Systems": {{"@odata.id": "{systems}"}}}}'
    with scripted({"/redfish/v1/": answer(body=root)}) as (port, seen):
        found = probe("redfish", port, tls="no", user="root", password="calvin")
    assert (found.verdict, found.detail[:41]) == (Verdict.WRONG_SERVICE, "its root names a path that is none: /redf"), (
        found
    )
    assert seen.paths == ["/redfish/v1/"]
    assert found.evidence


@pytest.mark.parametrize(
    ("status", "verdict"), [("401 No", Verdict.AUTHENTICATION_NEEDED), ("500 Oops", Verdict.DEGRADED)]
)
def test_credentials_that_do_not_do(status, verdict):
    answers = {"/redfish/v1/": answer(body='{"RedfishVersion": "1.2"}'), "/redfish/v1/Systems": answer(status)}
    with scripted(answers) as (port, _):
        found = probe("redfish", port, tls="no", user="root", password="calvin")
    assert (found.verdict, found.facts["credentials_taken"]) == (verdict, False)
    assert "calvin" not in repr(found)


def test_one_conversation_at_a_time():
    """However many ask at once, and of whatever flow: the connections to a controller do not overlap."""
    open_now, most = [0], [0]

    async def handler(reader, writer):
        open_now[0] += 1
        most[0] = max(most[0], open_now[0])
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(answer(body='{"RedfishVersion": "1.2"}') if b"redfish" in head else answer(body="hello"))
        open_now[0] -= 1

    async def talk():
        manners = Manners()
        async with serving(handler) as port:
            asks = [
                Ask(flow=flow, address="127.0.0.1", port=port, options={"tls": "no"}, within=20.0)
                for flow in ("redfish", "bmc-web") * 2
            ]
            return await asyncio.gather(*(check(ask, manners) for ask in asks))

    assert [found.verdict for (found,) in asyncio.run(talk())] == [Verdict.WORKS] * 4
    assert most == [1]
