"""`flask payload`: what is written is read back, what is wrong is refused with a reason."""

import json
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from market.domain import vietqr
from tests.sources import ROOT

DATA = ROOT / "tests" / "data"
CASES = json.loads((DATA / "payload_encode_cases.json").read_text(encoding="utf-8"))
VECTORS = json.loads((DATA / "payload_vectors.json").read_text(encoding="utf-8"))["vectors"]
SAMPLE = vietqr.encode(bin="970436", account="88001000001", amount=50_000, purpose="Tiền cá")


def run(app: Flask, *words: str) -> Result:
    """What `flask payload …` does."""
    return app.test_cli_runner().invoke(args=["payload", *words])


@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: str(case["id"]))
def test_payloads_are_written_as_the_samples_are(app: Flask, case: dict[str, Any]) -> None:
    words = ["encode", "--bank", case["bin"], "--account", case["account"]]
    for name in ("amount", "purpose"):
        if case[name] is not None:
            words += [f"--{name}", case[name]]

    assert run(app, *words).stdout == case["expect"] + "\n"


@pytest.mark.parametrize("bank", ["970436", "Vietcombank", "ngân hàng Ngoại thương", "VCB"])
def test_a_bank_is_found_by_what_people_write(app: Flask, bank: str) -> None:
    written = run(app, "encode", "--bank", bank, "--account", "88001000001").stdout

    assert vietqr.decode(written.strip()).pays.bin == "970436"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--bank", "Ngân hàng Trăng", "--account", "88001000001"), "Không nhận ra ngân hàng"),
        (("--bank", "970436", "--account", "9704361234567890"), "số thẻ"),
        (("--bank", "970436", "--account", "88 001"), "Số tài khoản"),
        (("--bank", "970436", "--account", "1", "--amount", "-1"), "Số tiền"),
        (("--bank", "970436", "--account", "1", "--purpose", "x" * 26), "tối đa 25"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(
    app: Flask, words: tuple[str, ...], reason: str
) -> None:
    refused = run(app, "encode", *words)

    assert refused.exit_code == 1
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert refused.stdout == ""


def test_a_missing_option_is_wrong_usage(app: Flask) -> None:
    assert run(app, "encode", "--bank", "970436").exit_code == 2


@pytest.mark.parametrize("vector", VECTORS[::11], ids=lambda vector: str(vector["id"]))
def test_samples_are_read_or_refused(app: Flask, vector: dict[str, Any]) -> None:
    answer = run(app, "decode", "--json", "--", vector["payload"])

    assert (answer.exit_code == 0) is vector["accept"]
    if vector["accept"]:
        assert json.loads(answer.stdout)["objects"] == vector["decoded"]
    else:
        assert (answer.stdout, answer.stderr.count("\n")) == ("", 1)


def test_the_json_says_whom_it_pays_how_much_and_what_is_odd(app: Flask) -> None:
    read = json.loads(run(app, "decode", SAMPLE, "--json").stdout)

    assert read["pays"] == {
        "kind": "transfer",
        "bin": "970436",
        "account": "88001000001",
        "service": "QRIBFTTA",
        "bank": "Vietcombank",
    }
    assert (read["amount"], read["purpose"], read["warnings"]) == (50_000, "Tien ca", [])


def test_people_read_the_objects_and_whom_it_pays(app: Flask) -> None:
    said = run(app, "decode", SAMPLE).stdout.splitlines()

    assert "38.01.01 88001000001" in said
    assert said[-1] == "Chuyển khoản · 970436 (Vietcombank) · 88001000001 · 50000 đồng · “Tien ca”"


def test_a_changed_digit_is_refused_with_the_reason(app: Flask) -> None:
    refused = run(app, "decode", SAMPLE.replace("88001000001", "88001000002"))

    assert refused.exit_code == 1
    assert "CRC" in refused.stderr
