"""Whom a probe visits, of an ask and its options."""

import pytest

from bellrock.probe.options import read
from bellrock.probe.place import IDENTITY, TLS_OPTION, identity, named, place
from bellrock.probe.tls import OPTIONS
from bellrock.probe.values import Ask, PlanError

KNOWN = (*OPTIONS, TLS_OPTION, *IDENTITY)


@pytest.mark.parametrize(
    ("port", "word", "scheme"),
    [
        (443, "", "https"),
        (8443, "auto", "https"),
        (80, "", "http"),
        (5240, "", "either"),
        (443, "no", "http"),
        (80, "yes", "https"),
    ],
)
def test_places(port, word, scheme):
    ask = Ask(flow="api", address="10.0.0.1", port=port, name="a.lab", options={"tls": word} if word else {})
    found = place(ask, read(ask, KNOWN))
    assert (found.scheme, found.address, found.port, found.name, found.strict) == (
        scheme,
        "10.0.0.1",
        port,
        "a.lab",
        True,
    )


def test_identities():
    def of(**options):
        return identity(read(Ask(flow="api", options=options), KNOWN))

    assert of() is None
    assert of(certificate="/c", key="/k") == ("/c", "/k")
    with pytest.raises(PlanError, match="given together"):
        of(certificate="/c")


@pytest.mark.parametrize("name", ["", "a.lab", "A.Lab", "10.0.0.1", "fd00::1", "a_b"])
def test_names(name):
    assert named(Ask(flow="api", name=name)) == name


@pytest.mark.parametrize(
    "name",
    ["a b", "a/b", "a?b", "a@b", "a:80", "a\r\nX: y", "b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.lab", "[", "#"],
)
def test_names_that_no_host_has(name):
    with pytest.raises(PlanError, match="is no name of a host"):
        named(Ask(flow="api", name=name))


def test_where_something_is():
    ask = Ask(flow="api", address="fd00::1", port=5240)
    assert str(place(ask, read(ask, KNOWN)).url("https", "/x")) == "https://[fd00::1]:5240/x"
