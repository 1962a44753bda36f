"""The contract of source files: entities, columns, keys, and which columns are personal.

Plain declarations only: what every kind of source must yield, field for field (docs/how-to/source-files.md, after the
national synchronisation message, domain notes §1 and §2). Nothing here reads a file.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

_LETTER = r"[A-Za-z0-9\x{0110}\x{0111}\p{Cf}\x{ff10}-\x{ff19}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}]"
CODE = rf"{_LETTER}{{1,40}}(?:[._/\p{{Pd}}\x{{ff0e}}]{_LETTER}{{1,40}}){{0,11}}"
"""What a code looks like (RE2): letters of ASCII and Đ, and digits, in parts between dots, dashes, strokes or underscores; of
usual width or wide. Never a blank, never another letter of Vietnamese: what people are called has both.
"""
IDENTITY = (
    r"\d{9}|\d{12}|\d{3}[ .\p{Pd}]\d{3}[ .\p{Pd}]\d{3}(?:[ .\p{Pd}]\d{3})?"
    r"|(?:\+?84|0)[ .\p{Pd}]?\d{2,3}[ .\p{Pd}]?\d{3}[ .\p{Pd}]?\d{3,4}"
)
"""Digits alone that are as many as an identity card or a telephone has, however grouped: no code, whatever else they may be."""
IDENTITY_WITHIN = r"(?:^|\D)(?:\+?84|0)[ .\p{Pd}]?\d{2,3}[ .\p{Pd}]?\d{3}[ .\p{Pd}]?\d{3,4}(?:\D|$)"
"""A telephone within a text."""
UNLISTED = "UNLISTED"
"""Stands, past landing, for a code of another form ("ngoài danh mục"): it is counted, its text is nobody's to read."""
NOT_GIVEN = "not_given"
"""What values.csv maps a source's value to that says that nothing is given."""


@dataclass(frozen=True)
class CodeList:
    """Which values a coded column may have.

    Attributes:
        seed: the seed of dbt_project/seeds that lists the spellings that every province reads.
        optional: whether a row may leave the column empty.
        label: the seed's column with the spellings.
    """

    seed: str
    optional: bool = True
    label: str = "source_label"


@dataclass(frozen=True)
class Entity:
    """One kind of record.

    Attributes:
        name: folder name below the source in inbox and landing.
        columns: what landing keeps, in the order in which it keeps them; all arrive as text.
        personal: what is dropped at landing and never read again.
        amount: the column that a control file's ``total_amount_vnd`` adds up, if any.
        codes: columns that hold codes, with the form of each; text of another form goes nowhere past landing.
        names: columns that hold names, with the list that a name must stand in, ``agencies`` or ``procedures``; ``catalogue``
            is the list itself. Another name is NULL past landing: whoever typed it may have typed a person's.
        coded: the columns whose values are those of a list; what a source writes instead is mapped by values.csv.
    """

    name: str
    columns: tuple[str, ...]
    personal: tuple[str, ...] = ()
    amount: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    coded: Mapping[str, CodeList] = field(default_factory=dict)


_LEVEL, _FLAG = CodeList("ref_service_level_labels"), CodeList("ref_flag_labels")

_ALL = (
    Entity(
        "filings",
        (
            "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "KenhThucHien", "MucDo", "MaDonVi", "DonViXuLy",
            "NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra", "TrangThaiHoSo", "LoaiDoiTuong",
        ),
        personal=("ChuHoSo", "SoDinhDanh", "SoDienThoai", "Email", "DiaChi", "TrichYeuHoSo"),
        codes={"MaTTHC": CODE, "MaLinhVuc": CODE, "MaDonVi": CODE},
        names={"TenTTHC": "procedures", "TenLinhVuc": "procedures", "DonViXuLy": "agencies"},
        coded={
            "KenhThucHien": CodeList("ref_channel_labels"),
            "MucDo": _LEVEL,
            "TrangThaiHoSo": CodeList("ref_filing_status_labels", optional=False),
            "LoaiDoiTuong": CodeList("ref_applicant_kind_labels"),
        },
    ),
    Entity(
        "payment_requests",
        (
            "MaYeuCau", "MaHoSo", "MaDonVi", "SoTien", "Phi", "LePhi", "TrangThai", "HinhThucThanhToan", "HinhThucThu",
            "NgayYeuCau", "NgayThuPhi", "NgayHoanPhi", "MaGiaoDich", "MaNganHang",
        ),
        personal=("HoTenNguoiNop", "SoCMNDNguoiNop", "DiaChiNguoiNop"),
        amount="SoTien",
        codes={"MaDonVi": CODE, "MaGiaoDich": CODE, "MaNganHang": CODE},
        coded={
            "TrangThai": CodeList("ref_payment_statuses", optional=False),
            "HinhThucThanhToan": CodeList("ref_payment_methods"),
            "HinhThucThu": CodeList("ref_collection_kinds"),
        },
    ),
    Entity(
        "payment_attempts",
        (
            "MaThamChieu", "MaYeuCau", "MaHoSo", "SoTien", "TrangThai", "MaLoi", "MaGiaoDich", "MaNganHang",
            "ThoiGianGD",
        ),
        amount="SoTien",
        codes={"MaLoi": CODE, "MaGiaoDich": CODE, "MaNganHang": CODE},
        coded={"TrangThai": CodeList("ref_attempt_statuses", optional=False)},
    ),
    Entity(
        "procedures",
        (
            "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "CapThucHien", "MucDo", "CoThuPhi", "DaTichHopDVCQG",
            "HieuLucTu", "HieuLucDen",
        ),
        codes={"MaTTHC": CODE, "MaLinhVuc": CODE, "CapThucHien": CODE},
        names={"TenTTHC": "catalogue", "TenLinhVuc": "catalogue"},
        coded={"MucDo": _LEVEL, "CoThuPhi": _FLAG, "DaTichHopDVCQG": _FLAG},
    ),
    Entity(
        "reported_figures",
        ("MaDonVi", "Thang", "ChiTieu", "GiaTri"),
        codes={"MaDonVi": CODE},
        coded={"ChiTieu": CodeList("ref_reported_indicator_labels", optional=False)},
    ),
    Entity(
        "index_counts",
        ("MaDonVi", "Thang", "ThanhPhan", "TuSo", "MauSo"),
        codes={"MaDonVi": CODE},
        coded={"ThanhPhan": CodeList("ref_index_count_components", optional=False, label="source_component")},
    ),
)  # fmt: skip # columns that belong together share a line

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ALL}

_TONES = {
    "òa": "oà", "óa": "oá", "ỏa": "oả", "õa": "oã", "ọa": "oạ",
    "òe": "oè", "óe": "oé", "ỏe": "oẻ", "õe": "oẽ", "ọe": "oẹ",
    "ùy": "uỳ", "úy": "uý", "ủy": "uỷ", "ũy": "uỹ", "ụy": "uỵ",
}  # fmt: skip # a vowel is a row, a tone a column


def fold_label(value: str) -> str:
    """How a coded value is compared: what the macros ``clean_text`` and ``match_label`` make of it. NFC, small letters, one
    blank where there are several, nothing invisible, no zeros before a number, the tone mark where the newer spelling has it.
    """
    text = unicodedata.normalize("NFC", value).lower()
    text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    text = "".join(" " if c in "\t\n\f\r" or unicodedata.category(c).startswith("Z") else c for c in text)
    text = re.sub(r"^0+([0-9]+)$", r"\1", re.sub(" +", " ", text).strip(" "))
    for old, new in _TONES.items():
        text = text.replace(old, new)
    return text
