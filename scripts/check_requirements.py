"""Check that each lock file answers its .in file: every name there, pinned and hashed."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) \\$", re.MULTILINE)
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def main() -> int:
    """Print what is wrong; 1 if anything is."""
    problems = [problem for source in sorted(ROOT.glob("*.in")) for problem in _problems(source)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _problems(source: Path) -> list[str]:
    lock = source.with_suffix(".txt")
    text = lock.read_text(encoding="utf-8")
    locked = {_normal(name): version for name, version in PIN.findall(text)}
    return [
        *_stale(source, lock.name, locked),
        *(
            f"{lock.name}: neither a pin, a hash nor a comment: {line}"
            for line in text.splitlines()
            if line and not (PIN.match(line) or HASH.match(line) or line.lstrip().startswith("#"))
        ),
    ]


def _stale(source: Path, lock_name: str, locked: dict[str, str]) -> list[str]:
    problems = []
    for line in source.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith(("#", "-")):
            continue
        name, _, version = re.sub(r"\[.*?\]", "", line).partition("==")
        if (found := locked.get(_normal(name))) is None:
            problems.append(f"{lock_name}: {name} is missing; run `make lock`")
        elif version and found != version:
            problems.append(f"{lock_name}: {name} is {found}, not {version}; run `make lock`")
    return problems


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    sys.exit(main())
