"""Invented names and numbers that nobody can take for real ones."""

from random import Random

FAMILY = (
    *("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô"),
    *("Dương", "Lý", "Đinh", "Nông", "Hà", "Lương", "Tằng", "Chìu", "Phùn", "Vi"),
)
MIDDLE = ("Thị", "Văn", "Hồng", "Minh", "Đức", "Thanh", "Thu", "Ngọc", "Xuân", "Mãn")
GIVEN = (
    *("Lan", "Mai", "Hoa", "Nga", "Hương", "Thủy", "Bình", "Dũng", "Hùng", "Tuấn", "Yến"),
    *("Phượng", "Đào", "Quế", "Sáng", "Thắm", "Múi", "Loan", "Ánh", "Hằng"),
)
KINDS_OF_NAME = ("Chợ {}", "Chợ trung tâm {}", "Chợ chiều {}", "Chợ bến {}", "Chợ đêm {}")


def person(random: Random) -> str:
    """An invented name."""
    return f"{random.choice(FAMILY)} {random.choice(MIDDLE)} {random.choice(GIVEN)}"


def phone(number: int) -> str:
    """A phone of the range 0900, recognisably counted up."""
    return f"0900{number % 1_000_000:06}"


def account_number(number: int) -> str:
    """Thirteen digits beginning with four zeros, recognisably counted up."""
    return f"0000{number:09}"


def market_name(commune: str, place: int) -> str:
    """The name of the `place`-th market of a commune, from 0 on."""
    pattern = KINDS_OF_NAME[place % len(KINDS_OF_NAME)]
    again = place // len(KINDS_OF_NAME)
    return pattern.format(commune) + (f" {again + 1}" if again else "")
