"""Of an evidence bundle: captures, and what they show."""

import tempfile
from pathlib import Path

from bellrock.cli.bundle import Bundle
from bellrock.cli.output import EXIT_UNREADABLE, Failure, file_name


def capture_parts(bundle: Bundle, path: str, *, payloads: bool) -> None:
    """Add a capture with headers only (or with payloads whose known secrets are blanked), and its diagnosis, made from all of it.

    Raises:
        Failure: it cannot be read.
    """
    from bellrock.capture.reading.values import CaptureError
    from bellrock.capture.redact import Blanker, headers_only
    from bellrock.capture.rewrite import rewrite
    from bellrock.cli.diagnose import judged
    from bellrock.cli.diagnose_read import from_files
    from bellrock.diagnosis.findings_document import all_told

    name = f"captures/{_stem(path)}"
    remark = "secrets in payloads were blanked" if payloads else "headers only: payloads were left out"
    with tempfile.TemporaryDirectory(prefix="bellrock-") as directory:
        output = Path(directory) / "redacted.pcapng"
        try:
            found = rewrite(path, str(output), Blanker() if payloads else headers_only, remark)
        except CaptureError as error:
            raise Failure(str(error), EXIT_UNREADABLE) from None
        except OSError as error:
            raise Failure(f"{file_name(path)}: {error.strerror or error}", EXIT_UNREADABLE) from None
        bundle.add_file(f"{name}.pcapng", f"Capture {file_name(path)}: {found.packets} packets; {remark}.", output)
    for trouble in found.troubles:
        bundle.leave_out(f"{name}.pcapng, in part", trouble)
    if found.left_out:
        bundle.leave_out(
            f"{name}.pcapng: {found.left_out} packets", "they are of a link other than Ethernet, which is not redacted"
        )
    boots, findings = judged(from_files((path,)), None)
    told = all_told(findings)
    bundle.add_json(
        f"{name}.diagnosis.json",
        "What the whole capture shows of each machine's boot.",
        {"clients": boots, "findings": told},
    )
    bundle.findings.append((file_name(path), told))


def _stem(path: str) -> str:
    name = Path(path).name.partition(".")[0]
    return (
        "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "-" for letter in name)[:64]
        or "capture"
    )
