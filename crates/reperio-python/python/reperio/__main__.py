"""The program `reperio`: `python -m reperio`, or the command of the same name."""

import signal
import sys

from reperio._reperio import main as run


def main() -> int:
    """Runs the program with the arguments of this process; returns its exit code."""
    # The program handles both signals itself: it saves what it has.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run(["reperio", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
