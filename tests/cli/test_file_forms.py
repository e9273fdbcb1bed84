"""In which form commands write their files, and endings that no file of theirs has."""

from pathlib import Path

import pytest
from flask import Flask

from market.cli.file_forms import form_of
from market.domain.errors import Invalid
from market.services.report_files import FileFormat


@pytest.mark.parametrize(
    ("name", "asked", "expected"),
    [
        ("bao-cao.csv", None, FileFormat.CSV),
        ("bao-cao.XLSX", None, FileFormat.XLSX),
        ("bao-cao.xlsx", "xlsx", FileFormat.XLSX),
        ("bao-cao", None, FileFormat.CSV),
        ("bao-cao", "xlsx", FileFormat.XLSX),
    ],
)
def test_the_name_or_the_option_says_the_form(
    name: str, asked: str | None, expected: FileFormat
) -> None:
    assert form_of(Path(name), asked, "report").format is expected


@pytest.mark.parametrize(
    ("name", "asked", "told"),
    [
        ("bao-cao.pdf", None, "chỉ có tệp .csv và .xlsx"),
        ("bao-cao.xls", None, "chỉ có tệp .csv và .xlsx"),
        ("bao-cao.pdf", "csv", "chỉ có tệp .csv và .xlsx"),
        ("bao-cao.csv", "xlsx", "không hợp với --format xlsx"),
        ("bao-cao.xlsx", "csv", "không hợp với --format csv"),
    ],
)
def test_an_ending_that_promises_another_file_is_refused(
    name: str, asked: str | None, told: str
) -> None:
    with pytest.raises(Invalid, match=told):
        form_of(Path(name), asked, "report")


@pytest.mark.parametrize(
    "words", [("export", "markets"), ("export", "stalls"), ("reports", "export", "BC-2026-0001")]
)
def test_commands_refuse_it_in_one_line_and_write_nothing(
    app: Flask, tmp_path: Path, words: tuple[str, ...]
) -> None:
    out = tmp_path / "bao-cao.pdf"

    result = app.test_cli_runner().invoke(args=[*words, "--out", str(out)])

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Không lập được tệp bao-cao.pdf")
    assert result.stderr.count("\n") == 1
    assert not out.exists()
