"""Registries: plans, and answers that no registry should give."""

import pytest

from bellrock.model import Verdict
from bellrock.probe.oci import plan
from bellrock.probe.values import Ask, PlanError
from tests.lab.services import certificates
from tests.probe.peers import probe
from tests.probe.scripted import answer, scripted
from tests.probe.secure import server_context

IS = {"docker_distribution_api_version": "registry/2.0"}


def planned(**options):
    return plan(Ask(flow="registry", address="10.0.0.1", port=5000, options=options))


@pytest.mark.parametrize(
    ("image", "path"),
    [
        ("kernel", "/v2/kernel/manifests/latest"),
        ("boot/kernel:6.1", "/v2/boot/kernel/manifests/6.1"),
        ("a-b.c__d/e:V_1-2", "/v2/a-b.c__d/e/manifests/V_1-2"),
    ],
)
def test_images(image, path):
    assert planned(image=image).manifest == path


@pytest.mark.parametrize("image", ["", "Upper", "a b", "a:", "a:b:c", "../x", "a?b", "a" * 300, "a:" + "x" * 129])
def test_images_that_are_none(image):
    with pytest.raises(PlanError, match="option image takes NAME or NAME:TAG"):
        planned(image=image)


def test_plans():
    assert planned().manifest == ""
    assert planned(tls="no").plain_is_meant
    assert planned(user="anna", password="x").place.credentials.startswith("Basic ")
    with pytest.raises(PlanError, match="password needs option user"):
        planned(password="x")


@pytest.mark.parametrize(
    ("root", "verdict", "says"),
    [
        (answer(body="{}"), Verdict.WORKS, "a registry answers"),
        (answer(body="hello"), Verdict.WRONG_SERVICE, "it speaks HTTP, but is no registry: 200 OK"),
        (answer(body="hello", **IS), Verdict.WORKS, "a registry answers"),
        (answer("404 Not Found"), Verdict.WRONG_SERVICE, "is no registry: /v2/ answers 404 Not Found"),
        (answer("500 Oops"), Verdict.DEGRADED, "it answers 500 Oops"),
        (answer("301 Moved", location="https://registry.lab/v2/"), Verdict.DEGRADED, "it points to https://registry.lab/v2/"),
        (answer("401 Unauthorized", www_authenticate="Basic"), Verdict.WRONG_SERVICE, "but does not say that it is a registry"),
        (answer("401 Unauthorized", www_authenticate='Bearer realm="https://auth.lab/token",service="r"'), Verdict.AUTHENTICATION_NEEDED, "a registry answers and wants credentials (bearer)"),
        (answer("403 Forbidden", **IS), Verdict.AUTHENTICATION_NEEDED, "a registry answers and wants credentials"),
    ],
    ids=["bare", "a page", "by header", "nothing", "ill", "elsewhere", "another's password", "token", "forbidden"],
)  # fmt: skip
def test_roots(root, verdict, says):
    with scripted({"/v2/": root}) as (port, _):
        found = probe("registry", port, tls="no")
    assert found.verdict is verdict, found
    assert says in found.detail


def test_who_hands_out_tokens():
    root = answer("401 Unauthorized", www_authenticate='Bearer realm="https://auth.lab/token",service="r"')
    with scripted({"/v2/": root}) as (port, _):
        found = probe("registry", port, tls="no")
    assert (found.facts["auth"], found.facts["realm"]) == (["bearer"], "https://auth.lab/token")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("200 OK", Verdict.WORKS),
        ("404 Not Found", Verdict.DEGRADED),
        ("401 Unauthorized", Verdict.AUTHENTICATION_NEEDED),
        ("500 Oops", Verdict.DEGRADED),
    ],
)
def test_an_image(status, verdict):
    head = f"HTTP/1.1 {status}\r\ncontent-length: 5\r\n\r\n".encode()
    with scripted({"/v2/": answer(**IS), "/v2/a/manifests/latest": head}) as (port, seen):
        found = probe("registry", port, tls="no", image="a")
    assert found.verdict is verdict, found
    assert seen.requests[1].startswith("HEAD /v2/a/manifests/latest")
    assert "application/vnd.oci.image.index.v1+json" in seen.requests[1]


@pytest.mark.parametrize(
    ("root", "says"),
    [
        (answer("401 Unauthorized", www_authenticate='Basic realm="x"', **IS), "a registry answers and wants credentials: the credentials were not sent"),
        (answer(body="{}", **IS), "a registry answers, but /v2/a/manifests/latest was not asked for: the credentials were not sent"),
    ],
    ids=["root", "image"],
)  # fmt: skip
def test_a_password_goes_to_nobody_whose_certificate_anybody_may_have_made(tmp_path, root, says):
    context = server_context(certificates.certificate(["127.0.0.1"], directory=tmp_path))
    with scripted({"/v2/": root, "/v2/a/manifests/latest": answer()}, context) as (port, seen):
        found = probe("registry", port, user="anna", password="secret", image="a", tls="yes")
        assert found.verdict is Verdict.AUTHENTICATION_NEEDED, found
        assert says in found.detail
        assert seen.paths == ["/v2/"]
        pin = f"sha256:{found.facts['certificate']['sha256']}"
        probe("registry", port, user="anna", password="secret", image="a", tls="yes", pin=pin)
        assert "Authorization" not in seen.requests[0]
        assert "Authorization" in seen.requests[-1]


def test_a_password_is_not_sent_in_plain_text_unasked():
    root = answer("401 Unauthorized", www_authenticate='Basic realm="x"', **IS)
    with scripted({"/v2/": root}) as (port, seen):
        found = probe("registry", port, user="anna", password="secret")
        assert found.verdict is Verdict.NOT_CHECKED
        assert all("Authorization" not in head for head in seen.requests)
        found = probe("registry", port, user="anna", password="secret", tls="no")
        assert found.verdict is Verdict.AUTHENTICATION_NEEDED
        assert "does not take the credentials that were given" in found.detail
        assert "Authorization" in seen.requests[-1]
