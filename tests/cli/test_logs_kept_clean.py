"""What programs log while people and agents prove who they are: everything, but not with what."""

import json
import urllib.error
import urllib.request

import pytest

from tests.cli.programs import programs, wait_until

SECRET = "5ec1e7" * 8
PASSWORD = "correct horse battery staple 7391"


def asked(url, path, body=None, token=""):
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url + path, data, headers), timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()


@pytest.mark.parametrize("style", ["text", "json"])
def test_no_secret_is_logged_at_any_level(style, tmp_path):
    file, state = tmp_path / "secret", tmp_path / "state"
    file.write_text(SECRET)
    file.chmod(0o600)
    logs = ("--log-level", "debug", "--log-format", style, "--secret-file", file)
    with programs(tmp_path) as start:
        region = start("region", "--listen", "127.0.0.1:0", "--json", "--state-dir", state / "r", *logs)
        region.says('"ready"')
        ready = json.loads(region.out.splitlines()[0])
        url = next(one for one in ready["addresses"] if one.startswith("http://"))
        rack = start("rack", "--udp-only", "--ignore", "*", "--region", url, "--state-dir", state / "k", *logs)
        rack.says("connected")
        token = (state / "r" / "region" / "api-token").read_text().strip()
        once = ready["login"].rpartition("=")[2]
        asked(url, "/api/v1/login", {"token": once})
        asked(url, "/api/v1/login", {"token": once})  # a second time, which is refused
        asked(url, "/api/v1/users", {"name": "ada", "password": PASSWORD, "role": "viewer"}, token)
        asked(url, "/api/v1/login", {"user": "ada", "password": PASSWORD})
        asked(url, "/api/v1/login", {"user": "eve", "password": PASSWORD})
        made = json.loads(asked(url, "/api/v1/tokens", {"name": "x", "role": "viewer"}, token))["token"]
        asked(url, "/api/v1/hosts", token=made)
        asked(url, "/api/v1/hosts", token=made[:-1] + "x")
        wait_until(lambda: "ada" in region.err, lambda: region.err)
        assert [one.ends(15) for one in (rack, region)] == [0, 0]
        for program in (region, rack):
            for name, secret in {
                "secret": SECRET,
                "api token": token,
                "one-time login": once,
                "password": PASSWORD,
                "token": made,
            }.items():
                assert secret not in program.err, name
        if style == "json":
            events = [json.loads(one) for program in (region, rack) for one in program.err.splitlines()]
            assert {"listening", "agent-connected", "region-connected", "audit"} <= {one["event"] for one in events}
            assert all(one["time"].endswith("Z") and one["level"] in ("debug", "info", "warning") for one in events)
            assert any(one.get("request_id") for one in events)
