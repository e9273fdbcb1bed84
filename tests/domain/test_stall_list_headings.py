"""Headings are known however boards write them."""

import unicodedata

import pytest

from market.domain.stall_list.headings import Field, read_heading

KNOWN = {
    Field.STALL: "Ki ốt số, Số ki-ốt, Quầy số, Số sạp, Ô số, Vị trí, Mã điểm KD, Kiốt, Số quầy/sạp,"
    "Điểm KD, Ô, KI-ỐT SỐ, Số hiệu ki ốt, Vị trí quầy hàng, Số lô, Gian hàng số, Số ô/sạp/quầy",
    Field.SECTION: "Khu, Dãy, Khu vực, Khu/Dãy, Dãy hàng, Tên khu, Khu vực kinh doanh, Dãy số",
    Field.MERCHANT: "Họ và tên, Họ tên chủ hộ, Họ và tên chủ hộ, Chủ hộ, Tên hộ kinh doanh,"
    "Tên tiểu thương, Họ tên, Họ & tên, Hộ kinh doanh, Tên HKD, Chủ sạp, Tên hộ KD,"
    "Họ tên người kinh doanh, Họ và tên (chủ hộ), Họ và tên chủ ki ốt, Tên",
    Field.PHONE: "Số điện thoại, Điện thoại, SĐT, Số ĐT, ĐT, ĐTDĐ, Số điện thoại liên hệ,"
    "Di động, SDT, Liên hệ, Số ĐT chủ hộ",
    Field.LINE: "Ngành hàng, Ngành hàng kinh doanh, Mặt hàng, Mặt hàng kinh doanh, Ngành nghề,"
    "Ngành nghề kinh doanh, Mặt hàng KD, Nhóm hàng, Hàng hóa kinh doanh, Loại hình kinh doanh",
    Field.ACCOUNT: "Số tài khoản, Số TK, STK, Tài khoản, Số tài khoản ngân hàng, Số TK ngân hàng,"
    "Tài khoản nhận tiền, Số tài khoản (STK), Số tài khoản/ví",
    Field.BANK: "Ngân hàng, Tên ngân hàng, Tên NH, NH, Mở tại ngân hàng, Mở tại, Mã NH,"
    "Ngân hàng mở tài khoản, Tại ngân hàng, Ngân hàng (mã hoặc tên), Ngân hàng/Ví",
    Field.HOLDER: "Chủ tài khoản, Tên chủ TK, Chủ TK, Tên tài khoản, Họ tên chủ tài khoản",
    Field.STATE: "Tình trạng, Trạng thái, Hiện trạng, Tình trạng hoạt động",
    Field.AREA: "Diện tích, Diện tích (m2), Diện tích (m²), DT (m2)",
    Field.NOTE: "Ghi chú, Ghi chú khác",
    Field.REGISTRATION_CODE: "Mã số HKD, MST, Mã số thuế, Mã số hộ kinh doanh, Số ĐKKD",
    Field.PLACEMENT: "Loại điểm, Cố định/Không cố định",
}
PAIRS = [
    (field, heading.strip()) for field, headings in KNOWN.items() for heading in headings.split(",")
]


@pytest.mark.parametrize(("field", "heading"), PAIRS)
def test_a_heading_is_known_whatever_its_case_form_and_marks(field: Field, heading: str) -> None:
    written = (
        heading,
        heading.upper(),
        unicodedata.normalize("NFD", heading),
        heading.replace(" ", "\n"),
        f"  {heading.replace(' ', '  ')} (*) :",
    )

    assert [read_heading(form).field for form in written] == [field] * len(written)


@pytest.mark.parametrize("heading", ["So dien thoai", "HO VA TEN", "Nganh hang", "So tai khoan"])
def test_a_heading_without_accents_is_known(heading: str) -> None:
    assert read_heading(heading).field is not None


@pytest.mark.parametrize(
    "heading",
    [
        "Số CCCD",
        "CMND",
        "Số CCCD/CMND",
        "Căn cước công dân",
        "Số định danh cá nhân",
        "Chứng minh nhân dân",
        "Số CMT",
        "SỐ\nCCCD (*)",
        "CCCD/MST",
        "Ngày cấp CCCD",
        "Hộ chiếu",
    ],
)
def test_citizen_ids_are_private(heading: str) -> None:
    assert read_heading(heading).is_private


@pytest.mark.parametrize("heading", ["STT", "TT", "Số TT", "Số thứ tự"])
def test_numbers_in_the_list_are_told_apart(heading: str) -> None:
    assert read_heading(heading).is_ordinal


@pytest.mark.parametrize(
    "heading",
    [
        "",
        "Địa chỉ",
        "Năm sinh",
        "Chi nhánh",
        "DT",
        "Giá thuê",
        "Số lượng",
        "Tên cửa hàng",
        "Ký nhận",
        "DANH SÁCH HỘ KINH DOANH TẠI CHỢ ĐẦM HÀ",
    ],
)
def test_other_headings_mean_nothing(heading: str) -> None:
    assert read_heading(heading).field is None


def test_every_field_has_a_vietnamese_name() -> None:
    assert all(field.label for field in Field)
