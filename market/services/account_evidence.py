"""What approving an account takes: four eyes, a fresh sign-in, evidence, a confirmed change."""

from dataclasses import dataclass

from market.domain import vietqr
from market.domain.account_changes import ChangeConfirmation, SkipReason
from market.domain.accounts import AccountProof, clean_number
from market.domain.errors import Forbidden, FreshSignInNeeded, Invalid, Problem
from market.models.account import PaymentAccount
from market.services import accounts
from market.services.access import Actor
from market.services.sessions import FRESH_FOR


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an approver adds where the account alone is not enough.

    `proof`: what showed the number to be the holder's; `number_again`: the number typed
    once more; `confirmation`: how a change was confirmed with the merchant.
    """

    proof: AccountProof = AccountProof.NONE
    number_again: str | None = None
    confirmation: ChangeConfirmation | None = None


NO_EVIDENCE = Evidence()


def is_fresh(actor: Actor) -> bool:
    """Whether the password was given lately enough to decide; commands always are."""
    if actor.channel == "cli":
        return True
    return actor.fresh_at is not None and actor.at - actor.fresh_at <= FRESH_FOR


def skip_reason(account: PaymentAccount) -> SkipReason | None:
    """Why the account takes a decision of its own; `account.bank` must be loaded.

    The bank counts as the directory has it now, too: it may have become doubtful since.
    """
    if account.came_from_number_cell:
        return SkipReason.FROM_NUMBER_CELL
    if account.needs_own_decision or account.bank.needs_confirmation:
        return SkipReason.UNSURE_BANK
    return None


def require_fresh(actor: Actor) -> None:
    """Raises FreshSignInNeeded where the password was not given lately."""
    if not is_fresh(actor):
        raise FreshSignInNeeded("Hãy nhập lại mật khẩu trước khi duyệt tài khoản.")


def require_other_eyes(account: PaymentAccount, actor: Actor) -> None:
    """Raises Forbidden for whoever entered or last changed the account."""
    if actor.user_id is None or actor.user_id in (account.entered_by_id, account.changed_by_id):
        raise Forbidden("Người nhập hoặc sửa tài khoản không được tự duyệt. Hãy nhờ người khác.")


def check_may_approve(
    account: PaymentAccount, *, actor: Actor, evidence: Evidence, is_change: bool
) -> None:
    """Raises Forbidden as `require_other_eyes` does, Invalid where evidence is missing.

    The account's merchant and bank must be loaded.
    """
    require_other_eyes(account, actor)
    number = accounts.open_number(account)
    _check_proof(account, number, evidence)
    if is_change and evidence.confirmation is None:
        raise invalid_field(
            "confirmation",
            "Đây là đổi tài khoản: hãy ghi đã xác nhận với chủ hộ bằng cách nào.",
        )
    if evidence.confirmation is ChangeConfirmation.CALLED_BACK:
        _require_earlier_phone(account)
    _check_payload(account.bin, number)


def invalid_field(name: str, message: str) -> Invalid:
    """The refusal of one field."""
    return Invalid(message, (Problem(message, field=name),))


def _check_proof(account: PaymentAccount, number: str, evidence: Evidence) -> None:
    if evidence.number_again and clean_number(evidence.number_again) != number:
        raise invalid_field(
            "number_again", "Số gõ lại không khớp với số đã nhập. Hãy kiểm tra lại với chủ hộ."
        )
    has_evidence = evidence.proof is not AccountProof.NONE or bool(evidence.number_again)
    if skip_reason(account) and not has_evidence:
        raise invalid_field("proof", "Tài khoản này cần bằng chứng hoặc gõ lại số trước khi duyệt.")


def _require_earlier_phone(account: PaymentAccount) -> None:
    """Whoever changes the account may have changed the phone just before, to answer the call."""
    merchant = account.merchant
    is_new = merchant.phone_set_at is not None and merchant.phone_set_at >= account.entered_at
    if merchant.phone_sealed is None or is_new:
        raise invalid_field(
            "confirmation",
            "Hộ này không có số điện thoại đã lưu từ trước khi đổi tài khoản."
            " Hãy gặp trực tiếp để xác nhận.",
        )


def _check_payload(bin: str, number: str) -> None:
    paid = vietqr.decode(vietqr.encode(bin=bin, account=number)).pays
    if (paid.bin, paid.account) != (bin, number):
        raise Invalid("Mã QR của tài khoản này không đọc lại được đúng số. Hãy nhập lại.")
