"""The agent's id stays; what is wrong with the state directory is said in one line."""

import os
import socket

import pytest

from bellrock.agent.identity import IdentityError, load
from bellrock.agent.settings import Settings


def test_the_id_stays_and_the_boot_does_not(tmp_path):
    settings = Settings(state_dir=tmp_path / "state", region="http://10.0.0.1:5240")
    first, second = load(settings), load(settings)
    assert first.agent == second.agent
    assert first.boot != second.boot
    assert (first.host, first.role, first.regions) == (socket.gethostname(), "rack", ("http://10.0.0.1:5240",))
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("region", ["unix:/run/x", "http://127.0.0.1:5240", "http://localhost:5240", "http://[::1]:1"])
def test_a_region_that_others_cannot_reach_is_not_advertised(tmp_path, region):
    assert load(Settings(state_dir=tmp_path, region=region, name="n")).regions == ()


@pytest.mark.parametrize("text", ["", "short", "../../../../etc/passwd0000"])
def test_a_spoilt_id_is_named(tmp_path, text):
    (tmp_path / "agent-id").write_text(text)
    with pytest.raises(IdentityError, match="agent-id: not an agent id .* remove the file"):
        load(Settings(state_dir=tmp_path))


def test_a_state_directory_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(IdentityError, match="give another with --state-dir"):
        load(Settings(state_dir=tmp_path / "file" / "state"))


def test_bytes_that_are_no_text_are_named(tmp_path):
    (tmp_path / "agent-id").write_bytes(os.urandom(8) + b"\xff")
    with pytest.raises(IdentityError):
        load(Settings(state_dir=tmp_path))
