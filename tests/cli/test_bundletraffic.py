"""Of an evidence bundle: captures, and what of them stays behind."""

import pytest

from bellrock.cli.bundletraffic import capture_parts
from bellrock.cli.output import EXIT_UNREADABLE, Failure
from tests.capture.test_merge import capture as write
from tests.capture.test_merge import datagram
from tests.cli.bundles import bundled, parts_of, told, why_not

PAYLOAD = b"Authorization: Basic c2VjcmV0"


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "boot 1.tar.pcapng", [(0, datagram(1) + PAYLOAD)])


def with_capture(tmp_path, path, *, payloads=False):
    out = tmp_path / "x.tar.gz"
    return out, bundled(out, lambda bundle: capture_parts(bundle, path, payloads=payloads))


def test_headers_alone_with_what_all_of_it_shows(tmp_path, path):
    out, manifest = with_capture(tmp_path, path)
    assert told(out, "captures/boot-1.diagnosis.json").keys() == {"clients", "findings"}
    about = {part["path"]: part["about"] for part in manifest["parts"]}["captures/boot-1.pcapng"]
    assert about.endswith("1 packets; headers only: payloads were left out.")
    assert not any(word in octets for octets in parts_of(out).values() for word in (b"Authorization", b"c2VjcmV0"))


def test_payloads_where_they_are_asked_for(tmp_path, path):
    out, _manifest = with_capture(tmp_path, path, payloads=True)
    assert PAYLOAD in parts_of(out)["captures/boot-1.pcapng"]


def test_packets_that_are_no_ethernet_are_left_out(tmp_path):
    _out, manifest = with_capture(tmp_path, write(tmp_path / "raw.pcapng", [(0, datagram(1))], link_type=101))
    (left,) = manifest["left_out"]
    assert (left["what"], "Ethernet" in left["why"]) == ("captures/raw.pcapng: 1 packets", True)


def test_what_is_missing_of_a_cut_capture_is_told(tmp_path, path):
    (tmp_path / "cut.pcapng").write_bytes((tmp_path / "boot 1.tar.pcapng").read_bytes()[:-5])
    _out, manifest = with_capture(tmp_path, str(tmp_path / "cut.pcapng"))
    assert "it is cut" in why_not(manifest, "captures/cut.pcapng, in part")


def test_a_name_that_says_nothing(tmp_path, path):
    (tmp_path / ".pcapng").write_bytes((tmp_path / "boot 1.tar.pcapng").read_bytes())
    out, _manifest = with_capture(tmp_path, str(tmp_path / ".pcapng"))
    assert "captures/capture.pcapng" in parts_of(out)


@pytest.mark.parametrize(("name", "says"), [("absent", "absent"), ("text", "no capture"), ("", "directory")])
def test_what_is_no_capture(tmp_path, name, says):
    (tmp_path / "text").write_bytes(b"text" * 50)
    with pytest.raises(Failure, match=says) as caught:
        with_capture(tmp_path, str(tmp_path / name))
    assert caught.value.exit_code == EXIT_UNREADABLE
