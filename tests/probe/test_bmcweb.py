"""Pages of management controllers: whose they seem to be."""

import pytest

from bellrock.model import Verdict
from bellrock.probe.bmcweb import PROBE, plan
from bellrock.probe.values import Ask, PlanError
from tests.probe.peers import probe
from tests.probe.scripted import answer, scripted


@pytest.mark.parametrize(("port", "scheme"), [(80, "http"), (443, "https"), (8080, "either")])
def test_plans(port, scheme):
    assert plan(Ask(flow="bmc-web", address="10.0.0.1", port=port)).place.scheme == scheme


def test_options():
    with pytest.raises(PlanError, match="bmc-web has no option 'user'"):
        plan(Ask(flow="bmc-web", options={"user": "x"}))
    assert PROBE.load.spacing == 0.2


@pytest.mark.parametrize(
    ("page", "vendor"),
    [
        (answer(body="<title>iDRAC9</title>"), "Dell iDRAC"),
        (answer(body="x", server="HPE-iLO-Server/1.30"), "HPE iLO"),
        (answer(body="<TITLE>\nATEN International Co Ltd.\n</TITLE>"), "Supermicro"),
        (answer(body="<title>Lenovo XClarity Controller</title>"), "Lenovo XClarity"),
        (answer(body="<title>OpenBMC</title>"), "OpenBMC"),
        (answer(body="<title>MegaRAC SP-X</title>"), "AMI MegaRAC"),
        (answer(body="iRMC S5"), "Fujitsu iRMC"),
        (answer(body="Cisco Integrated Management Controller"), "Cisco IMC"),
        (answer(body="<title>iBMC</title>"), "Huawei iBMC"),
        (answer(body="<title>Welcome to nginx!</title>"), None),
    ],
    ids=["Dell", "HPE", "Supermicro", "Lenovo", "OpenBMC", "AMI", "Fujitsu", "Cisco", "Huawei", "nobody"],
)
def test_whose_they_seem_to_be(page, vendor):
    with scripted({"/": page}) as (port, _):
        found = probe("bmc-web", port, tls="no")
    assert found.verdict is Verdict.WORKS
    assert found.facts.get("vendor") == vendor


def test_what_is_written_there_is_made_fit_to_print():
    page = answer(body=b"<title>\x1b[2J" + b"x" * 300 + b"</title><input name=a type=password>")
    with scripted({"/": page}) as (port, _):
        found = probe("bmc-web", port, tls="no")
    assert found.detail.isprintable()
    assert len(found.facts["title"]) == 80
    assert found.facts["login"] is True


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("404 Not Found", Verdict.WRONG_SERVICE),
        ("403 Forbidden", Verdict.WRONG_SERVICE),
        ("401 No", Verdict.WORKS),
        ("500 Oops", Verdict.DEGRADED),
    ],
)
def test_other_answers(status, verdict):
    with scripted({"/": answer(status)}) as (port, _):
        assert probe("bmc-web", port, tls="no").verdict is verdict
