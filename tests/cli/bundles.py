"""Evidence bundles for tests: small ones, and what is in them."""

import json
import tarfile

from bellrock.cli.bundle import Bundle

FINDING = {"id": "no-carrier", "severity": "error", "what": "rack1/eth1 has no carrier", "confidence": "certain"}


def bundled(path, *parts, left_out=(), force=False):
    """Write a bundle of what each of `parts` adds to it; its manifest."""
    with Bundle(str(path), force=force) as bundle:
        for add in parts:
            add(bundle)
        for what, why in left_out:
            bundle.leave_out(what, why)
        return bundle.finish()


def parts_of(path):
    """Path below the archive's one directory → octets."""
    with tarfile.open(path) as tar:
        return {
            member.name.partition("/")[2]: tar.extractfile(member).read()
            for member in tar.getmembers()
            if member.isfile()
        }


def told(path, name):
    """A part that is JSON."""
    return json.loads(parts_of(path)[name])


def why_not(manifest, what):
    """Why it was left out."""
    (found,) = [one["why"] for one in manifest["left_out"] if one["what"] == what]
    return found
