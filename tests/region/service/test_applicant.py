"""Who asks to belong to the region."""

from __future__ import annotations

from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from bellrock.contract.certificate import code_of
from bellrock.model import Host, Wall
from bellrock.region.certificates import read_request
from bellrock.region.service.applicant import Applicant, Policy, closed, row_of, usable
from bellrock.region.store import Certificate, EnrolmentState
from tests.region.store.test_enrolments import row

NOW = Wall(1000.0)


@pytest.fixture
def applicant() -> Applicant:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    made = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    asked = read_request(made.public_bytes(Encoding.PEM).decode())
    return Applicant(Host("a", "rack1", "rack"), asked, "10.0.0.1", "3f1c09aa")


def test_it_is_known_by_its_key_and_shown_by_its_code(applicant):
    first = row_of(applicant, EnrolmentState.WAITING, NOW)
    assert first.key == applicant.key == sha256(applicant.request.der).hexdigest()
    assert first.code == code_of(applicant.request.der)
    assert (first.agent, first.name, first.role, first.address) == ("a", "rack1", "rack", "10.0.0.1")
    assert (first.secret, first.how, first.requested, first.certificates) == ("3f1c09aa", "joined", NOW, ())


def test_of_its_certificates_the_newest_of_the_same_key_stays_good():
    held = [
        Certificate("4", "other", Wall(NOW + 9)), Certificate("3", "key", NOW), Certificate("2", "key", Wall(NOW + 1)),
        Certificate("1", "key", Wall(NOW + 1)),
    ]  # fmt: skip
    assert usable(row("a", certificates=tuple(held)), "key", NOW) == (held[2],)
    assert usable(row("a", certificates=()), "key", NOW) == ()
    assert usable(None, "key", NOW) == ()


def test_who_is_turned_down_is_given_nothing_but_the_reason():
    answer = closed("why")
    assert (answer.state, answer.why, answer.certificate, answer.authority, answer.regions) == (
        "closed",
        "why",
        "",
        "",
        (),
    )


def test_policies_are_named_as_on_the_command_line():
    assert [str(policy) for policy in Policy] == ["auto", "approve", "closed"]
