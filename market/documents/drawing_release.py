"""Which release draws: the same one gives the same PDF for the same stickers, byte for byte."""

import hashlib
import zlib
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import chain

DRAWS_WITH = ("fontpkg-be-vietnam-pro", "numpy", "pillow", "qrcode", "reportlab", "zxing-cpp")
SIGNS = 16


@cache
def drawing_release() -> str:
    """A fingerprint of all that decides on the bytes: this folder, its data, the libraries."""
    folder = files("market.documents")
    digest = hashlib.sha256(zlib.ZLIB_RUNTIME_VERSION.encode())
    for name in DRAWS_WITH:
        digest.update(f"{name} {version(name)}\n".encode())
    for file in sorted(chain(_files(folder), _files(folder / "data")), key=lambda each: each.name):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:SIGNS]


def _files(folder: Traversable) -> list[Traversable]:
    return [each for each in folder.iterdir() if each.name.endswith((".py", ".toml"))]
