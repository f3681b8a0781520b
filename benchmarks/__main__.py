"""`python -m benchmarks SUITE`."""

from __future__ import annotations

import runpy
import sys

SUITES = ("fetch", "scan")


def main() -> None:
    """Run the suite that is named first with the words that follow."""
    if len(sys.argv) < 2 or sys.argv[1] not in SUITES:
        sys.exit(f"usage: python -m benchmarks {{{'|'.join(SUITES)}}} [OPTION]…")
    suite = sys.argv.pop(1)
    runpy.run_module(f"benchmarks.{suite}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
