"""TLS sessions judged: against `ssl`'s server on loopback, with every certificate that will do and will not."""

import ssl

import pytest

from bellrock.probe import tls, trust
from bellrock.probe.options import read
from bellrock.probe.tls import OPTIONS, Demands, begin, context, demands, failed, start, without
from bellrock.probe.values import Ask, NotChecked, PlanError, TlsFault, Unexpected
from tests.lab.services import certificates
from tests.probe.secure import connected, run, server_context, tls_server, to_the_end
from tests.probe.web import net


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def authority(place):
    return certificates.authority(directory=place)


def started(context, name="a.lab", **how):
    """What `start` comes to."""

    async def talk():
        async with connected(to_the_end, context) as stream:
            return await start(stream, name, **how)

    return run(talk)


def test_a_session(authority):
    context = server_context(certificates.certificate(["a.lab"], issuer=authority))
    context.set_alpn_protocols(["http/1.1"])
    found = started(context, authority=str(authority.file), alpn=("h2", "http/1.1"))
    assert (found.version, found.cipher, found.alpn) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384", "http/1.1")
    assert (found.verified, found.why, found.of_target, found.chain) == (True, "", True, 1)
    facts = found.facts()
    assert facts["tls"] == "TLSv1.3"
    assert facts["certificate"]["verified"] is True
    assert facts["certificate"]["issuer"] == "CN=Lab authority"


def test_the_whole_chain_is_seen(authority):
    middle = certificates.authority("Middle", directory=authority.directory, below=authority)
    context = server_context(certificates.certificate(["a.lab"], issuer=middle, chain=[middle.certificate]))
    found = started(context, authority=str(authority.file))
    assert (found.chain, found.verified) == (2, True)


def test_nobody_need_vouch(authority, monkeypatch):
    context = server_context(certificates.certificate(["b.lab"], issuer=authority))
    found = started(context, "")
    assert (found.verified, found.of_target) == (False, False)
    assert found.why == "its certificate is signed by an authority that is not known here (CN=Lab authority)"

    def nothing():
        raise NotChecked("nothing")

    monkeypatch.setattr(trust, "of_system", nothing)
    found = started(context, "")
    assert (found.verified, found.why) == (None, "no authority is known here that could vouch for its certificate")


def test_this_systems_authorities(authority, monkeypatch):
    context = server_context(certificates.certificate(["a.lab"], issuer=authority))
    with pytest.raises(TlsFault, match="an authority that is not known here"):
        started(context, trust=True)
    monkeypatch.setattr(trust, "of_system", lambda: trust.of_file(str(authority.file)))
    assert started(context, trust=True).verified is True


@pytest.mark.parametrize(
    ("how", "name", "asked", "says"),
    [
        ({"days": -0.5}, "a.lab", {}, "its certificate is over since "),
        ({"not_before": 1}, "a.lab", {}, "does not hold before "),
        ({}, "b.lab", {}, "its certificate is of a.lab, and not of b.lab"),
        ({}, "127.0.0.1", {}, "its certificate is of a.lab, and not of 127.0.0.1"),
        ({}, "a.lab", {"pin": "ab" * 32}, "its certificate is another than the one that was pinned: sha256:"),
    ],
    ids=["over", "too early", "another name", "the address", "pin"],
)
def test_certificates_that_will_not_do(place, how, name, asked, says):
    context = server_context(certificates.certificate(["a.lab"], directory=place, **how))
    with pytest.raises(TlsFault) as told:
        started(context, name, **asked)
    assert says in str(told.value)
    assert told.value.facts["certificate"]["subject"] == "CN=a.lab"


def test_the_pinned_one(place):
    files = certificates.certificate(["a.lab"], directory=place)
    pin = started(server_context(files)).certificate.sha256
    assert started(server_context(files), pin=pin).certificate.self_signed is True


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_are_told_of(place):
    context = server_context(certificates.certificate(["a.lab"], directory=place, kind="rsa"))
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises(TlsFault, match=r"no newer version than TLSv1\.1, which clients no longer take"):
        started(context)


@pytest.mark.parametrize(
    ("version", "ciphers", "works"),
    [
        (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES256-GCM-SHA384", True),
        (ssl.TLSVersion.TLSv1_2, "AES128-SHA", True),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-CHACHA20-POLY1305", False),
        (ssl.TLSVersion.TLSv1_3, "", False),
    ],
    ids=["ECDHE", "RSA", "ChaCha20", "1.3 alone"],
)
def test_what_firmware_agrees_to(place, version, ciphers, works):
    context = server_context(certificates.certificate(["a.lab"], directory=place, kind="rsa"), version)
    if ciphers:
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
    assert started(context).certificate.key == "RSA 2048"
    if works:
        assert started(context, firmware=True).version == "TLSv1.2"
        return
    with pytest.raises(TlsFault, match=r"it agrees to no version and cipher that UEFI firmware offers"):
        started(context, firmware=True)


def test_a_client_certificate(place, authority):
    context = server_context(certificates.certificate(["a.lab"], issuer=authority), ssl.TLSVersion.TLSv1_2)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(str(authority.file))
    identity = tuple(map(str, certificates.certificate(["client"], issuer=authority)))
    assert started(context, identity=identity).version == "TLSv1.2"
    with pytest.raises(TlsFault):
        started(context)
    for wrong, says in (
        (("/nowhere", "/nowhere"), "no such file"),
        ((identity[0], str(authority.file)), "do not belong together"),
    ):
        with pytest.raises(NotChecked, match=says):
            started(context, identity=wrong)


@pytest.mark.parametrize(
    ("said", "error", "says"),
    [
        (
            b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n",
            TlsFault,
            "it answers HTTP in plain text instead of TLS: HTTP/1.1 400 Bad Request",
        ),
        (b"<!DOCTYPE HTML>", TlsFault, "it answers HTTP in plain text"),
        (b"SSH-2.0-x\r\n", Unexpected, "it does not speak TLS; what came back is SSH"),
        (b"\x01\x02", Unexpected, "it does not speak TLS; what came back is octets 01 02"),
    ],
    ids=["HTTP", "HTTP/0.9", "SSH", "binary"],
)
def test_what_is_no_tls(said, error, says):
    assert type(without(said)) is error
    assert str(without(said)).startswith(says)

    def serve(connection):
        connection.sendall(said)
        to_the_end(connection)

    async def talk():
        async with connected(serve) as stream:
            await start(stream, "a.lab")

    with pytest.raises(error):
        run(talk)


def test_it_closes_in_the_handshake():
    async def talk():
        async with connected(lambda connection: connection.recv(10_000)) as stream:
            await start(stream, "a.lab")

    with pytest.raises(TlsFault, match="closed the connection in the middle of the TLS handshake"):
        run(talk)


def test_names_that_tls_cannot_ask_for():
    async def talk():
        async with connected(to_the_end) as stream:
            await start(stream, "a..b")

    with pytest.raises(NotChecked, match=r"'a\.\.b' is no name"):
        run(talk)


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        (
            "SSLV3_ALERT_HANDSHAKE_FAILURE",
            "it agrees to no version and cipher that clients offer: sslv3 alert handshake failure",
        ),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "it agrees to no version and cipher that clients offer"),
        ("TLSV1_UNRECOGNIZED_NAME", "it does not know the name a.lab"),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "it wants a client certificate"),
        ("BAD_SIGNATURE", "the TLS handshake failed: bad signature"),
    ],
)
def test_openssls_words(reason, says):
    assert failed(reason, "a.lab").startswith(says)


def test_openssls_word_for_a_missing_name():
    assert failed("TLSV1_UNRECOGNIZED_NAME") == "it wants to be asked for by its name"


def test_begin_notes_what_it_did(place):
    files = certificates.certificate(["a.lab"], directory=place)

    async def talk(name):
        with tls_server(to_the_end, server_context(files)) as port:
            wanted = net(port)
            async with await wanted.connect() as stream:
                try:
                    await begin(wanted, stream, name, Demands())
                except TlsFault as error:
                    return str(error), wanted.record.steps
                return "", wanted.record.steps

    why, steps = run(lambda: talk(""))
    assert why == ""
    assert [step.what for step in steps[2:]] == [
        "TLS ClientHello",
        "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate of CN=a.lab",
    ]
    why, steps = run(lambda: talk("b.lab"))
    assert [step.what for step in steps[2:]] == ["TLS ClientHello for b.lab", why]


def given(**options):
    return read(Ask(flow="redfish", options=options), OPTIONS)


def test_demands():
    assert demands(given()) == Demands()
    assert demands(given(pin="sha256:" + "Ab" * 32)).pin == "ab" * 32
    assert demands(given(pin="sha256:" + ":".join(["Ab"] * 32))).pin == "ab" * 32
    assert demands(given(authority="/x.pem")).authority == "/x.pem"


@pytest.mark.parametrize(
    "pin", ["", "ab" * 32, "sha256:", "sha256:" + "a" * 63, "sha256:" + "g" * 64, "sha1:" + "a" * 40]
)
def test_pins_that_are_none(pin):
    with pytest.raises(PlanError, match="option pin takes sha256: and 64 hexadecimal digits"):
        demands(given(pin=pin))


def test_it_shows_no_certificate(place, monkeypatch):
    context = server_context(certificates.certificate(["a.lab"], directory=place))
    monkeypatch.setattr(tls, "_shown", lambda _: [])
    with pytest.raises(TlsFault, match="it showed no certificate"):
        started(context)
    monkeypatch.setattr(tls, "_shown", lambda _: [b"junk"])
    with pytest.raises(TlsFault, match="its certificate cannot be read"):
        started(context)


def test_what_is_offered_is_made_once_and_never_with_an_identity(authority, monkeypatch):
    tls._shared.cache_clear()
    made = []
    monkeypatch.setattr(tls, "context", lambda **how: made.append(how) or context(**how))
    served = server_context(certificates.certificate(["a.lab"], issuer=authority))
    for alpn in (("h2",), ("h2",), ("http/1.1",)):
        started(served, alpn=alpn)
    assert [how["alpn"] for how in made] == [("h2",), ("http/1.1",)]
    files = tuple(map(str, certificates.certificate(["me.lab"], issuer=authority)))
    for _ in range(2):
        started(served, identity=files)
    assert len(made) == 4
    tls._shared.cache_clear()
