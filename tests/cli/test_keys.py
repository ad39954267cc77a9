"""Where the secret comes from, and what is said when it cannot be used; never a byte of it."""

import os
from pathlib import Path

import click
import pytest

from bellrock.cli.keys import (
    default_state_dir,
    is_there,
    load_keyring,
    make_secret_file,
    new_secret,
    read_secret_file,
    secret_option,
)
from bellrock.cli.output import Failure

SECRET = "00112233445566778899aabbccddeeff"
OTHER = "6d6161732d626561636f6e2d74657374"


@pytest.fixture(autouse=True)
def no_secret_in_the_environment(monkeypatch):
    monkeypatch.delenv("BELLROCK_SECRET", raising=False)
    monkeypatch.delenv("BELLROCK_SECRET_FILE", raising=False)


@pytest.fixture
def write(tmp_path):
    def _write(text, name="secret", mode=0o600):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    return _write


def ids(keyring):
    return [key.id for key in keyring.keys]


def test_several_files_give_several_keys_in_their_order(write):
    a, b = write(SECRET, "a"), write(OTHER + "\n", "b")
    both = ids(load_keyring((a, b)))
    assert both == [*ids(load_keyring((a,))), *ids(load_keyring((b,)))]
    assert both[0] != both[1]


def test_the_environment_names_a_file_or_holds_the_secret(write, monkeypatch):
    expected = ids(load_keyring((write(SECRET),)))
    monkeypatch.setenv("BELLROCK_SECRET", SECRET)
    assert ids(load_keyring(())) == expected
    monkeypatch.setenv("BELLROCK_SECRET_FILE", str(write(OTHER, "other")))
    assert ids(load_keyring(())) != expected


def test_the_default_is_taken_last(write, tmp_path):
    default = write(SECRET, "default")
    assert ids(load_keyring((), default)) == ids(load_keyring((default,)))
    with pytest.raises(Failure, match="no shared secret: give --secret-file FILE"):
        load_keyring((), tmp_path / "missing")


@pytest.mark.parametrize(
    ("text", "mode", "line"),
    [
        ("", 0o600, "secret: the secret is empty"),
        (" \n", 0o600, "secret: the secret is empty"),
        ("correct horse", 0o600, "secret: the secret is not hex"),
        ("abc", 0o600, "odd number of hex digits"),
        (b"\xff\xfe" + SECRET.encode(), 0o600, "secret: not hex"),
        (SECRET, 0o644, "everybody on this machine can read this secret; chmod 600"),
        (SECRET * 1000, 0o600, "larger than 16384 bytes"),
    ],
)
def test_what_is_wrong_with_a_secret_is_one_line_without_the_secret(write, text, mode, line):
    path = write(text, mode=mode)
    with pytest.raises(Failure) as caught:
        load_keyring((path,))
    message = caught.value.format_message()
    assert line in message
    assert str(path) in message
    assert "\n" not in message
    assert "horse" not in message
    assert SECRET not in message
    assert caught.value.exit_code == 2


def test_a_missing_file_and_a_directory_are_named(tmp_path):
    with pytest.raises(Failure, match="No such file or directory; `bellrock secret new"):
        read_secret_file(tmp_path / "missing")
    with pytest.raises(Failure, match="Is a directory"):
        read_secret_file(tmp_path)


def test_a_new_secret_is_private_and_never_overwrites(tmp_path):
    path = tmp_path / "deep" / "secret"
    make_secret_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(path.read_text())) == 16
    before = path.read_text()
    with pytest.raises(Failure, match="not overwritten"):
        make_secret_file(path)
    assert path.read_text() == before
    with pytest.raises(Failure, match="deep/secret: not a directory"):
        make_secret_file(path / "below")


def test_the_state_directory_is_root_s_or_the_user_s_own(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_state_dir() == Path("/var/lib/bellrock")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_state_dir() == tmp_path / "bellrock"
    monkeypatch.setenv("XDG_STATE_HOME", "")
    monkeypatch.setenv("HOME", "/home/me")
    assert default_state_dir() == Path("/home/me/.local/state/bellrock")


def test_a_user_without_home_is_told_what_to_do(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(Failure, match="no home directory to keep state in; set HOME, or give --state-dir"):
        default_state_dir()


def test_a_path_that_cannot_be_looked_at_is_for_the_reader_to_tell(tmp_path):
    assert not is_there(tmp_path / "missing")
    assert is_there(tmp_path)
    long = tmp_path / ("x" * 300)
    assert is_there(long)
    with pytest.raises(Failure, match="File name too long; it is where the secret is looked for"):
        load_keyring((), long)
    with pytest.raises(Failure, match="File name too long"):
        make_secret_file(long)
    with pytest.raises(Failure, match="File name too long"):
        make_secret_file(long / "secret")


def test_on_a_full_disk_no_empty_secret_is_left(tmp_path, monkeypatch):
    class Full:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            os.close(self.descriptor)
            raise OSError(28, "No space left on device")

        def write(self, text):
            pass

    def fdopen(descriptor, mode):
        full = Full()
        full.descriptor = descriptor
        return full

    monkeypatch.setattr(os, "fdopen", fdopen)
    with pytest.raises(Failure, match="secret: No space left on device; no secret was made"):
        make_secret_file(tmp_path / "secret")
    assert not (tmp_path / "secret").exists()


def test_the_option_may_be_given_several_times():
    @click.command()
    @secret_option
    def command(secret_files):
        return secret_files

    assert command.main(["--secret-file", "a", "--secret-file", "b"], standalone_mode=False) == (Path("a"), Path("b"))


def test_new_secrets_differ():
    assert len({new_secret() for _ in range(10)}) == 10


def test_what_the_service_manager_hands_over_goes_before_the_state_directory(write, tmp_path, monkeypatch):
    """LoadCredential= of systemd.exec(5)."""

    def ids(files, default=None):
        return [key.id for key in load_keyring(files, default).keys]

    default, other = write(SECRET), write(OTHER, "other")
    (tmp_path / "credentials").mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert ids((), default) == ids((default,))
    write(OTHER, "credentials/secret", mode=0o440)
    assert ids((), default) == ids((other,)) != ids((default,))


def test_the_state_directory_of_a_service_is_the_default_for_its_user(monkeypatch):
    monkeypatch.delenv("BELLROCK_STATE_DIR", raising=False)
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/private/bellrock:/var/lib/other")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert default_state_dir() == Path("/var/lib/private/bellrock")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert default_state_dir() == Path("/var/lib/bellrock")
