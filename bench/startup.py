"""What `--help` of every command costs: CPU time, and whether anything but click is imported."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench._report import Figure, at_most, plain, report

BELLROCK = Path(sys.executable).parent / "bellrock"
ROUNDS = 7
PROBE = """
import sys
before = set(sys.modules)  # an environment may import things of its own at every start (.pth files)
sys.argv = ["bellrock", *sys.argv[1:]]
from bellrock.cli import main
try:
    main()
except SystemExit:
    pass
import sysconfig
site = sysconfig.get_paths()["purelib"]
found = {n.partition(".")[0] for n, m in list(sys.modules.items()) if n not in before and (getattr(m, "__file__", None) or "").startswith(site)}
print("FOREIGN", *sorted(found - {"click", "bellrock"}), file=sys.stderr)
"""


def commands() -> list[tuple[str, ...]]:
    """Every command, with the commands of groups."""
    import click

    from bellrock.cli.root import COMMANDS, cli

    found: list[tuple[str, ...]] = [()]
    for name in COMMANDS:
        found.append((name,))
        command = cli.get_command(click.Context(cli), name)
        if isinstance(command, click.Group):
            found += [(name, sub) for sub in command.commands]
    return found


def cpu_of(arguments: tuple[str, ...]) -> float:
    """Milliseconds of CPU time of one run."""
    before = os.times()
    subprocess.run([BELLROCK, *arguments, "--help"], stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return 1000 * (after.children_user + after.children_system - before.children_user - before.children_system)


def foreign(arguments: tuple[str, ...]) -> set[str]:
    """Packages other than click that `--help` imports."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *arguments, "--help"], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split("FOREIGN", 1)[1].split())


def main() -> int:
    figures: list[Figure] = []
    worst, imported = 0.0, set()
    for arguments in commands():
        cost = statistics.median(cpu_of(arguments) for _ in range(ROUNDS))
        worst = max(worst, cost)
        imported |= foreign(arguments)
        figures.append(plain(" ".join(("bellrock", *arguments, "--help")), cost, "ms CPU"))
    figures.append(at_most("the slowest --help", worst, "ms CPU", 100))
    figures.append(at_most("packages imported besides click", len(imported), "packages", 0))
    if imported:
        print("imported besides click:", *sorted(imported))
    return 0 if report("startup", figures) else 1


if __name__ == "__main__":
    sys.exit(main())
