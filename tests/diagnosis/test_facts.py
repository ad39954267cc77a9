from bellrock.diagnosis.facts import finding, seconds
from bellrock.model import EvidenceKind, Severity
from tests.diagnosis.looks import cable, heard, look


def test_peers_are_other_machines():
    confirmed, own = heard(), heard(kind=EvidenceKind.OWN_BEACON)
    far = heard(kind=EvidenceKind.ROUTABLE)
    assert cable(heard=(confirmed, own, far, heard(kind=EvidenceKind.HEARD))).peers == (
        confirmed,
        heard(kind=EvidenceKind.HEARD),
    )


def test_a_finding_names_its_place():
    it, one = look(cable()), cable("eth3")
    near = finding("x", Severity.NOTICE, it, one, "{} is", proof=("seen.",), vid=7)
    assert (near.what, near.host, near.interface, near.vid) == ("node-7/eth3 is", "node-7", "eth3", 7)
    whole = finding("x", Severity.NOTICE, it, None, "{} is", proof=("seen.",))
    assert (whole.what, whole.interface) == ("node-7 is", "")


def test_seconds():
    assert seconds(4.84) == "4.8 s"
