"""The program itself: ``reperio`` and ``python -m reperio``."""

import signal
import sys

from ._reperio import main as program


def main() -> int:
    """Run the program on the arguments of this process and return its exit code."""
    # The program stops by itself, with its work saved. A signal that is ignored (`nohup`) stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return program(["reperio", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
