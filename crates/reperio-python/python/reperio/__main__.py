"""The program itself: ``reperio`` and ``python -m reperio``."""

import sys

from ._reperio import main as program


def main() -> int:
    """Run the program on the arguments of this process and return its exit code."""
    return program(["reperio", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
