"""`bellrock beacon decode | encode`, as scripts use them."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from bellrock.cli.beacon import beacon

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "beacon-vectors.json").read_text())


@pytest.fixture
def secret_file(tmp_path):
    def _write(secret_hex):
        path = tmp_path / f"secret-{secret_hex[:4]}"
        path.write_text(secret_hex)
        path.chmod(0o600)
        return path

    return _write


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda v: v["name"])
@pytest.mark.parametrize("as_hex", [True, False])
def test_a_beacon_is_read_from_file_or_pipe(bellrock, secret_file, vector, as_hex):
    data = vector["frame_hex"].encode() if as_hex else bytes.fromhex(vector["frame_hex"])
    flags = ("--hex",) if as_hex else ()
    secret = secret_file(vector["secret_hex"])
    done = bellrock("beacon", "decode", "--secret-file", secret, "--at", vector["time"], *flags, "-", stdin=data)
    assert done.returncode == 0
    assert json.loads(done.stdout) == {**vector["decoded"], "id": vector["id"]}


@pytest.mark.parametrize(
    ("at", "reason"), [(1790000061, "skew"), (1789999939, "skew"), (None, "skew")], ids=["late", "early", "today"]
)
def test_a_refusal_has_a_reason_and_exit_3(bellrock, secret_file, at, reason):
    vector = VECTORS["vectors"][2]
    options = () if at is None else ("--at", at)
    done = bellrock(
        "beacon", "decode", "--secret-file", secret_file(vector["secret_hex"]), "--hex", *options, "-",
        stdin=vector["frame_hex"].encode(),
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["reason"]) == (3, reason)
    assert answer["detail"]
    assert answer["skew"] != 0


def test_another_secret_is_told_from_damage(bellrock, secret_file):
    vector = VECTORS["vectors"][2]
    wrong = secret_file("ffeeddccbbaa99887766554433221100")
    done = bellrock("beacon", "decode", "--secret-file", wrong, "--hex", "-", stdin=vector["frame_hex"].encode())
    assert (done.returncode, json.loads(done.stdout)["reason"]) == (3, "wrong-secret")
    cut = bellrock("beacon", "decode", "--secret-file", wrong, "--hex", "-", stdin=vector["frame_hex"][:100].encode())
    assert (cut.returncode, json.loads(cut.stdout)["reason"]) == (3, "truncated")


@pytest.mark.parametrize("version", ["1", "2"])
def test_what_is_encoded_is_decoded(bellrock, secret_file, version):
    vector = VECTORS["vectors"][0 if version == "1" else 2]
    payload = vector["decoded"]["payload"]
    common = ("--secret-file", secret_file(vector["secret_hex"]), "--at", vector["time"])
    made = bellrock(
        "beacon", "encode", *common, "--version", version, "--type", "solicitation", "--payload", json.dumps(payload),
        text=False,
    )  # fmt: skip
    assert made.returncode == 0
    read = bellrock("beacon", "decode", *common, "-", stdin=made.stdout)
    assert json.loads(read.stdout)["payload"] == payload


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ("{", "--payload: not JSON"),
        ("[]", "--payload: expected a JSON object"),
        ("{}", "--payload: "),
        ('{"type": 2}', "--payload: "),
        ("@/nonexistent", "/nonexistent: No such file"),
    ],
)
def test_a_payload_that_peers_would_refuse_is_not_encoded(bellrock, secret_file, payload, line):
    secret = secret_file("00112233445566778899aabbccddeeff")
    done = bellrock(
        "beacon", "encode", "--secret-file", secret, "--version", "2", "--type", "solicitation", "--payload", payload
    )
    assert done.returncode == 2
    assert line in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("beacon", "decode", "--secret-file", "/nonexistent", "-"), "/nonexistent: No such file or directory"),
        (("beacon", "decode", "-"), "no shared secret: give --secret-file FILE"),
        (("beacon", "listen", "no-such-interface"), "no shared secret"),
    ],
)
def test_what_is_missing_is_one_line_and_exit_2(bellrock, arguments, line):
    done = bellrock(*arguments)
    assert done.returncode == 2
    assert line in done.stderr
    assert done.stderr.startswith("Error: ")


def test_hex_that_is_none_and_files_that_are_not_there(bellrock, secret_file):
    secret = secret_file("00112233445566778899aabbccddeeff")
    done = bellrock("beacon", "decode", "--secret-file", secret, "--hex", "-", stdin=b"zz")
    assert (done.returncode, "not hex digits" in done.stderr) == (2, True)
    done = bellrock("beacon", "decode", "--secret-file", secret, "missing.bin")
    assert (done.returncode, "missing.bin: No such file" in done.stderr) == (2, True)
    done = bellrock("beacon", "decode", "--secret-file", secret, "-", stdin=b"\0" * 1_100_000)
    assert (done.returncode, "larger than" in done.stderr) == (2, True)


def test_an_interface_that_is_not_there_is_named_with_those_that_are(bellrock, secret_file):
    secret = secret_file("00112233445566778899aabbccddeeff")
    done = bellrock("beacon", "listen", "nope0", "--secret-file", secret)
    assert done.returncode == 2
    assert "no Ethernet interface 'nope0' here; there are" in done.stderr


@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "-1", "1e300", "soon"])
@pytest.mark.parametrize(
    "arguments",
    [("decode", "-", "--at"), ("listen", "--seconds"), ("send", "eth0", "--wait"),
     ("encode", "--version", "2", "--type", "solicitation", "--payload", "{}", "--at")],
    ids=lambda arguments: arguments[0],
)  # fmt: skip
def test_what_is_no_number_of_seconds_is_refused(bellrock, secret_file, arguments, seconds):
    done = bellrock("beacon", *arguments, seconds, "--secret-file", secret_file("00112233445566778899aabbccddeeff"))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"Invalid value for '{arguments[-1]}'" in done.stderr


@pytest.fixture
def here(monkeypatch, secret_file):
    """The same in this process: exit code, stdout, stderr."""
    for name in ("BELLROCK_SECRET", "BELLROCK_SECRET_FILE"):
        monkeypatch.delenv(name, raising=False)

    def run(name, *arguments, secret=VECTORS["vectors"][2]["secret_hex"], stdin=None):
        options = [str(argument) for argument in arguments]
        done = CliRunner().invoke(beacon, [name, "--secret-file", str(secret_file(secret)), *options], input=stdin)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout_bytes, done.stderr

    return run


def test_every_way_in_and_out(here, tmp_path):
    vector = VECTORS["vectors"][2]
    payload = tmp_path / "payload.json"
    payload.write_text(json.dumps(vector["decoded"]["payload"]))
    frame = tmp_path / "frame"
    common = ("--version", "2", "--type", "solicitation", "--payload", f"@{payload}")
    code, octets, _ = here("encode", *common)
    assert code == 0
    frame.write_bytes(octets)
    code, said, _ = here("decode", frame)
    assert (code, json.loads(said)["payload"]) == (0, vector["decoded"]["payload"])
    code, said, _ = here("encode", *common, "--hex")
    assert (code, here("decode", "--hex", "-", stdin=said)[0]) == (0, 0)
    code, said, _ = here("encode", *common, "--json")
    assert (code, json.loads(said)["octets"]) == (0, len(bytes.fromhex(json.loads(said)["hex"])))
    code, said, _ = here("decode", frame, "--at", "1")
    assert (code, json.loads(said)["reason"]) == (3, "skew")
    code, said, _ = here("decode", frame, secret="ffeeddccbbaa99887766554433221100")
    assert (code, json.loads(said)["reason"]) == (3, "wrong-secret")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("decode", "/nonexistent"), "/nonexistent: No such file"),
        (("decode", "/dev/zero"), "/dev/zero: larger than"),
        (("decode", "--hex", "/etc/passwd"), "not hex digits"),
        (("encode", "--version", "2", "--type", "solicitation", "--payload", "{}"), "--payload: "),
        (("encode", "--version", "2", "--type", "solicitation", "--payload", "["), "not JSON"),
        (("encode", "--version", "2", "--type", "solicitation", "--payload", "3"), "expected a JSON object"),
        (("encode", "--version", "2", "--type", "solicitation", "--payload", "[" * 99999), "not JSON"),
        (("encode", "--version", "2", "--type", "solicitation", "--payload", "@/dev/zero"), "/dev/zero: larger than"),
        (("encode", "--version", "2", "--type", "solicitation", "--payload", "@/"), "/: Is a directory"),
        (("encode", "--version", "2", "--type", "solicitation", "--payload", "{}", "--at", "nan"), "nan is not"),
    ],
)
def test_bad_input_is_one_line(here, arguments, line):
    code, out, err = here(*arguments)
    assert (code, out) == (2, b"")
    assert line in err


class Ear:
    """Hears what it is given."""

    where = "eth0"

    def __init__(self, heard, answers=False):
        self.heard, self.answers = heard, answers

    def listen(self, seconds):
        for item in self.heard:
            if isinstance(item, BaseException):
                raise item
            yield item

    def solicit(self, *_):
        return "ID"

    def is_answer(self, item):
        return self.answers


@pytest.fixture
def ear(monkeypatch):
    def install(*heard, answers=False):
        monkeypatch.setattr("bellrock.cli.ear.open_ear", lambda *_: nullcontext(Ear(heard, answers)))
        monkeypatch.setattr("bellrock.cli.ear.as_sentence", lambda item: f"sentence\x1b {item}")
        monkeypatch.setattr("bellrock.cli.ear.as_document", lambda item: {"item": str(item)})

    return install


def test_listening_counts_and_ends(here, ear):
    ear("one", "two", "three")
    assert here("listen", "eth0", "--count", "2") == (
        0, b"sentence\\x1b one\nsentence\\x1b two\n", "listening on eth0; Ctrl-C ends\n",
    )  # fmt: skip
    assert here("listen", "--json") == (0, b'{"item":"one"}\n{"item":"two"}\n{"item":"three"}\n', "")
    ear("one", KeyboardInterrupt())
    assert here("listen", "--json")[0] == 0
    ear(KeyboardInterrupt())
    assert here("listen", "--json") == (1, b"", "")


def test_sending_tells_who_answered(here, ear):
    ear("one", answers=True)
    assert here("send", "eth0", "--vid", "20") == (0, b"sentence\\x1b one\n", "sent ID on eth0 with VID 20\n")
    ear("one")
    assert here("send", "eth0") == (1, b"sentence\\x1b one\n", "sent ID on eth0\nnobody answered within 1 s\n")
    assert here("send", "eth0", "--json") == (1, b'{"item":"one"}\n', "")
