"""InRelease files and keyrings. The first octet chooses: a whole file, the packets of a signature, a keyring, or what is signed."""

from collections.abc import Iterator
from pathlib import Path

from bellrock.wire import pgp, release
from fuzz.contract import demand, value_or_refusal

HEAD = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nSuite: x\n"


def one(data: bytes) -> None:
    kind, rest = (data[:1] or b"\0")[0] & 3, data[1:]
    if kind == 3:
        value_or_refusal(lambda: pgp.keyring(rest))
        return
    if kind == 2:
        said = value_or_refusal(lambda: release.release(b"Suite: x\n" + rest))
        demand(
            said is None or all(text.isprintable() for text in (said.suite, said.origin, said.codename)),
            "control characters in a text",
        )
        return
    signed = value_or_refusal(lambda: pgp.clearsigned(rest if kind else HEAD + rest))
    if signed is not None:
        demand(len(signed.signatures) <= pgp.MAX_SIGNATURES, "more signatures than are read")
        demand(not pgp.signed_by(signed, ()), "signed by nobody's key")


def seeds() -> Iterator[tuple[str, bytes]]:
    """Of what gpg and apt-ftparchive make."""
    data = Path(__file__).parent.parent / "tests" / "data" / "apt"
    for kind in ("rsa2048", "ed25519"):
        signed = (data / f"{kind}.InRelease").read_bytes()
        head, _, lists = signed.partition(b"MD5Sum:")
        signature = lists[lists.index(b"\n-----BEGIN PGP SIGNATURE") :]
        yield f"signed-{kind}", b"\x01" + head.rstrip() + signature
        yield f"lines-{kind}", b"\0" + signature
        index = lists[lists.index(b"SHA256:") : lists.index(b"SHA512:")]
        yield f"release-{kind}", b"\x02" + head.partition(b"\n\n")[2] + index
        yield f"keys-{kind}", b"\x03" + (data / f"{kind}.gpg").read_bytes()
        yield f"armour-{kind}", b"\x03" + (data / f"{kind}.asc").read_bytes()
