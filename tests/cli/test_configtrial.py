"""What a configuration would run into on this machine."""

import os
import socket

import pytest

from bellrock.cli.configfile import load
from bellrock.cli.configtrial import mistakes, warnings


@pytest.fixture
def configured(tmp_path):
    def configured(text):
        path = tmp_path / "bellrock.toml"
        path.write_text(text)
        return load(path)

    return configured


def secret(path, text="00112233445566778899aabbccddeeff\n", mode=0o600):
    path.write_text(text)
    path.chmod(mode)
    return path


def test_secrets_that_can_be_used_are_no_mistake(configured, tmp_path):
    secret(tmp_path / "a")
    assert mistakes(configured('[region]\nsecret-file = ["a"]\n')) == []


def test_secrets_that_cannot_be_used_are(configured, tmp_path):
    secret(tmp_path / "open", mode=0o644)
    secret(tmp_path / "text", text="hunter2")
    found = mistakes(configured('[rack]\nsecret-file = [\n"gone",\n"open",\n"text",\n]\n'))
    assert [(one.line, one.key) for one in found] == [
        (3, "rack.secret-file[0]"),
        (4, "rack.secret-file[1]"),
        (5, "rack.secret-file[2]"),
    ]
    assert "bellrock secret new" in found[0].what
    assert "chmod 600" in found[1].what
    assert "hunter2" not in found[2].what


def test_an_authority_is_given_whole(configured, tmp_path):
    (tmp_path / "cert").write_text("")
    (found,) = mistakes(configured('[region]\nauthority-cert = "cert"\n'))
    assert (found.line, found.key) == (2, "region.authority-cert")
    assert "together" in found.what


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can become somebody who may read nothing")
def test_a_file_that_this_user_cannot_read_is_a_mistake(configured, tmp_path):
    (tmp_path / "site.toml").write_text("")
    (tmp_path / "site.toml").chmod(0o600)
    found = configured('[region]\nsite = "site.toml"\n')
    child = os.fork()
    if child == 0:
        os.setuid(65534)
        os._exit(int([one.key for one in mistakes(found)] == ["region.site"]))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1


def test_where_the_region_may_never_listen_is_a_mistake(configured):
    (found,) = mistakes(configured('[region]\nlisten = ["127.0.0.1:1", "http://10.0.0.1:5240"]\n'))
    assert (found.line, found.key) == (2, "region.listen[1]")
    assert mistakes(configured('[region]\nlisten = ["http://10.0.0.1:5240"]\nin-lab = true\n')) == []


def test_an_address_that_is_taken_is_warned_of(configured):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = configured(f'[region]\nlisten = ["127.0.0.1:{port}"]\n[up]\nport = {port}\n')
        told = warnings(found)
        assert [(one.line, one.key) for one in told] == [(2, "region.listen[0]"), (4, "up.port")]
        assert all("already in use" in one.what for one in told)
        assert mistakes(found) == []


def test_an_address_of_another_machine_is_warned_of(configured):
    (found,) = warnings(configured('[region]\nlisten = ["[2001:db8::1]:5240", "127.0.0.1:0"]\n'))
    assert found.key == "region.listen[0]"


def test_a_socket_in_no_directory_is_warned_of(configured, tmp_path):
    text = f'[region]\nlisten = ["unix:{tmp_path}/gone/s", "unix:{tmp_path}/s"]\n'
    (found,) = warnings(configured(text))
    assert found.key == "region.listen[0]"
    assert list(tmp_path.glob("s")) == []


def test_figures_in_no_directory_are_a_mistake(configured, tmp_path):
    (found,) = mistakes(configured(f'[rack]\nmetrics-file = "{tmp_path}/gone/x.prom"\n'))
    assert (found.key, found.what) == (
        "rack.metrics-file",
        f"{tmp_path}/gone/x.prom: there is no directory {tmp_path}/gone; make it first, or give another",
    )
    assert not mistakes(configured(f'[rack]\nmetrics-file = "{tmp_path}/x.prom"\n'))


def test_figures_in_the_place_of_somebody_elses_are_a_mistake(configured, tmp_path):
    os.mkfifo(tmp_path / "pipe.prom")
    text = f'[rack]\nmetrics-file = "{tmp_path}/%s"\n'
    (pipe,) = mistakes(configured(text % "pipe.prom"))
    (name,) = mistakes(configured(text % "notes.txt"))
    assert (pipe.key, name.key) == ("rack.metrics-file", "rack.metrics-file")
    assert "something else than a regular file" in pipe.what
    assert "end with .prom" in name.what
