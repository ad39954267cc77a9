"""TLS: which certificate was shown on a connection, and whose the client showed."""

from __future__ import annotations

import asyncio
import ssl
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bellrock.contract.certificate import agent_uri
from bellrock.region import tls as module
from bellrock.region.authority import Authority, ServerCertificate, open_authority
from bellrock.region.certificates import read_request
from bellrock.region.errors import RegionError
from bellrock.region.server import wall
from bellrock.region.tls import Channel, Door, channel_of
from tests.region.joining import Joiner, ident, load
from tests.region.support import asynchronous


class Listening:
    """A server that notes what each connection showed."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.first = authority.serve_as(["127.0.0.1"], wall())
        self.door = Door(authority.pem, self.first)
        self.channels: asyncio.Queue[Channel] = asyncio.Queue()

    async def __aenter__(self) -> Listening:
        self.server = await asyncio.start_server(self._noted, "127.0.0.1", 0, ssl=self.door.context)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        await self.server.wait_closed()

    async def _noted(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.channels.put_nowait(channel_of(writer.transport))
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)

    async def connect(self, context: ssl.SSLContext, name: str | None = None) -> tuple[bytes, Channel]:
        """The hash of the certificate that the client saw, and what the server noted."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=context, server_hostname=name or "")
        seen = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        await reader.read()
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        return sha256(seen).digest(), await self.channels.get()


def client(authority: Authority | None = None) -> ssl.SSLContext:
    one = Joiner()
    one.authority = authority.pem if authority else ""
    context = one.context()
    context.check_hostname = False
    return context


@asynchronous
async def test_both_ends_know_the_same_certificate_before_and_after_it_was_renewed(tmp_path):
    async with Listening(open_authority(tmp_path, "north", wall())) as server:
        for name in (None, "region.example"):
            seen, channel = await server.connect(client(server.authority), name)
            assert channel == Channel(True, server.first.digest)
            assert seen == server.first.digest
        second = server.authority.serve_as(["127.0.0.1"], wall())
        server.door.show(second)
        seen, channel = await server.connect(client(server.authority))
        assert seen == channel.digest == second.digest != server.first.digest


@asynchronous
async def test_a_connection_keeps_the_certificate_that_it_was_shown(tmp_path):
    async with Listening(open_authority(tmp_path, "north", wall())) as server:
        connecting = [asyncio.create_task(server.connect(client())) for _ in range(8)]
        await asyncio.sleep(0)
        server.door.show(server.authority.serve_as(["127.0.0.1"], wall()))
        for one in connecting:
            seen, channel = await one
            assert channel.digest in (server.first.digest, server.door._current.digest)
            assert len(seen) == 32


@asynchronous
async def test_the_clients_certificate_names_its_agent(tmp_path):
    authority = open_authority(tmp_path, "north", wall())
    async with Listening(authority) as server:
        one = Joiner()
        issued = authority.issue(read_request(one.request()), one.host.id, wall())
        context = client(authority)
        load(context, one.key, issued.pem)
        _, channel = await server.connect(context)
        assert (channel.agent, channel.serial) == (one.host.id, issued.serial)


@pytest.mark.parametrize(
    "names",
    [
        None,
        [x509.DNSName("laptop.example")],
        [x509.UniformResourceIdentifier(agent_uri(ident("a"))), x509.UniformResourceIdentifier(agent_uri(ident("b")))],
        [x509.UniformResourceIdentifier(agent_uri(ident("a"))), x509.DNSName("laptop.example")],
    ],
)
def test_what_the_authority_signed_for_something_else_is_no_agents(tmp_path, names):
    """A site's own authority signs more than agents."""

    @asynchronous
    async def show() -> None:
        authority = open_authority(tmp_path, "north", wall())
        async with Listening(authority) as server:
            key = ec.generate_private_key(ec.SECP256R1())
            context = client(authority)
            load(context, key, _signed(authority, key, names))
            _, channel = await server.connect(context)
            assert channel.agent == ""
            assert channel.serial != ""

    show()


def _signed(authority: Authority, key, names) -> str:
    signer = authority._signer
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "laptop")])
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(signer.certificate.subject)
        .public_key(key.public_key()).serial_number(7)
        .not_valid_before(signer.certificate.not_valid_before_utc).not_valid_after(signer.certificate.not_valid_after_utc)
    )  # fmt: skip
    if names is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@asynchronous
async def test_connections_are_not_resumed_because_then_no_certificate_is_shown(tmp_path):
    async with Listening(open_authority(tmp_path, "north", wall())) as server:
        assert server.door.context.num_tickets == 0
        assert server.door._current.num_tickets == 0


@asynchronous
async def test_without_tls_nothing_is_shown():
    async def noted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert channel_of(writer.transport) == Channel()
        writer.write(b"seen")
        writer.close()

    server = await asyncio.start_server(noted, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        assert await reader.read() == b"seen"
        writer.close()
        await writer.wait_closed()


def test_another_servers_context_knows_no_digest():
    class Transport:
        def get_extra_info(self, _name: str):
            class Connection:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)

                def getpeercert(self, *, binary_form: bool) -> None:
                    assert binary_form

            return Connection()

    assert channel_of(Transport()) == Channel(True)


def test_a_certificate_that_cannot_be_shown_is_one_line(tmp_path):
    authority = open_authority(tmp_path, "north", wall())
    missing = ServerCertificate(tmp_path / "none.pem", b"", wall())
    with pytest.raises(RegionError, match=r"none\.pem: No such file or directory; the region cannot show"):
        Door(authority.pem, missing)
    (tmp_path / "none.pem").write_text("nonsense")
    with pytest.raises(RegionError, match=r"none\.pem: .*; the region cannot show"):
        Door(authority.pem, missing)


def test_the_flag_that_ssl_has_no_name_for_is_in_force(tmp_path):
    authority = open_authority(tmp_path, "north", wall())
    door = Door(authority.pem, authority.serve_as(["127.0.0.1"], wall()))
    for context in (door.context, door._current):
        assert int(context.verify_flags) & module.NO_CHECK_TIME
        assert context.minimum_version is ssl.TLSVersion.TLSv1_3
        assert context.verify_mode is ssl.CERT_OPTIONAL
