"""LXD: plans, and answers that are not LXD's."""

import pytest

from bellrock.model import Verdict
from bellrock.probe.lxd import plan
from bellrock.probe.values import Ask, PlanError
from tests.lab.services import certificates
from tests.probe.peers import probe
from tests.probe.scripted import answer, scripted
from tests.probe.secure import server_context


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    return server_context(certificates.certificate(["lxd"], directory=tmp_path_factory.mktemp("lxd")))


def test_plans():
    made = plan(Ask(flow="lxd", address="10.0.0.1", port=8443, options={"certificate": "/c", "key": "/k"}))
    assert (made.place.scheme, made.place.identity, made.place.strict) == ("https", ("/c", "/k"), False)
    with pytest.raises(PlanError, match="certificate and key are given together"):
        plan(Ask(flow="lxd", options={"key": "/k"}))


def about(**fields):
    body = '{"type": "sync", "metadata": {"api_version": "%s", "auth": "%s"%s}}'
    return answer(body=body % (fields.get("version", "1.0"), fields.get("auth", "untrusted"), fields.get("more", "")))


@pytest.mark.parametrize(
    ("given", "verdict", "says"),
    [
        (about(), Verdict.WORKS, "LXD API 1.0 answers; no client certificate was shown"),
        (
            about(auth="trusted", more=', "environment": {"server_version": 5}'),
            Verdict.WORKS,
            "LXD API 1.0; this client is trusted",
        ),
        (about(version=""), Verdict.WRONG_SERVICE, "/1.0 tells no API version"),
        (answer(body='{"type": "error"}'), Verdict.WRONG_SERVICE, "is no LXD: 200 OK"),
        (answer("403 Forbidden"), Verdict.AUTHENTICATION_NEEDED, "/1.0 answers 403"),
        (answer("500 Oops"), Verdict.DEGRADED, "it answers 500"),
    ],
    ids=["untrusted", "trusted", "no version", "error", "forbidden", "ill"],
)
def test_answers(context, given, verdict, says):
    with scripted({"/1.0": given}, context) as (port, _):
        found = probe("lxd", port)
    assert (found.verdict, says in found.detail) == (verdict, True), found


def test_a_certificate_that_is_not_trusted(context, tmp_path):
    certificate, key = map(str, certificates.certificate(["client"], directory=tmp_path))
    with scripted({"/1.0": about()}, context) as (port, _):
        found = probe("lxd", port, certificate=certificate, key=key)
    assert found.verdict is Verdict.AUTHENTICATION_NEEDED
    assert "`lxc config trust add`" in found.detail
