"""OpenPGP packets for tests, written octet by octet (RFC 9580), with keys of `cryptography`."""

from base64 import b64encode
from hashlib import new, sha1

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

RSA, EDDSA, ED25519 = 1, 22, 27
DIGESTS = {
    8: ("sha256", hashes.SHA256()),
    9: ("sha384", hashes.SHA384()),
    10: ("sha512", hashes.SHA512()),
    11: ("sha224", hashes.SHA224()),
}


def private(algorithm):
    return rsa.generate_private_key(65537, 2048) if algorithm == RSA else ed25519.Ed25519PrivateKey.generate()


def mpi(octets):
    octets = octets.lstrip(b"\0")
    bits = len(octets) * 8 - (8 - octets[0].bit_length()) if octets else 0
    return bits.to_bytes(2, "big") + octets


def packet(tag, body, old=False):
    """§4.2.1: with the shortest length that will do; or in the old format."""
    size = len(body)
    if old:
        kind, width = (0, 1) if size < 256 else (1, 2) if size < 65536 else (2, 4)
        return bytes((0x80 | tag << 2 | kind,)) + size.to_bytes(width, "big") + body
    if size < 192:
        return bytes((0xC0 | tag, size)) + body
    if size < 8384:
        return bytes((0xC0 | tag, (size - 192 >> 8) + 192, size - 192 & 0xFF)) + body
    return bytes((0xC0 | tag, 255)) + size.to_bytes(4, "big") + body


def key_body(key, algorithm):
    """§5.5.2: a public key of version 4."""
    public = key.public_key()
    if algorithm == RSA:
        numbers = public.public_numbers()
        values = mpi(numbers.n.to_bytes(256, "big")) + mpi(numbers.e.to_bytes(3, "big"))
    elif algorithm == EDDSA:
        values = bytes.fromhex("092b06010401da470f01") + mpi(b"\x40" + public.public_bytes_raw())
    else:
        values = public.public_bytes_raw()
    return b"\x04\0\0\0\x01" + bytes((algorithm,)) + values


def fingerprint(body):
    return sha1(b"\x99" + len(body).to_bytes(2, "big") + body).digest()


def subpacket(kind, body):
    size = len(body) + 1
    return (bytes((size,)) if size < 192 else b"\xff" + size.to_bytes(4, "big")) + bytes((kind,)) + body


def signature(text, key, algorithm, digest=10, kind=1, hashed=None, loose=b""):
    """§5.2.3: a signature packet of version 4 over a text as it is canonical."""
    if hashed is None:
        hashed = subpacket(33, b"\x04" + fingerprint(key_body(key, algorithm))) + subpacket(2, b"\0\0\0\x05")
    head = bytes((4, kind, algorithm, digest)) + len(hashed).to_bytes(2, "big") + hashed
    name, made = DIGESTS[digest]
    value = new(name, text + head + b"\x04\xff" + len(head).to_bytes(4, "big")).digest()
    if algorithm == RSA:
        values = mpi(key.sign(value, PKCS1v15(), Prehashed(made)))
    else:
        values = key.sign(value)
        values = mpi(values[:32]) + mpi(values[32:]) if algorithm == EDDSA else values
    return packet(2, head + len(loose).to_bytes(2, "big") + loose + value[:2] + values)


def armour(octets, kind="SIGNATURE", head="", checksum="=abcd\n"):
    lines = b64encode(octets).decode()
    body = "\n".join(lines[at : at + 64] for at in range(0, len(lines), 64))
    return f"-----BEGIN PGP {kind}-----\n{head}\n{body}\n{checksum}-----END PGP {kind}-----\n".encode()


def clearsign(text, *packets):
    """§7: `text` as people see it, escaped."""
    lines = (b"- " + line if line.startswith(b"-") else line for line in text.split(b"\n"))
    return (
        b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + b"\n".join(lines) + b"\n" + armour(b"".join(packets))
    )
