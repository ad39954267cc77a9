import subprocess
import sys

import pytest

from fuzz import HARNESSES, run

CRASH = """#3 READ units: 3
 === Uncaught Python exception: ===
KeyError: 'planted'
Traceback (most recent call last):
stat::number_of_executed_units: 4
"""
FINE = "#99\tDONE   cov: 1 ft: 2 corp: 3/4b\nstat::number_of_executed_units: 1234\n"


def ended(tmp_path, text: str, code: int) -> run.Run:
    log = tmp_path / "log"
    log.write_text(text)
    process = subprocess.Popen([sys.executable, "-c", f"raise SystemExit({code})"])
    process.wait()
    return run.Run("lldp", process, log)


@pytest.mark.parametrize(
    ("text", "code", "verdict"),
    [
        (FINE, 0, "ok"),
        (CRASH, 1, "CRASH KeyError: 'planted'"),
        (FINE, 77, "FAILED with exit code 77"),
        ("no statistics", 0, "DID NOT RUN"),
    ],
)
def test_verdicts(tmp_path, capsys, text, code, verdict):
    one = ended(tmp_path, text, code)
    assert one.verdict() == verdict
    assert run.table([one]) == (verdict == "ok")
    assert verdict in capsys.readouterr().out


def test_progress(tmp_path):
    assert ended(tmp_path, "nothing yet", 0).state() == "starting"
    assert ended(tmp_path, FINE, 0).state().startswith("#99 DONE cov: 1")


@pytest.mark.parametrize("arguments", [["nope"], ["--seconds", "0"], ["--jobs", "0", "cdp"]])
def test_wrong_arguments(monkeypatch, capsys, arguments):
    monkeypatch.setattr(sys, "argv", ["fuzz.run", *arguments])
    with pytest.raises(SystemExit) as caught:
        run.main()
    assert caught.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_every_harness_has_a_module_and_a_corpus():
    assert all((run.HERE / f"{name}.py").exists() and any((run.HERE / "corpus" / name).iterdir()) for name in HARNESSES)
