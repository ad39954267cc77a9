import pytest

from bellrock.model import Verdict
from bellrock.probe.ldap_judged import MAX_SHOWN, Root, judged, of_entry, offers_tls, refused, shown
from bellrock.wire import ldap
from bellrock.wire.ldap import START_TLS, Result

ENTRY = {"namingcontexts": ("dc=example,dc=org", "cn=config"), "supportedldapversion": ("2", "3")}
OK = Result(0, "")


class Session:
    version = "TLSv1.3"


def found(entry, result=OK, session=None, **more):
    facts = (of_entry(entry) if entry is not None else {}) | {"starttls": entry is not None and offers_tls(entry)}
    return judged(Root(result, entry), session, facts, **more)


@pytest.mark.parametrize(
    ("settings", "verdict", "words"),
    [
        ({}, Verdict.WORKS, "root DSE of dc=example,dc=org, cn=config, in the clear; StartTLS is not offered"),
        ({"session": Session()}, Verdict.WORKS, "over StartTLS (TLSv1.3)"),
        ({"session": Session(), "way": "ldaps"}, Verdict.WORKS, "over LDAPS (TLSv1.3)"),
        ({"entry": ENTRY | {"supportedextension": (START_TLS,)}, "way": "none"}, Verdict.WORKS, "StartTLS is offered"),
        ({"base": "CN=Config"}, Verdict.WORKS, ""),
        ({"base": "cn=other"}, Verdict.WRONG_SERVICE, "it serves dc=example,dc=org, cn=config, and not cn=other"),
        ({"entry": {}, "base": "cn=other"}, Verdict.WRONG_SERVICE, "no naming context"),
        ({"entry": {}}, Verdict.WORKS, "a directory without naming contexts"),
        ({"entry": {"supportedldapversion": ("2",)}}, Verdict.DEGRADED, "version 2, and not 3"),
        ({"entry": None}, Verdict.AUTHENTICATION_NEEDED, "nobody who has not logged in"),
        ({"entry": None, "result": Result(50, "")}, Verdict.AUTHENTICATION_NEEDED, "insufficientAccessRights"),
    ],
    ids=range(11),
)  # fmt: skip
def test_verdicts(settings, verdict, words):
    result = found(**({"entry": ENTRY} | settings))
    assert result.verdict is verdict
    assert words in result.detail


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (ldap.OPERATIONS_ERROR, Verdict.AUTHENTICATION_NEEDED),
        (ldap.UNWILLING, Verdict.AUTHENTICATION_NEEDED),
        (ldap.CONFIDENTIALITY, Verdict.TLS_FAULT),
        (ldap.PROTOCOL_ERROR, Verdict.WRONG_SERVICE),
        (ldap.BUSY, Verdict.DEGRADED),
        (80, Verdict.DEGRADED),
    ],
)
def test_what_a_directory_declines(code, verdict):
    result = refused(Result(code, "why"), {"a": 1})
    assert result.verdict is verdict
    assert "why" in result.detail
    assert result.facts == {"a": 1, "result": Result(code, "why").words}


def test_facts_are_bounded():
    many = {"namingcontexts": tuple(f"dc={number}" for number in range(100)), "vendorname": ("v", "w")}
    assert len(of_entry(many)["naming_contexts"]) == MAX_SHOWN == len(shown(many, "namingContexts"))
    assert of_entry(many)["vendor"] == "v"
    assert "host" not in of_entry(many)
    assert of_entry({"isglobalcatalogready": ("TRUE",)})["active_directory"]
