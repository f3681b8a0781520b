"""Runs one command and writes what it cost: started apart, so that its figures are its own.

The kernel counts the memory of the process that starts a program as the program's own until it
runs, so this one imports next to nothing.
"""

import os
import sys
import time


def main() -> int:
    """`launch.py FILE COMMAND…`: writes wall, user, system (seconds), KB of memory, status."""
    file, *command = sys.argv[1:]
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    wall = time.perf_counter() - began
    code = os.waitstatus_to_exitcode(status)
    with open(file, "w") as out:  # noqa: PTH123
        out.write(f"{wall} {usage.ru_utime} {usage.ru_stime} {usage.ru_maxrss} {code}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
