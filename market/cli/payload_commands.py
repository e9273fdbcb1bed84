"""`flask payload …`: the text inside a payment code, written and read."""

from typing import Any

import click

from market.cli.running import command, say_json
from market.cli.wording import Group
from market.domain import vietqr
from market.domain.errors import Invalid, Problem
from market.domain.vietqr import Payload
from market.services.directory import bank_directory

payload = Group("payload", help="The text inside payment codes.")


@payload.command("encode")
@click.option("--bank", required=True, help="BIN, code or name of the bank.")
@click.option("--account", required=True, help="Account number.")
@click.option("--amount", type=int, help="Whole dong; none by default.")
@click.option("--purpose", help="Transfer text; accents are taken off.")
@command
def encode(bank: str, account: str, amount: int | None, purpose: str | None) -> None:
    """Print the payload of a transfer to an account.

    Example: flask payload encode --bank Vietcombank --account 0011001234567
    """
    found = bank_directory().find(bank)
    if found is None:
        message = f"Không nhận ra ngân hàng “{bank}”. Hãy ghi mã BIN 6 chữ số."
        raise Invalid(message, (Problem(message, code="bank_unknown", field="bank"),))
    click.echo(vietqr.encode(bin=found.bin, account=account, amount=amount, purpose=purpose))


@payload.command("decode")
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@command
def decode(text: str, *, as_json: bool) -> None:
    """Print the objects of a payload by dotted ids, and what it pays.

    A payload that may not be trusted is refused with the reason and exit code 1.
    Example: flask payload decode 00020101021138…6304E8DB
    """
    read = vietqr.decode(text)
    if as_json:
        say_json(_told(read))
        return
    for object_id, value in read.objects.items():
        click.echo(f"{object_id} {value}")
    click.echo(_paid_in_words(read))
    for warning in read.warnings:
        click.echo(warning.message, err=True)


def _told(read: Payload) -> dict[str, Any]:
    pays = read.pays
    return {
        "objects": read.objects,
        "pays": {
            "kind": str(pays.kind),
            "bin": pays.bin,
            "account": pays.account,
            "service": pays.service,
            "bank": _bank_name(pays.bin),
        },
        "amount": read.amount,
        "purpose": read.purpose,
        "warnings": [
            {
                "code": str(warning.code),
                "object": warning.object_id,
                "message": warning.message,
            }
            for warning in read.warnings
        ],
    }


def _paid_in_words(read: Payload) -> str:
    pays = read.pays
    parts = [pays.kind.label]
    if pays.bin is not None:
        name = _bank_name(pays.bin)
        parts.append(f"{pays.bin} ({name})" if name else pays.bin)
    if pays.account is not None:
        parts.append(pays.account)
    if read.amount is not None:
        parts.append(f"{read.amount} đồng")
    if read.purpose:
        parts.append(f"“{read.purpose}”")
    return " · ".join(parts)


def _bank_name(bin: str | None) -> str | None:
    found = bank_directory().find(bin) if bin else None
    return found.short_name if found else None
