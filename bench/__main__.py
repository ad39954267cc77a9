"""`make bench [ONLY=name]`: every benchmark, or one, each in a process of its own; exit 1 if a goal is missed."""

import subprocess
import sys

NAMES = (
    "wire",
    "segment_load",
    "time_to_truth",
    "topology",
    "flood",
    "sim",
    "footprint",
    "startup",
    "firewall",
    "capture",
    "diagnose",
    "ideas",
    "api",
    "ingest",
    "login",
    "scrape",
    "growth",
    "judging",
    "scale",
    "reach",
    "scenarios",
    "soak",
)


def main() -> int:
    wanted = [name for argument in sys.argv[1:] for name in argument.replace(",", " ").split()] or list(NAMES)
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    missed = []
    for name in wanted:
        print(f"── {name}", file=sys.stderr, flush=True)
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode:
            missed.append(name)
    if missed:
        print(f"\na goal was missed, or the run failed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
