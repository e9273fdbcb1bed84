"""Files that commands write: complete under their name, or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import BinaryIO

from market.domain.errors import Unavailable


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Written beside `path` under another name, then moved there; what was there stays till then.

    Raises Unavailable where the disk does not take it.
    """
    draft = None
    try:
        descriptor, draft = mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with open(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
        os.replace(draft, path)
    except OSError as error:
        raise Unavailable(f"Không ghi được tệp {path}: {error.strerror}.") from error
    finally:
        if draft is not None:
            with suppress(OSError):
                os.unlink(draft)
