"""An SVG drawn as PNG, in a process of its own that may neither take long nor take much.

The renderer ends its process for some drawings (an absurd shape needs absurd memory), and takes
minutes for others; neither may happen to a process that serves people.
"""

import resource

# It starts this very file.
import subprocess  # nosec B404
import sys

import resvg_py

CPU_SECONDS = 2
WALL_SECONDS = 15
MEMORY = 512 * 1024 * 1024


class NotDrawn(Exception):
    """The renderer refused the drawing, or needed more time or memory than a logo may."""


def rasterised(svg: str, width: int, height: int) -> bytes:
    """The drawing as a PNG of that many pixels; raises NotDrawn.

    The caller has looked the drawing over: the renderer itself would read files it names.
    """
    # Isolated: neither the environment nor the working folder decides what is run.
    command = [sys.executable, "-I", __file__, str(width), str(height)]
    try:
        # No word of the command comes from outside.
        done = subprocess.run(  # nosec B603
            command,
            input=svg.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=WALL_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise NotDrawn from error
    return done.stdout


def _draw(width: int, height: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    svg = sys.stdin.buffer.read().decode()
    png = resvg_py.svg_to_bytes(
        svg_string=svg, width=width, height=height, skip_system_fonts=True, languages=["vi"]
    )
    sys.stdout.buffer.write(png)


if __name__ == "__main__":
    _draw(*map(int, sys.argv[1:]))
