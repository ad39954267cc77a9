"""`bellrock probe`, as it is run: shapes, exit codes, targets, mistakes. What probes make of real servers is in tests/lab/services."""

import json
import socket
from contextlib import contextmanager

import pytest

from tests.probe.peers import tcp_server


@contextmanager
def banner(text=b"SSH-2.0-here\r\n"):
    def serve(connection):
        connection.sendall(text)
        connection.recv(100)

    with tcp_server(serve) as port:
        yield port


@pytest.fixture
def shut():
    """A port on which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_the_shape_of_one_target_stays(bellrock, shut):
    done = bellrock("probe", "ssh", "--to", f"127.0.0.1:{shut}", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert {"flow", "target", "verdict", "detail", "rtt_ms", "evidence"} <= set(found)
    assert (found["flow"], found["target"], found["verdict"]) == ("ssh", f"127.0.0.1:{shut}", "refused")
    assert found["rtt_ms"] >= 0
    assert [step["direction"] for step in found["evidence"]] == ["sent", "received"]


def test_variants_are_within_the_worst_of_them(bellrock, shut):
    found = json.loads(bellrock("probe", "dns", "--to", f"127.0.0.1:{shut}", "--json").stdout)
    assert found["verdict"] == "refused"
    assert {one["variant"] for one in found["variants"]} == {"udp", "tcp"}


def test_several_targets_are_a_list_in_their_order_and_a_typing_error_stops_nobody(bellrock, shut, tmp_path):
    (tmp_path / "targets").write_text(f"127.0.0.1:{shut}\n127.0.0.999\n")
    done = bellrock("probe", "ssh", "--to", "127.0.0.1:99999", "--to-file", tmp_path / "targets", "--json")
    found = json.loads(done.stdout)
    assert [one["verdict"] for one in found] == ["not-checked", "refused", "not-checked"]
    assert found[2]["detail"] == "'127.0.0.999' is no address and no name; expected ADDRESS[:PORT] or NAME[:PORT]"
    assert done.returncode == 1


def test_targets_from_stdin(bellrock, shut):
    done = bellrock("probe", "ssh", "--to-file", "-", "--json", stdin=f"127.0.0.1:{shut}\n".encode())
    assert json.loads(done.stdout)["verdict"] == "refused"


def test_a_table_has_a_line_for_each_and_for_one_its_evidence(bellrock, shut):
    done = bellrock("probe", "ssh", "--to", f"127.0.0.1:{shut}")
    assert f"127.0.0.1:{shut}   refused" in done.stdout
    assert f"→ TCP SYN to 127.0.0.1:{shut}" in done.stdout
    assert "← TCP RST" in done.stdout
    many = bellrock("probe", "ssh", "--to", f"127.0.0.1:{shut}", "--to", f"[::1]:{shut}")
    assert "→" not in many.stdout


def test_what_answers_otherwise_is_told(bellrock):
    with banner(b"220 mail.example ESMTP\r\n") as port:
        done = bellrock("probe", "ssh", "--to", f"127.0.0.1:{port}", "--json")
    assert json.loads(done.stdout)["verdict"] == "wrong-service"
    assert done.returncode == 1


def test_a_source_that_is_ours_and_one_that_is_not(bellrock, shut):
    found = json.loads(bellrock("probe", "ssh", "--to", f"127.0.0.1:{shut}", "--from", "127.0.0.2", "--json").stdout)
    assert (found["verdict"], found["source"]) == ("refused", "127.0.0.2")
    done = bellrock("probe", "ssh", "--to", f"127.0.0.1:{shut}", "--from", "192.0.2.7", "--json")
    assert json.loads(done.stdout)["verdict"] == "not-checked"
    assert done.returncode == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ssh",), "what is ssh to be tried at? Give --to ADDRESS[:PORT] or --to-file FILE"),
        (("shh", "--to", "127.0.0.1"), "no probe tries 'shh'; there are dhcp, tftp"),
        (("ssh", "--to", "127.0.0.1:0"), "--to: '127.0.0.1:0': expected a port from 1 to 65535"),
        (("ssh", "--to", "127.0.0.1", "-o", "x=1"), "ssh has no option 'x'"),
        (("ssh", "--to", "127.0.0.1", "-o", "x"), "-o x: expected NAME=VALUE"),
        (("proxy", "--to", "127.0.0.1", "-o", "password=hunter2"), "it is secret"),
        (("ssh", "--to", "127.0.0.1", "--within", "nan"), "nan"),
        (("ssh", "--to", "127.0.0.1", "--name", "bad..name"), "--name: 'bad..name' is no name of a host"),
        (("dns", "--to", "fe80::1"), "fe80::1 means nothing beyond a link"),
        (("dns", "--to", "::1", "--from", "127.0.0.1"), "from 127.0.0.1 nothing can be sent to ::1"),
        (("dns", "--to", "0.0.0.0"), "0.0.0.0 is the unspecified address"),
        (("dhcp", "--from", "rack-1"), "dhcp is asked of a link; give one of the agent's, as in --from rack-1/eth0"),
    ],
    ids=[
        "where",
        "what",
        "port",
        "option",
        "form",
        "secret",
        "within",
        "name",
        "zone",
        "family",
        "unspecified",
        "link",
    ],
)
def test_what_was_asked_wrongly_is_one_line_and_exit_2(bellrock, arguments, words):
    done = bellrock("probe", *arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_stream_can_be_held_for_as_long_as_racks_need_it(bellrock, shut):
    """A day, and what the probe needs beside it."""
    done = bellrock("probe", "stream", "--to", f"127.0.0.1:{shut}", "-o", "hold=86400", "--within", "86410", "--json")
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (1, "refused"), done.stderr


def test_an_agent_is_asked_through_a_region_that_must_be_there(bellrock, tmp_path):
    done = bellrock("probe", "ssh", "--to", "127.0.0.1", "--from", "rack-1", "--state-dir", tmp_path)
    assert done.returncode == 3
    assert "--from rack-1: no interface of this machine (" in done.stderr
    again = bellrock("probe", "ssh", "--to", "127.0.0.1", "--from", "rack-1", "--watch")
    assert (again.returncode, "bellrock schedule add" in again.stderr) == (2, True)


def test_a_port_that_became_part_of_an_address_is_noted(bellrock):
    done = bellrock("probe", "ssh", "--to", "::1:22", "--within", "0.1", "--json")
    assert done.stderr == "note: ::1:22 is taken as an address; port 22 of ::1 is [::1]:22\n"


def test_watched_it_says_what_changes_until_it_is_stopped(tmp_path):
    import signal

    from tests.cli.programs import programs

    with programs(tmp_path) as start, socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.close()
        watching = start("probe", "ssh", "--to", f"127.0.0.1:{port}", "--watch", "--every", "0.5")
        watching.says("refused")
        with socket.create_server(("127.0.0.1", port), reuse_port=False) as again:
            again.settimeout(10)
            connection, _ = again.accept()
            with connection:
                connection.sendall(b"220 mail.example ESMTP\r\n")
                watching.says("wrong-service")
        assert watching.ends(signal.SIGINT) == 1
