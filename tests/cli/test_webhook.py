"""`bellrock webhook`, against a region that serves, and a receiver that does not."""

import json

from tests.cli.people import asked
from tests.lab.services.certificates import authority


def test_from_added_to_removed(tmp_path):
    issuer = authority(directory=tmp_path)
    with asked(tmp_path) as run:
        assert run("webhook", "list").stdout == "No webhooks.\n"
        done = run("webhook", "add", "https://127.0.0.1:1/hook", "--flow", "dns", "--trust", str(issuer.file))
        secret = done.stdout.strip()
        assert len(secret) >= 40, "alone on stdout"
        (row,) = json.loads(run("webhook", "list", "--json").stdout)
        assert f"{row['id']}: https://127.0.0.1:1/hook is told" in done.stderr
        listed = run("webhook", "list").stdout
        assert secret not in listed
        assert "dns" in listed
        assert "not delivered: no connection" in run("webhook", "test", row["id"], code=1).stdout
        assert json.loads(run("webhook", "test", row["id"], "--json", code=1).stdout)["delivered"] is False
        assert run("webhook", "remove", row["id"]).stdout == f"{row['id']} is removed\n"
        made = json.loads(run("webhook", "add", "http://127.0.0.1:1/", "--json").stdout)
        assert made.keys() == {"id", "secret"}
        assert json.loads(run("webhook", "remove", made["id"], "--json").stdout) == {
            "webhook": made["id"],
            "removed": True,
        }
        for words in (("remove", "w-none"), ("test", "w-none")):
            assert "There is no such webhook." in run("webhook", *words, code=1).stderr


def test_what_will_not_do(tmp_path):
    large, binary = tmp_path / "large", tmp_path / "binary"
    large.write_text("x" * 40_000)
    binary.write_bytes(b"\xff\xfe")
    with asked(tmp_path) as run:
        for code, line, *arguments in (
            (2, "not http://", "ftp://a/"),
            (2, "no certificate in PEM", "https://a/", "--trust", str(tmp_path / "region" / "api-token")),
            (2, "not a certificate in PEM", "https://a/", "--trust", str(large)),
            (2, "not a certificate in PEM", "https://a/", "--trust", str(binary)),
            (3, "No such file", "https://a/", "--trust", str(tmp_path / "missing")),
        ):
            assert line in run("webhook", "add", *arguments, code=code).stderr
