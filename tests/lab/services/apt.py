"""APT repositories for tests, made by apt-ftparchive and signed by gpg."""

import gzip
import os
import subprocess
from pathlib import Path

PACKAGE = """Package: {name}
Version: 1.0
Architecture: {arch}
Maintainer: The lab <lab@example.com>
Filename: pool/{name}.deb
Size: 1
SHA256: 6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b
Description: of the lab
"""


class Signer:
    """A key of gpg's in a home of its own. Use as a context manager: its agent ends with it."""

    def __init__(self, directory, kind="rsa2048"):
        self.home = Path(directory)
        self.home.mkdir(mode=0o700)
        self.gpg("--passphrase", "", "--quick-generate-key", "lab@example.com", kind, "sign", "never")
        self.keyring = self.home / "keys.gpg"
        self.keyring.write_bytes(self.gpg("--export"))
        self.armoured = self.home / "keys.asc"
        self.armoured.write_bytes(self.gpg("--armor", "--export"))
        listed = self.gpg("--with-colons", "--list-keys").decode()
        self.fingerprint = next(line.split(":")[9] for line in listed.split("\n") if line.startswith("fpr"))

    def gpg(self, *arguments):
        command = [
            "gpg",
            "--batch",
            "--quiet",
            "--no-tty",
            "--homedir",
            self.home,
            "--digest-algo",
            "SHA512",
            *arguments,
        ]
        return subprocess.run(list(map(str, command)), check=True, capture_output=True).stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "gpg-agent"], check=True, capture_output=True)


def repository(
    root,
    suite,
    signer,
    *,
    date=None,
    valid_until=None,
    arch="amd64",
    component="main",
    by_hash=False,
    codename=None,
    keep_release=False,
):
    """A suite below `root/dists`; dates as `date -R -u` writes them."""
    place = Path(root) / "dists" / suite
    index = place / component / f"binary-{arch}"
    index.mkdir(parents=True)
    packages = "\n".join(PACKAGE.format(name=f"p{number}", arch=arch) for number in range(20)).encode()
    (index / "Packages").write_bytes(packages)
    (index / "Packages.gz").write_bytes(gzip.compress(packages, mtime=0))
    options = {
        "Origin": "Lab",
        "Label": "Lab",
        "Suite": suite,
        "Codename": codename or suite,
        "Architectures": arch,
        "Components": component,
    }
    if by_hash:
        options["Acquire-By-Hash"] = "true"
    command = [
        "apt-ftparchive",
        *(f"-oAPT::FTPArchive::Release::{name}={value}" for name, value in options.items()),
        "release",
        str(place),
    ]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C"}).stdout
    lines = [line for line in said.splitlines() if not (date and line.startswith("Date:"))]
    lines[:0] = ([f"Date: {date}"] if date else []) + ([f"Valid-Until: {valid_until}"] if valid_until else [])
    (place / "Release").write_text("\n".join(lines) + "\n")
    if signer is not None:
        (place / "InRelease").unlink(missing_ok=True)
        signer.gpg("--clearsign", "--output", place / "InRelease", place / "Release")
        if not keep_release:
            (place / "Release").unlink()
    return place
