"""Of an evidence bundle: the site, and what of it stays behind."""

import tomllib

import pytest

from bellrock.cli.bundlesite import BLANK, site_parts, without_secrets
from bellrock.cli.output import EXIT_UNREADABLE, Failure
from tests.cli.bundles import bundled, parts_of

SECRETS = """title = "hall"
[probe.ldap]
password = "hunter2"
api_key = 'two words' # and more
[[role]]
options = { bind-secret = "hunter3", port = 7 }
token-text = \"\"\"hunter4
hunter5\"\"\"
name = "kept"
"""


def test_a_site_without_its_secrets_is_a_site(tmp_path):
    (tmp_path / "site.toml").write_text(SECRETS)
    out = tmp_path / "x.tar.gz"
    manifest = bundled(out, lambda bundle: site_parts(bundle, tmp_path / "site.toml"))
    octets = parts_of(out)["site.toml"]
    assert not any(word in octets for word in (b"hunter", b"two words"))
    kept = tomllib.loads(octets.decode())
    assert kept["role"] == [
        {"options": {"bind-secret": "(blanked)", "port": 7}, "token-text": "(blanked)", "name": "kept"}
    ]
    assert octets.count(BLANK.encode()) == 4
    assert b"and more" not in octets
    assert manifest["parts"][0]["about"].endswith("; 4 values were blanked.")


def test_a_site_that_has_no_secrets_is_as_it_was(tmp_path):
    (tmp_path / "site.toml").write_text('title = "hall"\n')
    out = tmp_path / "x.tar.gz"
    manifest = bundled(out, lambda bundle: site_parts(bundle, tmp_path / "site.toml"))
    assert parts_of(out)["site.toml"] == b'title = "hall"\n'
    assert "blanked" not in manifest["parts"][0]["about"]
    with pytest.raises(Failure, match="absent: No such file"):
        bundled(tmp_path / "y.tar.gz", lambda bundle: site_parts(bundle, tmp_path / "absent"))


def without(tmp_path, text):
    (tmp_path / "site.toml").write_text(text)
    bundled(tmp_path / "x.tar.gz", lambda bundle: site_parts(bundle, tmp_path / "site.toml"))
    return parts_of(tmp_path / "x.tar.gz")["site.toml"].decode()


@pytest.mark.parametrize(
    "text",
    [
        'proxy = "http://bob:PW@proxy:3128/"',
        'proxy = "http://bob:P/W?#@proxy:3128/"',
        'proxy = "bob:PW@proxy:3128"',
        '"http://bob:PW@proxy" = 1',
        'pass = "PW"',
        'pwd = "PW"',
        'wifi-psk = "PW"',
        'key = "PW"',
        'auth = "Basic PW"',
        'header = "Basic PW"',
        'header = "X-Auth-Token: PW"',
        'header = ["Proxy-Authorization: Basic PW"]',
        'file = "http://mirror/a?x=1&token=PW"',
        'options = "quiet root_password=PW;x"',
        'password = ["a", "PW"]',
        'password = [\n "a",\n "PW"]',
        'tokens = { a = "x", b = "PW" }',
        '[passwords]\nbob = "PW"',
        '[[secrets]]\nbob = "PW"',
        '[a.tokens.b]\nc = "PW"',
        "# password: PW",
        'a = 1 # "PW"',
    ],
)  # fmt: skip
def test_wherever_a_secret_stands(tmp_path, text):
    found = without(tmp_path, text)
    tomllib.loads(found)
    assert "PW" not in found


@pytest.mark.parametrize(
    "text",
    [
        "http://[fd00::1]:3128/a?b=c",
        "10.0.0.1:80",
        "admin@example.org",
        "aa:bb:cc:dd:ee:ff",
        "keyboard=de a=",
        "token=",
    ],
)
def test_what_is_no_secret_stays(text):
    assert without_secrets(text) == text


def test_long_words_take_no_time():
    """Each is looked at once: four times as long would take sixteen times as long otherwise, minutes here."""
    for word in ("a", "token", "://", "?", "a:", "@", "a=", "basic "):
        assert len(without_secrets(word * 200_000)) > 0


@pytest.mark.parametrize(
    ("octets", "says"),
    [(b"title = ", r"site.toml: Invalid value"), (b"\xff", "site.toml:1: not UTF-8"), (b"#" * 101, "more than 100 octets")],
    ids=range(3),
)  # fmt: skip
def test_what_is_no_site_is_not_guessed_at(tmp_path, monkeypatch, octets, says):
    monkeypatch.setattr("bellrock.flows.site_file.MAX_FILE", 100)
    (tmp_path / "site.toml").write_bytes(octets)
    with pytest.raises(Failure, match=says) as caught:
        bundled(tmp_path / "x.tar.gz", lambda bundle: site_parts(bundle, tmp_path / "site.toml"))
    assert caught.value.exit_code == EXIT_UNREADABLE
