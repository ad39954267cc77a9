"""The typed client over the command line's own way to a region."""

from __future__ import annotations

import json

import pytest

from bellrock.cli.output import Failure
from bellrock.cli.regionapi import Asked
from bellrock.client.shapes import NewName, UserView
from tests.cli.test_client import tcp

ANNA = b'{"name": "anna", "role": "admin", "created": 1.0, "seen": null, "sessions": 0, "more": 1}'


@pytest.fixture
def state(tmp_path):
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "api-token").write_text("the-token\n")
    return tmp_path


def of(server, state):
    return Asked(f"http://127.0.0.1:{server.server_port}", state)


def test_an_answer_has_its_shape_and_the_query_goes_along(state):
    with tcp((200, b"[" + ANNA + b"]")) as server:
        assert of(server, state).users(role="admin") == [
            UserView(name="anna", role="admin", created=1.0, seen=None, sessions=0)
        ]
    assert server.asked == [("/api/v1/users?role=admin", "Bearer the-token")]


def test_a_list_in_pages_is_asked_for_at_once(state):
    with tcp((200, b"[" + ANNA + b"]")) as server:
        assert [one.name for one in of(server, state).each_of_users(size=5)] == ["anna"]
    assert server.asked == [("/api/v1/users", "Bearer the-token")]


def test_a_change_sends_its_body_and_may_be_answered_with_nothing(state):
    with tcp((204, b"")) as server:
        assert of(server, state).call("POST", "/api/v1/x", None, body=NewName(name="pxe")) is None
    assert [(method, json.loads(body)) for method, _, body in server.bodies] == [("POST", {"name": "pxe"})]


@pytest.mark.parametrize("body", [b"{}", b'[{"name":"anna"}]', b"[5]", b"null"])
def test_another_shape_is_another_version(state, body):
    with tcp((200, body)) as server, pytest.raises(Failure, match="not a region of this version") as caught:
        of(server, state).users()
    assert caught.value.exit_code == 3
    assert "\n" not in caught.value.message


def test_what_the_region_says_is_what_the_command_says(state):
    with tcp((404, b'{"detail": "There is no user \'x\'."}')) as server, pytest.raises(Failure, match="no user 'x'"):
        of(server, state).user("x")


def test_octets_come_as_they_are(state):
    with tcp((200, b"bellrock_up 1\n")) as server, of(server, state).octets("GET", "/api/v1/x") as answer:
        assert answer.read(100) == b"bellrock_up 1\n"
    assert server.asked == [("/api/v1/x", "Bearer the-token")]


def test_nothing_is_unchanged_since_a_command_has_looked_at_nothing(state):
    with pytest.raises(ValueError, match="has looked at nothing before"):
        Asked("http://127.0.0.1:1", state).remove_user("anna", unchanged=True)
