"""An agent that joins a region, and streams with what it got: over real TLS."""

from __future__ import annotations

import hashlib
import os
import ssl
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from websockets.asyncio.client import ClientConnection, connect, unix_connect

from bellrock.contract import Rejected
from bellrock.contract.join import (
    PATH,
    VERSION,
    JoinAnswer,
    JoinOffer,
    JoinProof,
    JoinRequest,
    agent_proof,
    decode_region_join,
    encode_join,
    region_proof,
)
from bellrock.contract.pake import Half
from bellrock.model import Host
from tests.region.support import SECRET, Agent, TurnedAway, now

TLS = ("127.0.0.1:0", "https://127.0.0.1:0")
"""What a region of these tests listens on."""


def ident(name: str) -> str:
    """An agent id for a name."""
    return name.upper().replace("-", "0").rjust(26, "0")


class Joiner:
    """The agent's side, as far as a test needs it."""

    def __init__(self, name: str = "rack1", join_key: bytes = SECRET.join_key, role: str = "rack") -> None:
        self.host = Host(ident(name), name, role)
        self.join_key = join_key
        self.key: Any = ec.generate_private_key(ec.SECP256R1())
        self.certificate = ""
        self.authority = ""
        self.offer: JoinOffer | None = None

    def request(self, key: Any = None) -> str:
        """A certificate request, which also asks for names that nobody grants."""
        names = x509.SubjectAlternativeName([x509.DNSName("evil.example"), x509.UniformResourceIdentifier("urn:x")])
        builder = (
            x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=False)
        )
        return builder.sign(key or self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    async def join(self, url: str, **changes: Any) -> JoinAnswer:
        """The first answer, checked."""
        async with self.joining(url, **changes) as (answer, _):
            return answer

    @asynccontextmanager
    async def joining(self, url: str, **changes: Any) -> AsyncIterator[tuple[JoinAnswer, Any]]:
        """The first answer, checked, and what reads the next."""
        async with _connect(url, PATH, self.context(certificate=False)) as connection:
            channel = changes.pop("channel", None) or shown_by(connection)
            half = Half(self.join_key, os.urandom, agent=True)
            fields = {"version": VERSION, "host": self.host, "boot": "b", "message": half.message.hex(), "sent": now()}
            request = encode_join(JoinRequest(**(fields | changes)))
            await connection.send(request)
            offer = await connection.recv()
            self.offer = _expect(offer, JoinOffer)
            keys = [half.finish(bytes.fromhex(one)) for one in self.offer.messages]
            asked = self.request()
            proofs = tuple(agent_proof(key, request, offer, channel, asked) for key in keys)
            await connection.send(encode_join(JoinProof(proofs=proofs, request=asked)))

            async def answer() -> JoinAnswer:
                said = _expect(await connection.recv(), JoinAnswer)
                assert said.proof in [region_proof(key, request, offer, channel, asked, said) for key in keys]
                if said.state == "joined":
                    self.certificate, self.authority = said.certificate, said.authority
                return msgspec.structs.replace(said, proof="")

            yield await answer(), answer

    def context(self, *, certificate: bool = True) -> ssl.SSLContext:
        """What it speaks TLS with; it believes any region until it has joined, and then its authority alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        if self.authority:
            context.load_verify_locations(cadata=self.authority)
        else:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificate and self.certificate:
            load(context, self.key, self.certificate)
        return context

    @asynccontextmanager
    async def stream(
        self, url: str, boot: str = "boot-1", *, proves: bool = False, **changes: Any
    ) -> AsyncIterator[Agent]:
        """Streams with its certificate, and nothing else to prove itself by; or `proves` the secret as without TLS."""
        async with _connect(url, "/api/v1/agents/stream", self.context()) as connection:
            one = Agent(connection, self.host, boot)
            shown = {} if proves else {"proof": ""}
            welcome = await one.shake_hands(**(shown | changes), certified=not proves)
            assert proves or welcome.proof == ""
            yield one


def load(context: ssl.SSLContext, key: Any, certificate: str) -> None:
    """Show this certificate."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "agent.pem"
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        path.write_text(pem + certificate)
        context.load_cert_chain(path)


def shown_by(connection: ClientConnection) -> bytes:
    """SHA-256 of the certificate that the server showed; empty without TLS."""
    secured = connection.transport.get_extra_info("ssl_object")
    return hashlib.sha256(secured.getpeercert(binary_form=True)).digest() if secured else b""


def _connect(url: str, path: str, context: ssl.SSLContext) -> connect:
    if url.startswith("unix:"):
        return unix_connect(url.removeprefix("unix:"), f"ws://region{path}", compression=None)
    secured = {"ssl": context} if url.startswith("https") else {}
    return connect(url.replace("http", "ws", 1) + path, proxy=None, compression=None, max_size=None, **secured)


def _expect(text: str | bytes, kind: type[Any]) -> Any:
    said = decode_region_join(text)
    if isinstance(said, Rejected):
        raise TurnedAway(said.why)
    assert isinstance(said, kind), said
    return said
