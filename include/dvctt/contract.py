"""The contract of source files: entities, columns, keys, and which columns are personal.

Plain declarations only: what every kind of source must yield, field for field (docs/how-to/source-files.md, after the
national synchronisation message, domain notes §1 and §2). Nothing here reads a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

_LETTER = r"[A-Za-z0-9\x{0110}\x{0111}\p{Cf}\x{ff10}-\x{ff19}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}]"
CODE = rf"{_LETTER}{{1,40}}(?:[._/\p{{Pd}}\x{{ff0e}}]{_LETTER}{{1,40}}){{0,11}}"
"""What a code looks like (RE2): letters of ASCII and Đ, and digits, in parts between dots, dashes, strokes or underscores; of
usual width or wide. Never a blank, never another letter of Vietnamese: what people are called has both.
"""
KIND = r"\d{1,2}"
"""A member of a short national list."""
IDENTITY = (
    r"\d{9}|\d{12}|\d{3}[ .\p{Pd}]\d{3}[ .\p{Pd}]\d{3}(?:[ .\p{Pd}]\d{3})?"
    r"|(?:\+?84|0)[ .\p{Pd}]?\d{2,3}[ .\p{Pd}]?\d{3}[ .\p{Pd}]?\d{3,4}"
)
"""Digits alone that are as many as an identity card or a telephone has, however grouped: no code, whatever else they may be."""
IDENTITY_WITHIN = r"(?:^|\D)(?:\+?84|0)[ .\p{Pd}]?\d{2,3}[ .\p{Pd}]?\d{3}[ .\p{Pd}]?\d{3,4}(?:\D|$)"
"""A telephone within a text."""
UNLISTED = "UNLISTED"
"""Stands, past landing, for a code of another form ("ngoài danh mục"): it is counted, its text is nobody's to read."""


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
    """

    name: str
    columns: tuple[str, ...]
    personal: tuple[str, ...] = ()
    amount: str | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


_ALL = (
    Entity(
        "filings",
        (
            "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "KenhThucHien", "MucDo", "MaDonVi", "DonViXuLy",
            "NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra", "TrangThaiHoSo", "LoaiDoiTuong",
        ),
        personal=("ChuHoSo", "SoDinhDanh", "SoDienThoai", "Email", "DiaChi", "TrichYeuHoSo"),
        codes={"MaTTHC": CODE, "MaLinhVuc": CODE, "MaDonVi": CODE, "LoaiDoiTuong": KIND},
        names={"TenTTHC": "procedures", "TenLinhVuc": "procedures", "DonViXuLy": "agencies"},
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
    ),
    Entity(
        "payment_attempts",
        (
            "MaThamChieu", "MaYeuCau", "MaHoSo", "SoTien", "TrangThai", "MaLoi", "MaGiaoDich", "MaNganHang",
            "ThoiGianGD",
        ),
        amount="SoTien",
        codes={"MaLoi": CODE, "MaGiaoDich": CODE, "MaNganHang": CODE},
    ),
    Entity(
        "procedures",
        (
            "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "CapThucHien", "MucDo", "CoThuPhi", "DaTichHopDVCQG",
            "HieuLucTu", "HieuLucDen",
        ),
        codes={"MaTTHC": CODE, "MaLinhVuc": CODE, "CapThucHien": CODE},
        names={"TenTTHC": "catalogue", "TenLinhVuc": "catalogue"},
    ),
    Entity("reported_figures", ("MaDonVi", "Thang", "ChiTieu", "GiaTri"), codes={"MaDonVi": CODE, "ChiTieu": CODE}),
    Entity(
        "index_counts", ("MaDonVi", "Thang", "ThanhPhan", "TuSo", "MauSo"), codes={"MaDonVi": CODE, "ThanhPhan": CODE}
    ),
)  # fmt: skip

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ALL}
