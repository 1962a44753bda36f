"""No identity of the sample can be anybody's, and each can be found again if it leaks."""

import re

import pytest

from .conftest import Sample

MARKS = {
    "filings": {
        "ChuHoSo": r".+ \(MẪU\)",
        "SoDinhDanh": r"000\d{9}",
        "SoDienThoai": r"0000\d{6}",
        "Email": r"mau\d+@example\.invalid",
        "DiaChi": r"Địa chỉ mẫu .+",
        "TrichYeuHoSo": r"Trích yếu mẫu .+",
    },
    "payment_requests": {
        "HoTenNguoiNop": r".+ \(MẪU\)",
        "SoCMNDNguoiNop": r"000\d{9}",
        "DiaChiNguoiNop": r"Địa chỉ mẫu .+",
    },
}
ANY_MARK = re.compile(r"\(MẪU\)|\b000\d{9}\b|\b0000\d{6}\b|@example\.invalid|Địa chỉ mẫu|Trích yếu mẫu")


@pytest.mark.parametrize("entity", MARKS)
def test_every_personal_value_is_there_and_carries_its_mark(sample: Sample, entity: str) -> None:
    rows = 0
    for name, row in sample.rows(entity):
        rows += 1
        for column, mark in MARKS[entity].items():
            assert re.fullmatch(mark, row[column]), (name, column, row[column])
    assert rows > 15_000


@pytest.mark.parametrize("entity", ["filings", "payment_requests", "payment_attempts", "procedures"])
def test_no_other_value_looks_like_a_personal_one(sample: Sample, entity: str) -> None:
    rows = 0
    for name, row in sample.rows(entity):
        rows += 1
        rest = "|".join(value for column, value in row.items() if column not in MARKS.get(entity, {}))
        assert not ANY_MARK.search(rest), (name, rest)
    assert rows > 2000


def test_identity_numbers_are_unique(filings: list[dict[str, str]]) -> None:
    assert len({row["SoDinhDanh"] for row in filings}) == len(filings)
