"""Asking the region that a command's options name."""

import click
import pytest

from bellrock.cli import asking
from bellrock.cli.answers import User
from bellrock.cli.asking import ask, named, when
from bellrock.cli.output import Failure
from tests.cli.test_client import tcp


@pytest.fixture
def context():
    with click.Context(click.Command("x")) as context:
        yield context


@pytest.fixture
def state(tmp_path):
    (tmp_path / "region").mkdir()
    (tmp_path / "region" / "api-token").write_text("the-token\n")
    return tmp_path


def test_the_answer_has_its_shape(state, context):
    with tcp((200, b'[{"name":"anna","role":"admin","created":1.0,"new":5}]')) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        assert ask(url, state, list[User], lambda api: api.users()) == [User("anna", "admin", 1.0)]
    assert server.asked == [("/api/v1/users", "Bearer the-token")]


def test_the_default_state_directory_holds_the_token(state, context, monkeypatch):
    monkeypatch.setattr(asking, "default_state_dir", lambda: state)
    with tcp((200, b"[]")) as server:
        assert ask(f"http://127.0.0.1:{server.server_port}", None, list[User], lambda api: api.users()) == []


@pytest.mark.parametrize("body", [b"{}", b'[{"name":"anna"}]', b"[5]", b"null"])
def test_another_shape_is_another_version(state, context, body):
    with tcp((200, body)) as server, pytest.raises(Failure, match="not a region of this version") as caught:
        ask(f"http://127.0.0.1:{server.server_port}", state, list[User], lambda api: api.users())
    assert caught.value.exit_code == 3
    assert "\n" not in caught.value.message


def test_a_lab_of_the_context_is_asked(state, context):
    with tcp((200, b"[]")) as server:
        context.meta["bellrock.lab"] = (f"http://127.0.0.1:{server.server_port}", state)
        assert ask("http://127.0.0.1:1", None, list[User], lambda api: api.users()) == []


def test_an_empty_name_is_none():
    assert named("anna") == "anna"
    with pytest.raises(Failure, match="NAME is empty") as failure:
        named("")
    assert failure.value.exit_code == 2


def test_what_is_asked_for_nothing_but_to_be_handed_on_is_as_it_came(state, context):
    with tcp((200, b'{"anything": [1]}')) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        assert ask(url, state, object, lambda api: api.explain(a="a/b", b="c d")) == {"anything": [1]}
    assert server.asked == [("/api/v1/topology/explain?a=a/b&b=c%20d", "Bearer the-token")]


def test_times(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    assert when(None) == "never"
    assert when(None, "-") == "-"
    assert when(0.0)[:3] in ("197", "196")
    assert len(when(1.7e9)) == len("2023-11-14 22:13:20")
    assert when(1e300) == "1e+300 s"
    assert when(float("nan")) == "nan s"
