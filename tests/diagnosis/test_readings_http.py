from bellrock.diagnosis.readings_http import address, exchanges, is_image
from tests.diagnosis import wires as w


def test_answers_come_in_the_order_of_requests():
    wire = w.wire(w.get("/a", 1.0), w.get("/b", 1.1), w.response(200, 1.2), w.response(404, 1.3), w.get("/c", 2.0))
    assert [(one.request.target, one.status, one.client) for one in exchanges(wire)] == [
        ("/a", 200, w.NODE_IP), ("/b", 404, w.NODE_IP), ("/c", 0, w.NODE_IP),
    ]  # fmt: skip


def test_an_interim_answer_is_none():
    wire = w.wire(w.get("/a", 1.0), w.response(100, 1.1), w.response(201, 1.2))
    [one] = exchanges(wire)
    assert (one.status, one.came.number) == (201, 3)


def test_connections_and_points_are_apart():
    wire = w.wire(
        w.get("/a", 1.0, ports=(1, 80)), w.get("/b", 1.1, ports=(2, 80)), w.response(200, 1.2, ports=(80, 2)),
        w.response(500, 1.3, ports=(80, 1), point="elsewhere"), w.response(200, 1.4, ports=(80, 3)),
    )  # fmt: skip
    assert [(one.request.target, one.status) for one in exchanges(wire)] == [("/a", 0), ("/b", 200)]


def test_names_of_images():
    assert [
        is_image(one) for one in ("/a/boot-kernel", "/vmlinuz-6.8?x=1", "initrd.gz", "/r.squashfs", "/debian/linux")
    ] == [True] * 5
    assert not any(map(is_image, ("/vmlinuz.sig", "/squashfs/index.html", "/grub.cfg", "/linux.cfg", "/", "")))


def test_what_a_proxy_is_asked_for():
    assert address(w.get("/a"), w.get("/a", host="mirror").said) == "http://mirror/a"
    assert address(w.get("/a"), w.get("http://far/a").said) == "http://far/a"
