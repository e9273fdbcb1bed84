"""Stickers: this project beside the plain way, measured in one run.

The plain way is what a user would write: a PNG for each code with the qrcode library, put on the
page with ReportLab's drawImage, the same words under it with drawString; nothing is read back.
This project's time includes reading every code and serial back. Each way runs in a process of its
own, from the values of the stickers to a finished file; the plain way and this project's first on
one core, then this project on all. Memory is the process's own and that of its workers together.
"""

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

sys.path.insert(0, str(Path(__file__).parents[1]))

import qrcode
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from market.documents.drawing_crew import MOST_WORKERS, available_cores
from market.documents.label_layouts import Face
from market.documents.sheet_jobs import SheetJob
from market.documents.sheets import Template, get_template, positions
from market.documents.sticker_pdf import write_stickers
from market.documents.sticker_text import POINTS, Sticker
from market.documents.typeface import font_file
from market.domain.vietqr import encode

TEMPLATE = "a4-8"
LARGEST_RUN = 27_000
SERIAL_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
DAY = date(2026, 7, 31)

Way = Callable[[Iterator[Sticker], BinaryIO], None]


@dataclass(frozen=True, slots=True)
class Measured:
    milliseconds: float
    octets: float
    peak_megabytes: float


def stickers(count: int) -> Iterator[Sticker]:
    chance = random.Random(2026)
    for number in range(count):
        account = "88001" + "".join(chance.choices("0123456789", k=8))
        yield Sticker(
            serial="".join(chance.choices(SERIAL_LETTERS, k=8)),
            payload=encode(bin="970436", account=account),
            market_name="Chợ Đầm Hà",
            stall_code=f"{'ABCD'[number % 4]}-{number + 1:03}",
            merchant_name=chance.choice(("Nguyễn Thị Hoa", "Trần Văn Đức", "Phở bò Thìn")),
            holder_name=chance.choice(("NGUYEN THI HOA", "TRAN VAN DUC", "PHAM VAN THIN")),
            bank_short_name="Vietcombank",
            account_number=account,
            printed_on=DAY,
            hotline="0900 000 001",
            bank_bin="970436",
        )


def on_one_core(run: Iterator[Sticker], out: BinaryIO) -> None:
    write_stickers(run, _job(), out, cores=1)


def on_all_cores(run: Iterator[Sticker], out: BinaryIO) -> None:
    write_stickers(run, _job(), out)


def _job() -> SheetJob:
    return SheetJob(get_template(TEMPLATE), "DT-2026-0012", "Tem QR", DAY)


def by_the_plain_way(run: Iterator[Sticker], out: BinaryIO) -> None:
    template = get_template(TEMPLATE)
    pdfmetrics.registerFont(TTFont("Vietnam", BytesIO(font_file(Face.REGULAR))))
    canvas = Canvas(out, pagesize=tuple(length * POINTS for length in template.page))
    page = 1
    for sticker, position in zip(run, positions(template, start=1), strict=False):
        if position.page != page:
            canvas.showPage()
            page = position.page
        _draw_plainly(canvas, template, sticker, position.x, position.y)
    canvas.save()


def _draw_plainly(canvas: Canvas, template: Template, sticker: Sticker, x: float, y: float) -> None:
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(sticker.payload)
    file = BytesIO()
    code.make_image().save(file, "PNG")
    box, height = template.layout.qr, template.page[1]
    canvas.drawImage(
        ImageReader(file),
        (x + box.x) * POINTS,
        (height - y - box.bottom) * POINTS,
        box.width * POINTS,
        box.height * POINTS,
    )
    canvas.setFont("Vietnam", 9)
    words = [*sticker.printed().values(), "VietQR", "Quét mã để thanh toán"]
    for line, text in enumerate(words):
        canvas.drawString((x + 4.5) * POINTS, (height - y - 6 - 4 * line) * POINTS, text)


WAYS: dict[str, Way] = {
    "this project": on_one_core,
    "all cores": on_all_cores,
    "plain way": by_the_plain_way,
}


def measure_here(way: str, count: int) -> Measured:
    """Measure in this process, after one sticker that pays for imports and tables."""
    WAYS[way](stickers(1), BytesIO())
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        WAYS[way](stickers(count), out)
        seconds = time.perf_counter() - start
        octets = out.tell()
    workers = min(available_cores() - 1, MOST_WORKERS)
    own, largest_worker = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    peak = own + workers * largest_worker
    return Measured(seconds / count * 1000, octets / count, peak)


def measure(way: str, count: int) -> Measured:
    """Measure in a process of its own, so that its peak memory is its own."""
    command = [sys.executable, __file__, "--way", way, "--count", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Measured(*json.loads(done.stdout))


@cache
def machine() -> str:
    cpu_info = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (cpu_info.read_text().splitlines() if cpu_info.exists() else [])
        if line.startswith("model name")
    ]
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def report(count: int) -> None:
    """Print a table and the ratios; ratios of one run hold on a machine with other work, too."""
    small = {way: measure(way, count) for way in WAYS}
    large = {way: measure(way, LARGEST_RUN) for way in ("this project", "all cores")}
    print(f"Stickers on {TEMPLATE}; {machine()}")
    print(f"{'':14}{'stickers':>10}{'ms/sticker':>12}{'bytes/sticker':>15}{'peak MB':>9}")
    for size, found in ((count, small), (LARGEST_RUN, large)):
        for way, each in found.items():
            print(
                f"{way:14}{size:>10}{each.milliseconds:>12.2f}{each.octets:>15.0f}"
                f"{each.peak_megabytes:>9.0f}"
            )
    ours, plain = small["this project"], small["plain way"]
    print(
        f"plain way / this project: {plain.milliseconds / ours.milliseconds:.1f} × the time,"
        f" {plain.octets / ours.octets:.1f} × the size,"
        f" {plain.peak_megabytes / ours.peak_megabytes:.1f} × the memory"
    )
    one, all_cores = large["this project"], large["all cores"]
    print(
        f"one core / all {available_cores()}, {LARGEST_RUN} stickers:"
        f" {one.milliseconds / all_cores.milliseconds:.1f} × the time"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--way", choices=WAYS)
    chosen = parser.parse_args()
    if chosen.way:
        print(json.dumps(astuple(measure_here(chosen.way, chosen.count))))
    else:
        report(chosen.count)


if __name__ == "__main__":
    main()
