"""URLs of PostgreSQL: what is secret in them is found however it is written, and shown nowhere."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.region.databaseurl import Address, UrlError, blanked, holds_secret, is_url, parse_url, with_key_password

SECRET = "geheim"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://u:p/{SECRET}@127.0.0.1/db",
        f"postgresql://u:12/{SECRET}@127.0.0.1/db",
        f"postgresql://u:1/{SECRET}@127.0.0.1:5432/db",
        f"postgresql://u:p/a/{SECRET}@h/db?sslmode=require",
        f"postgresql://u:12/x?{SECRET}=y@h/db",
        f"postgresql://u:12/{SECRET}#x@h/db",
        f"postgresql://u:p#{SECRET}@h/db",
        f"postgresql://u:p@x/{SECRET}@h/db",
        f"postgresql://u:{SECRET}/db",
        f"postgresql://h/db?sslmode={SECRET}",
        f"postgresql://h/db?port={SECRET}",
        f"postgresql://{SECRET}@h:99999/db",
        f"postgresql://{SECRET}@h:0/db",
        f"postgresql://{SECRET}@h:²/db",
        f"postgresql://{SECRET}@h",
    ],
    ids=str,
)
def test_what_is_not_sure_to_be_a_url_is_refused_and_not_shown(text):
    with pytest.raises(UrlError) as caught:
        parse_url(text)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert SECRET not in blanked(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("postgresql://u:p%2Fw@h/d", Address("postgresql://u@h/d", "p/w")),
        ("postgresql://u@h/d?sslpassword=k&sslmode=require", Address("postgresql://u@h/d?sslmode=require", None, "k")),
        ("postgresql://u@h/d?PASSWORD=p", Address("postgresql://u@h/d", "p")),
        ("postgresql://u@h/d?password=", Address("postgresql://u@h/d", "")),
        ("postgresql://u@[::1]:5432/d", Address("postgresql://u@[::1]:5432/d")),
        ("postgresql://u@h1:1,h2:2/d", Address("postgresql://u@h1:1,h2:2/d")),
        ("postgresql:///d?host=%2Frun&port=5433", Address("postgresql:///d?host=%2Frun&port=5433")),
    ],
    ids=str,
)
def test_secrets_are_apart(text, address):
    assert parse_url(text) == address
    assert address.secret is (address.password is not None or address.key_password is not None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postgresql://u:p@h/d?a=1", "postgresql://u:…@h/d?a=1"),
        ("postgresql://u@h/d?sslpassword=k&a=1", "postgresql://u@h/d?sslpassword=…&a=1"),
        ("postgresql://h/d?a=1&PassWord=k&b=2", "postgresql://h/d?a=1&PassWord=…&b=2"),
        ("postgresql://h/d?a=%2F", "postgresql://h/d?a=%2F"),
        ("postgresql://u:p/k@h/d", "postgresql://…"),
    ],
    ids=str,
)
def test_blanked(text, told):
    assert blanked(text) == told


passwords = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(passwords, st.sampled_from(["postgresql://u:{}@h/d", "postgresql://h/d?sslpassword={}"]))
def test_any_password_that_is_escaped_is_apart(password, form):
    text = form.format(quote(password, safe=""))
    address = parse_url(text)
    assert password in (address.password, address.key_password)
    assert address.url in ("postgresql://u@h/d", "postgresql://h/d")
    assert blanked(text).count("…") == 1


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30))
def test_any_text_behind_the_scheme_is_a_url_or_the_one_error(text):
    try:
        parse_url(f"postgresql://{text}")
    except UrlError:
        assert blanked(f"postgresql://{text}") == "postgresql://…"


def test_the_password_of_a_key_goes_to_the_driver():
    assert with_key_password(parse_url("postgresql://h/d?sslpassword=a%26b")) == "postgresql://h/d?sslpassword=a%26b"
    assert with_key_password(parse_url("postgresql://h/d?sslpassword=k&a=1")) == "postgresql://h/d?a=1&sslpassword=k"
    assert with_key_password(parse_url("postgresql://h/d?a=1")) == "postgresql://h/d?a=1"


@pytest.mark.parametrize(
    ("text", "remote"),
    [
        ("postgresql:///d", ()),
        ("postgresql:///d?host=/run/postgresql", ()),
        ("postgresql://u@localhost,127.0.0.2:1,[::1]:2/d", ()),
        ("postgresql://u@db1:5432,127.0.0.1,[2001:db8::1]:2/d", ("db1", "2001:db8::1")),
        ("postgresql:///d?host=db1", ("db1",)),
        ("postgresql://db1/d?hostaddr=127.0.0.1", ()),
    ],
    ids=str,
)
def test_hosts_beyond_this_machine(text, remote):
    assert parse_url(text).remote == remote


def test_what_is_a_url():
    assert is_url("POSTGRES://h/d")
    assert not is_url("./postgresql://d")


def test_a_server_is_named_once():
    """libpq would ask the second, the driver the first."""
    with pytest.raises(UrlError, match="names its server twice"):
        parse_url("postgresql://u@127.0.0.1/d?host=/run/postgresql")
    for text in ("postgresql://u@/d?host=db1", "postgresql://:5433/d?host=db1", "postgresql://u@db1/d?host="):
        parse_url(text)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("postgresql://u:p@h/d", True), ("postgresql://u@h/d?sslpassword=p", True), ("postgresql://u@h/d", False),
        # None of these can be read.
        ("postgresql://", False), ("postgresql://u@h:99999/d", False), ("postgresql://h/d?sslmode=hmm", False),
        ("postgresql://u:a/b@h:99999/d", True), ("postgresql://h?Password=p", True),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_cannot_be_read_holds_a_secret_where_one_may_be_in_it(text, held):
    assert holds_secret(text) is held


@pytest.mark.parametrize(
    "url", ["postgresql:///x%00", "postgresql://a%00@h/x", "postgresql:///x?host=%00", "postgresql:///x\0"]
)
def test_an_octet_that_ends_a_text_is_in_no_url(url):
    with pytest.raises(UrlError, match="holds %00"):
        parse_url(url)
