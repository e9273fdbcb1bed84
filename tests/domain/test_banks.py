"""The bank directory: what people write, and the bank they mean."""

import unicodedata

import pytest

from market.domain.banks import Bank, BankDirectory, BankKind, packaged_banks
from market.domain.errors import NotFound

DIRECTORY = BankDirectory(packaged_banks())

WRITTEN = {
    "970405": (
        "Agribank", "AGRIBANK", "Agribank.", "VBA", "970405", "NH Nông nghiệp", "Nông nghiệp",
        "NH Nông nghiệp và PTNT", "Ngân hàng NN&PTNT VN - CN Đầm Hà", "NN&PTNT", "NNo & PTNT",
        "NHNo&PTNT Việt Nam", "Ngân hàng Nông nghiệp và Phát triển Nông thôn Việt Nam",
        "Ngân hàng Nông nghiệp và phát triển nông thôn (Agribank)", "nong nghiep va ptnt",
    ),
    "970436": (
        "Vietcombank", "VCB", "Vietcombank CN Quảng Ninh", "NHTMCP Ngoại thương", "Ngoại thương",
        "Ngân hàng TMCP Ngoại thương Việt Nam (Vietcombank) - CN Hạ Long", "Vietcom bank",
        "Ngân hàng Thương mại cổ phần Ngoại thương Việt Nam", "NH TM CP Ngoại thương VN",
    ),
    "970418": ("BIDV", "BIDV - chi nhánh Hạ Long", "Đầu tư và Phát triển", "NH ĐT&PT Việt Nam"),
    "970415": (
        "VietinBank", "Vietinbank CN Cẩm Phả", "ICB", "CTG", "Công thương", "NHTMCP Công thương",
        "Ngân hàng TMCP Công Thương Việt Nam",
    ),
    "970407": ("TECHCOMBANK", "TCB", "Kỹ thương", "NH TMCP Kỹ thương VN, PGD Bãi Cháy"),
    "970424": ("NH TNHH MTV Shinhan VN", "Ngân hàng TNHH một thành viên Shinhan Việt Nam"),
    "970422": (
        "NHTM CP Quân đội", "MB P. Giao dịch số 2", "MB",
        "MB Bank", "mb bank", "MBBank", "Quân đội", "Ngân hàng TMCP Quân Đội",
    ),
    "970416": ("ACB", "ACB - PGD Hồng Gai", "Á Châu", "ACB phòng giao dịch Hồng Gai"),
    "970403": ("Sacombank", "STB", "Sài Gòn Thương Tín"),
    "970400": ("SaigonBank", "Sài Gòn Công thương", "SGICB"),
    "970429": ("SCB", "Sài Gòn", "Ngân hàng TMCP Sài Gòn - CN Hà Nội"),
    "970443": ("SHB", "Sài Gòn - Hà Nội", "NH Sài Gòn Hà Nội"),
    "970406": ("DongA", "Đông Á", "DongA Bank", "Vikki", "Vikki Bank"),
    "970414": ("OceanBank", "MBV", "Đại Dương"),
    "970444": ("CBBank", "VCBNeo", "CBB", "Xây dựng"),
    "970449": ("Lienvietpostbank", "LPBank", "Bưu điện Liên Việt", "Lộc Phát"),
    "970454": ("VietCapitalBank", "BVBank", "VCCB", "Bản Việt"),
    "970438": ("Bảo Việt", "BaoVietBank", "BVB"),
    "970421": ("Việt - Nga", "VRB", "Ngân hàng Liên doanh Việt Nga"),
    "970432": ("VPBank", "VP Bank", "Việt Nam Thịnh Vượng"),
    "970433": ("VietBank", "Việt Nam Thương Tín"),
    "970437": ("HDBank", "Phát triển TP.HCM"),
    "970412": ("PVcomBank", "Đại Chúng"),
    "970441": ("VIB", "Quốc tế"),
    "970458": ("UOB VN", "UOB"),
    "970455": ("IBK - HN", "Ngân hàng Công nghiệp Hàn Quốc - Chi nhánh Hà Nội"),
    "999888": ("Ngân hàng Chính sách xã hội", "VBSP", "NHCSXH"),
    "963388": ("Timo", "Ngân hàng số Timo"),
    "546034": ("Cake", "CAKE by VPBank"),
    "971005": ("Viettel Money", "ViettelPay", "ViettelMoney"),
    "971011": ("VNPT Money", "VNPT Pay"),
    "971025": ("Momo", "MoMo", "Ví MoMo", "Ví điện tử Momo"),
}  # fmt: skip


def bank(bin: str, name: str, *aliases: str, notes: str = "") -> Bank:
    return Bank(bin, f"C{bin}", name, f"Ngân hàng {name}", BankKind.BANK, aliases, notes=notes)


@pytest.mark.parametrize(
    ("written", "bin"), [(text, bin) for bin, texts in WRITTEN.items() for text in texts]
)
def test_banks_are_found_as_boards_write_them(written: str, bin: str) -> None:
    found = DIRECTORY.find(written)

    assert found is not None
    assert found.bin == bin


@pytest.mark.parametrize("written", ["Nông nghiệp", "Đầu tư và Phát triển", "Quân đội"])
def test_decomposed_text_is_found_too(written: str) -> None:
    assert DIRECTORY.find(unicodedata.normalize("NFD", written)) is DIRECTORY.find(written)


@pytest.mark.parametrize(
    "written",
    [
        "", " . ", "Ngân hàng", "NH TMCP", "Việt Nam", "Ngân hàng Việt Nam", "CN Hà Nội", "PGD",
        "Ngân hàng Hoa Sen", "Thương Tín", "Thịnh Vượng", "Viettel", "Mobile Money", "97040",
        "970499", "Agribank Đầm Hà", "Vietcombankk", "Vietcom bamk", "Sài Gòn Công", "Công",
        "bank", "Sài Gòn (SHB)", "ACB / BIDV", "ACB, Vietcombank", "Kookmin", "KEB Hana",
        "Ngân hàng Công nghiệp Hàn Quốc", "CIMB", "Ngân hàng CIMB", "Mirae Asset", "MAFC",
    ],
)  # fmt: skip
def test_what_fits_none_or_two_is_not_found(written: str) -> None:
    assert DIRECTORY.find(written) is None


@pytest.mark.parametrize("bin", ["422589", "970459", "970468", "977777"])
def test_banks_in_conflict_are_found_by_bin_and_need_confirmation(bin: str) -> None:
    found = DIRECTORY.find(bin)

    assert found is not None
    assert (found.bin, found.needs_confirmation) == (bin, True)


def test_every_name_of_every_row_finds_that_row_alone() -> None:
    lost = [
        (row.bin, name)
        for row in DIRECTORY
        if not row.is_in_conflict
        for name in (row.bin, row.code, row.short_name, row.full_name, *row.aliases)
        if DIRECTORY.find(name) is not row
    ]

    assert lost == []


def test_no_alias_stands_twice() -> None:
    assert [row.bin for row in packaged_banks() if len(set(row.aliases)) < len(row.aliases)] == []


def test_the_packaged_directory_is_complete() -> None:
    assert len(packaged_banks()) == len(DIRECTORY) == 72
    assert all(len(row.bin) == 6 and row.bin.isdigit() for row in DIRECTORY)


def test_only_finance_houses_and_conflicts_need_confirmation() -> None:
    asked = {row.bin for row in DIRECTORY if row.needs_confirmation}

    assert asked == {"422589", "970459", "970460", "970464", "970468", "970470", "977777"}


def test_flags_may_be_unknown() -> None:
    flags = {row.bin: (row.payer_app_can_scan, row.name_lookup) for row in DIRECTORY}

    assert flags["970459"] == (None, None)
    assert flags["970406"] == (False, True)


def test_rows_are_got_by_bin() -> None:
    assert DIRECTORY.get("970436").short_name == "Vietcombank"
    with pytest.raises(NotFound):
        DIRECTORY.get("970499")


def test_an_operators_row_is_found_without_a_release() -> None:
    directory = BankDirectory([*packaged_banks(), bank("880001", "Hoa Sen", "Lotus")])

    assert [found and found.bin for found in map(directory.find, ("NH Hoa Sen", "lotus"))] == [
        "880001",
        "880001",
    ]


def test_a_code_goes_before_an_alias() -> None:
    named, aliased = bank("880001", "Sen"), bank("880002", "Súng", "C880001")

    assert BankDirectory([aliased, named]).find("c880001") is named


def test_two_banks_of_one_alias_are_not_found_by_it() -> None:
    directory = BankDirectory([bank("880001", "Sen", "Hoa"), bank("880002", "Súng", "Hoa")])

    assert directory.find("Hoa") is None


def test_a_branch_is_dropped_as_a_word_only() -> None:
    directory = BankDirectory([bank("880001", "Tacna"), bank("880002", "Ta")])

    assert directory.find("Tacna CN 2") is directory.get("880001")
    assert directory.find("Ta-CN2") is None
