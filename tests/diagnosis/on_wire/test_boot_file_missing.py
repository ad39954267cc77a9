import pytest

from bellrock.diagnosis.on_wire import boot_file_missing as rule
from bellrock.model import Confidence, Severity
from tests.diagnosis.healthy_boots import by_http, silent
from tests.diagnosis.wires import NODE, RACK_IP, case, get, leased, refusal, response, transfer

GONE = {"ended": "refused", "error": "File not found", "octets": 0, "blksize": None, "largest": 0}


def only(*things):
    (found,) = rule.find(case(*things))
    return found


def test_the_file_that_dhcp_names_is_not_there():
    found = only(leased(), transfer(**GONE), refusal(at=0.11))
    assert found.what == f"{RACK_IP} does not give 'bootx64.efi' to {NODE}: File not found"
    assert (found.confidence, found.flow, found.address) == (Confidence.CERTAIN, "tftp", RACK_IP)
    assert found.recheck == f"bellrock probe tftp --to {RACK_IP} -o path=bootx64.efi"


def test_it_may_not_be_read():
    found = only(leased(), transfer(**GONE | {"error": "Access violation"}), refusal(2, "Access violation", 0.11))
    assert found.cause.startswith("The file is there and the server may not read it")


def test_a_server_that_gives_no_code():
    assert only(leased(), transfer(**GONE), refusal(0, "no such file", 0.11)).confidence is Confidence.LIKELY


def test_a_name_that_is_read_beyond_its_end():
    found = only(leased(), transfer("bootx64.efi�", **GONE))
    assert "it reads beyond the end of option 67" in found.cause
    assert found.confidence is Confidence.CERTAIN


def test_the_lease_is_not_in_the_capture():
    assert only(transfer("grubx64.efi", **GONE)).client == NODE


@pytest.mark.parametrize("name", ["boot.msg", "Boot\\Fonts\\wgl4_boot.ttf"], ids=["syslinux", "windows"])
def test_what_a_boot_loader_looks_for_at_a_venture(name):
    found = only(transfer("pxelinux.0"), transfer(name, 2, **GONE))
    assert (found.severity, found.confidence) == (Severity.NOTICE, Confidence.POSSIBLE)
    assert "Or a boot loader only looks for it" in found.cause
    assert only(transfer("pxelinux.0"), transfer("boot-kernel", 2, **GONE)).severity is Severity.ERROR


def test_by_http():
    found = only(by_http(status=404))
    assert found.what == f"{RACK_IP} does not have http://{RACK_IP}/bootx64.efi, which {NODE} was told to boot: 404"
    assert (found.flow, found.recheck) == (
        "http-boot",
        f"bellrock probe http-boot --to {RACK_IP}:80 -o path=/bootx64.efi",
    )


@pytest.mark.parametrize(
    "things",
    [
        (leased(), transfer("other.efi", **GONE)),
        transfer("pxelinux.cfg/default", **GONE),
        (leased(), transfer(**GONE), transfer(at=5)),
        by_http(status=500),
        response(404),
    ],
    ids=["not what DHCP names", "only tried", "there in the end", "of another rule", "nobody asked"],
)
def test_what_is_none(things):
    assert not list(rule.find(case(things)))


def test_healthy_wires():
    assert silent(rule) == {}


def test_a_kernel_that_a_boot_loader_was_told_to_start():
    missing = {"ended": "refused", "error": "File not found", "octets": 0, "blksize": None}
    kernel = (leased(), transfer(), transfer("ubuntu/noble/boot-kernel", 2, 2.1, **missing), refusal(at=2.1))
    (found,) = rule.find(case(kernel))
    assert "'ubuntu/noble/boot-kernel'" in found.what
    assert not list(rule.find(case(kernel, transfer("other/boot-kernel", 3))))
    assert not list(rule.find(case(kernel, get("/boot-kernel", 3), response(200, 3.1))))


KERNEL = (get("/images/noble/boot-kernel", 3, agent="GRUB 2.06"), response(404, 3.1))


@pytest.mark.parametrize("agent", ["GRUB 2.06", "curl/8.5.0", "Wget/1.21", ""])
def test_an_image_by_http_that_dhcp_does_not_name(agent):
    found = only(leased(), transfer(), get("/images/noble/root.squashfs", 3, agent=agent), response(404, 3.1))
    assert f"/images/noble/root.squashfs, without which {NODE} cannot go on: 404" in found.what
    assert "half imported" in found.cause
    assert (found.client, found.confidence) == (NODE, Confidence.CERTAIN)


def test_an_image_that_a_proxy_does_not_get():
    target = "http://mirror.example/boot-initrd"
    assert f" {target}, without" in only(leased(), get(target, 3), response(404, 3.1)).what


@pytest.mark.parametrize(
    "things",
    [
        (leased(), KERNEL, get("/other/boot-kernel", 4, ports=(40081, 80)), response(200, 4.1, ports=(80, 40081))),
        (leased(), KERNEL, transfer("boot-kernel", 5)),
        (leased(asks={}), KERNEL),
        KERNEL,
        (leased(), get("/grub/x86_64-efi/command.lst", 3, agent="GRUB 2.06"), response(404, 3.1)),
        (leased(), get("/boot-kernel.sig", 3, agent="GRUB 2.06"), response(404, 3.1)),
        (leased(), get("/boot-kernel", 3, agent="GRUB 2.06"), response(500, 3.1)),
    ],
    ids=["another was given", "by TFTP then", "who does not boot", "whose lease is not seen", "looked for", "signature", "of another rule"],
)  # fmt: skip
def test_what_is_no_missing_image(things):
    assert not list(rule.find(case(things)))
