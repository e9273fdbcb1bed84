"""What is told about rows of a list: one sentence for each code, and what to do next."""

from market.domain.errors import Problem
from market.domain.stall_list.headings import Field

_LONGEST_QUOTE = 40

_TEXTS = {
    "stall_missing": "Thiếu số điểm kinh doanh (ki-ốt, quầy, sạp). Hãy điền số rồi tải lại.",
    "merchant_missing": "Điểm đang kinh doanh nhưng thiếu tên hộ."
    " Hãy điền tên, hoặc ghi tình trạng “Trống”.",
    "bank_missing": "Có số tài khoản nhưng thiếu ngân hàng. Hãy điền tên ngân hàng hoặc mã BIN.",
    "account_missing": "Có ngân hàng nhưng thiếu số tài khoản."
    " Hãy điền số tài khoản hoặc xóa tên ngân hàng.",
    "account_damaged": "Số tài khoản đã bị bảng tính làm mất chữ số."
    " Hãy định dạng ô là văn bản rồi gõ lại cả số.",
    "account_invalid": "Số tài khoản phải gồm 1 đến 19 chữ số hoặc chữ cái không dấu."
    " Hãy hỏi lại hộ kinh doanh rồi sửa.",
    "account_from_number": "Số tài khoản nằm trong ô kiểu số nên có thể đã mất các số 0 ở đầu."
    " Tài khoản sẽ chờ kiểm tra.",
    "name_differs": "Tên chủ tài khoản khác tên hộ kinh doanh."
    " Hãy kiểm tra tài khoản này là của ai.",
    "column_private": "Cột số định danh cá nhân (CCCD, CMND) không được đọc và không được lưu."
    " Hãy xóa cột này khỏi danh sách.",
    "id_private": "Mã số này là số định danh cá nhân của chủ hộ nên không được lưu."
    " Hãy để trống ô này.",
}


def problem(
    code: str, row: int, field: Field | None = None, *, column: str | None = None
) -> Problem:
    return Problem(_TEXTS[code], code=code, field=field, row=row, column=column)


def stall_duplicate(row: int, code: str, earlier: int, column: str | None) -> Problem:
    return Problem(
        f"Điểm {_quoted(code)} đã có ở dòng {earlier}. Hãy sửa số điểm hoặc bỏ một trong hai dòng.",
        code="stall_duplicate",
        field=Field.STALL,
        row=row,
        column=column,
    )


def bank_unknown(row: int, written: str, column: str | None) -> Problem:
    return Problem(
        f"Không nhận ra ngân hàng {_quoted(written)}."
        " Hãy ghi tên thường dùng, tên viết tắt hoặc mã BIN gồm 6 chữ số của ngân hàng.",
        code="bank_unknown",
        field=Field.BANK,
        row=row,
        column=column,
    )


def line_unknown(row: int, written: str, column: str | None) -> Problem:
    return Problem(
        f"Ngành hàng {_quoted(written)} không có trong danh mục. Điểm vẫn được nhập;"
        " hãy chọn ngành hàng sau.",
        code="line_unknown",
        field=Field.LINE,
        row=row,
        column=column,
    )


def account_conflict(row: int, earlier: int, column: str | None) -> Problem:
    return Problem(
        f"Hộ này đã có tài khoản khác ở dòng {earlier}."
        " Hãy giữ một tài khoản cho mỗi hộ; tài khoản thứ hai thêm sau khi nhập.",
        code="account_conflict",
        field=Field.ACCOUNT,
        row=row,
        column=column,
    )


def account_shared(row: int, earlier: int | None, column: str | None) -> Problem:
    """`earlier` is the row of the other merchant, None for one of the register."""
    where = "đã có trong sổ" if earlier is None else f"ở dòng {earlier}"
    return Problem(
        f"Tài khoản này cũng là của hộ khác {where}. Hãy kiểm tra tài khoản là của ai.",
        code="account_shared",
        field=Field.ACCOUNT,
        row=row,
        column=column,
    )


def _quoted(text: str) -> str:
    shown = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
    return f"“{shown}”"
