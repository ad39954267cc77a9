"""`bellrock vlan` as far as it goes without a network: what it refuses, and that it says so in one line."""

import pytest

SITE = '[[switchport]]\nhost = "a"\ninterface = "eth0"\ntagged = [10]\n'


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("scan", "eth0", "--vids", "0"), "--vids: '0' is not a VID; expected 1 to 4094"),
        (("scan", "eth0", "--vids", "4095"), "--vids: '4095' is not a VID; expected 1 to 4094"),
        (("scan", "eth0", "--vids", "5000"), "--vids: '5000' is not a VID; expected 1 to 4094"),
        (("scan", "eth0", "--vids", "20-10"), "--vids: 20-10 goes backwards; expected 10-20"),
        (("scan", "eth0", "--outer", "4095"), "--outer: '4095' is not a VID; expected 1 to 4094"),
        (("scan", "eth0", "--outer", "0"), "--outer: '0' is not a VID; expected 1 to 4094"),
        (("validate", "eth0"), "give what is meant: --site FILE, or --region URL"),
        (
            ("validate", "eth0", "--site", "S", "--region", "http://r"),
            "give what is meant: --site FILE, or --region URL",
        ),
        (("validate", "eth0", "--site", "S", "--vids", "0"), "--vids: '0' is not a VID; expected 1 to 4094"),
    ],
)
def test_what_cannot_be_meant_is_one_line(bellrock, words, line):
    done = bellrock("vlan", *words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"Error: {line}\n")


@pytest.mark.parametrize("words", [("scan", "eth0"), ("stop", "eth0")])
def test_without_a_secret_nothing_is_said(bellrock, words):
    done = bellrock("vlan", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no shared secret: give --secret-file FILE" in done.stderr


def test_a_site_without_switch_ports_means_nothing(bellrock, tmp_path):
    (tmp_path / "site.toml").write_text("")
    done = bellrock("vlan", "validate", "eth0", "--site", tmp_path / "site.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no [[switchport]]" in done.stderr


def test_a_region_that_is_not_there(bellrock, tmp_path):
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "api-token").write_text("token")
    more = ("--region", f"unix:{tmp_path}/none", "--state-dir", tmp_path)
    done = bellrock("vlan", "validate", "eth0", *more)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no region at" in done.stderr


def test_an_interface_that_is_not_there_is_told_before_anything_is_sent(bellrock, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("00112233445566778899aabbccddeeff")
    secret.chmod(0o600)
    (tmp_path / "site.toml").write_text(SITE)
    for words in (("scan",), ("stop",), ("validate", "--site", tmp_path / "site.toml")):
        done = bellrock("vlan", *words, "nosuch0", "--secret-file", secret)
        assert done.returncode in (2, 77)
        assert "nosuch0" in done.stderr or "setcap" in done.stderr


@pytest.mark.parametrize("words", [(), ("scan",), ("stop",), ("validate",)])
def test_help_has_an_example(bellrock, words):
    done = bellrock("vlan", *words, "--help")
    assert done.returncode == 0
    assert "Example: bellrock vlan " in done.stdout
