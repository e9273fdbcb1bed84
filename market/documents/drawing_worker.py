"""A process that draws sheets for another one, for as long as that one lives.

Started by `drawing_crew` with the number of an open socket. It ends when the other end closes,
however that came about, so that nothing is left behind.
"""

import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from market.documents.sheet_drawing import draw_sheets


def serve(pipe: Connection) -> None:
    """Take a job, say that it is understood, then draw what is asked; raises EOFError at the end.

    Sheets that cannot be drawn are answered with None: who asked draws them again, and finds
    the same refusal.
    """
    job = pipe.recv()
    pipe.send(True)
    while True:
        sheets = pipe.recv()
        try:
            drawn = draw_sheets(job, sheets)
        except Exception:
            drawn = None
        pipe.send(drawn)


def main() -> None:
    # Whoever stops the program at the keyboard stops the process that asks; this one follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError), Connection(int(sys.argv[1])) as pipe:
        serve(pipe)


if __name__ == "__main__":
    main()
