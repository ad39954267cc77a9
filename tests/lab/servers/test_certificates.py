"""Certificates of the lab's servers."""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from bellrock.lab.servers.certificates import AUTHORITY_FILE, Certificate, make_certificate


def test_a_certificate_with_its_authority(tmp_path):
    chain, key = make_certificate(
        tmp_path, Certificate(names=("boot.example", "10.0.0.2"), issuer="Other", begins=1.0, ends=2.0)
    )
    leaf = x509.load_pem_x509_certificate(Path(chain).read_bytes())
    root = x509.load_pem_x509_certificate((tmp_path / AUTHORITY_FILE).read_bytes())
    leaf.verify_directly_issued_by(root)
    assert leaf.issuer.rfc4514_string() == "CN=Other"
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["boot.example"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.2"]
    assert 0.9 < (leaf.not_valid_before_utc - datetime.now(UTC)).total_seconds() / 86_400 < 1.1
    assert "PRIVATE KEY" in Path(key).read_text()
