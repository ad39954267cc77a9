"""Going by a proxy: options, what it is asked, what it says itself."""

import pytest

from bellrock.model import Verdict
from bellrock.probe import Ask, PlanError
from bellrock.probe.http import Answer
from bellrock.probe.options import read
from bellrock.probe.proxied import PROXY_OPTIONS, Denied, Proxy, no_tunnel, proxy, schemes, signs, wants_credentials
from tests.probe.web import head


def given(**options: str):
    options = {name.replace("_", "-"): value for name, value in options.items()}
    return proxy(read(Ask(flow="apt", address="192.0.2.1", options=options), PROXY_OPTIONS))


def test_options() -> None:
    assert given() is None
    assert given(proxy="http://192.0.2.9:3128") == Proxy("192.0.2.9", 3128)
    assert given(proxy="http://[fd00::9]/") == Proxy("fd00::9", 80)
    # RFC 7617 §2: the example of the standard.
    known = given(proxy="http://192.0.2.9:3128", proxy_user="Aladdin", proxy_password="open sesame")
    assert known.headers == (("Proxy-Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),)
    assert Proxy("192.0.2.9", 3128).headers == ()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"proxy": "squid.example:3128"}, "option proxy: 'squid.example:3128' is no address of the web: it must be http:// or https:// and a host"),
        ({"proxy": "http://squid.example:3128"}, "option proxy takes http://ADDRESS:PORT with an IP address, and not 'http://squid.example:3128'"),
        ({"proxy": "https://192.0.2.9"}, "option proxy takes http://ADDRESS:PORT and nothing more, and not 'https://192.0.2.9'"),
        ({"proxy": "http://192.0.2.9/x"}, "option proxy takes http://ADDRESS:PORT and nothing more, and not 'http://192.0.2.9/x'"),
        ({"proxy": "http://a:secret@192.0.2.9/"}, "option proxy: the address at '192.0.2.9' holds a user name or a password, which probes do not send"),
        ({"proxy": "http://192.0.2.9", "proxy_user": "a:b"}, "a user name with a colon cannot be sent by the scheme Basic (RFC 7617 §2)"),
    ],
    ids=["no-scheme", "name", "https", "path", "password", "colon"],
)  # fmt: skip
def test_what_is_no_proxy(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(PlanError) as caught:
        given(**options)
    assert str(caught.value) == sentence


def test_signs() -> None:
    assert signs(head(200, "No", via="1.1 x", x_cache="MISS", x_squid_error="ERR 0")) == {
        "via": "1.1 x",
        "squid_error": "ERR 0",
        "cache": "MISS",
    }
    assert signs(head(200, "No", server="nginx")) == {}


def test_schemes() -> None:
    given = Answer(
        status=407, reason="", version="1.1", headers=((b"proxy-authenticate", b"Negotiate"), (b"proxy-authenticate", b"Basic realm=x"), (b"www-authenticate", b"Digest")),
        body=b"", size=0, length=0, complete=True, first=0.0, seconds=0.0,
    )  # fmt: skip
    assert schemes(given) == ("negotiate", "basic")
    assert schemes(head(401, "No", www_authenticate="Digest realm=y")) == ("digest",)


@pytest.mark.parametrize(
    ("found", "verdict", "detail"),
    [
        (
            head(407, "No", proxy_authenticate="Basic realm=x"),
            "authentication-needed",
            "the proxy on the way wants credentials: basic",
        ),
        (head(407, "No"), "authentication-needed", "the proxy on the way wants credentials: no scheme that it names"),
        (head(403, "No"), "filtered", "the proxy does not connect to h:443: 403 No"),
        (head(503, "No"), "unreachable", "the proxy does not connect to h:443: 503 No"),
    ],
    ids=["407", "407-bare", "403", "503"],
)
def test_no_tunnel(found: Answer, verdict: str, detail: str) -> None:
    told = no_tunnel(Denied(found, f"the proxy does not connect to h:443: {found.said}"))
    assert (told.verdict, told.detail) == (Verdict(verdict), detail)
    assert told.facts["status"] == found.status


def test_other_answers_are_no_question_of_credentials() -> None:
    assert wants_credentials(head(403, "No")) is None
