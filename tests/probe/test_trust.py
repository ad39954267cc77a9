"""Files of authorities, as they are and as they should not be."""

import pytest

from bellrock.probe import trust
from bellrock.probe.values import NotChecked
from tests.lab.services import certificates


@pytest.fixture
def system(monkeypatch):
    """A system that trusts what a test says."""

    def trusts(path):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        trust.of_system.cache_clear()

    yield trusts
    trust.of_system.cache_clear()


def test_a_file(tmp_path):
    one, two = (certificates.authority(name, directory=tmp_path) for name in ("One", "Two"))
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(
        b"# words between\n"
        + one.file.read_bytes()
        + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        + two.file.read_bytes()
    )
    assert trust.of_file(str(bundle)).certificates == {one.certificate, two.certificate}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "no certificate in it"),
        (b"\0" * 100, "no certificate in it"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "no certificate in it"),
        (b"x" * (trust.MAX_FILE + 1), "larger than 4 MiB"),
    ],
    ids=["empty", "zeros", "broken", "large"],
)
def test_files_that_will_not_do(tmp_path, text, says):
    path = tmp_path / "authority.pem"
    path.write_bytes(text)
    with pytest.raises(NotChecked) as told:
        trust.of_file(str(path))
    assert str(told.value).startswith(f"authority {path}: ")
    assert says in str(told.value)


def test_files_that_are_none(tmp_path):
    with pytest.raises(NotChecked, match="no such file or directory"):
        trust.of_file(str(tmp_path / "missing"))
    with pytest.raises(NotChecked, match="is a directory"):
        trust.of_file(str(tmp_path))


def test_the_systems_own(tmp_path, system):
    one = certificates.authority("One", directory=tmp_path)
    system(one.file)
    assert trust.of_system().certificates == {one.certificate}
    assert trust.of_system() is trust.of_system()


def test_a_system_without_any(tmp_path, system, monkeypatch):
    monkeypatch.setattr(trust, "_BUNDLES", (str(tmp_path / "elsewhere"),))
    system(tmp_path / "missing")
    with pytest.raises(NotChecked, match="no bundle of authorities"):
        trust.of_system()
