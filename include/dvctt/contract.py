"""The contract of source files: entities, columns, keys, and which columns are personal.

Plain declarations only: what every kind of source must yield, field for field (docs/how-to/source-files.md, after the
national synchronisation message, domain notes §1 and §2). Nothing here reads a file.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entity:
    """One kind of record.

    Attributes:
        name: folder name below the source in inbox and landing.
        columns: what landing keeps, in the order in which it keeps them; all arrive as text.
        personal: what is dropped at landing and never read again.
        amount: the column that a control file's ``total_amount_vnd`` adds up, if any.
    """

    name: str
    columns: tuple[str, ...]
    personal: tuple[str, ...] = ()
    amount: str | None = None


_ALL = (
    Entity(
        "filings",
        (
            "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "KenhThucHien", "MucDo", "MaDonVi", "DonViXuLy",
            "NgayNopHoSo", "NgayTiepNhan", "NgayHenTra", "NgayKetThucXuLy", "NgayTra", "TrangThaiHoSo", "LoaiDoiTuong",
        ),
        personal=("ChuHoSo", "SoDinhDanh", "SoDienThoai", "Email", "DiaChi", "TrichYeuHoSo"),
    ),
    Entity(
        "payment_requests",
        (
            "MaYeuCau", "MaHoSo", "MaDonVi", "SoTien", "Phi", "LePhi", "TrangThai", "HinhThucThanhToan", "HinhThucThu",
            "NgayYeuCau", "NgayThuPhi", "NgayHoanPhi", "MaGiaoDich", "MaNganHang",
        ),
        personal=("HoTenNguoiNop", "SoCMNDNguoiNop", "DiaChiNguoiNop"),
        amount="SoTien",
    ),
    Entity(
        "payment_attempts",
        (
            "MaThamChieu", "MaYeuCau", "MaHoSo", "SoTien", "TrangThai", "MaLoi", "MaGiaoDich", "MaNganHang",
            "ThoiGianGD",
        ),
        amount="SoTien",
    ),
    Entity(
        "procedures",
        (
            "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "CapThucHien", "MucDo", "CoThuPhi", "DaTichHopDVCQG",
            "HieuLucTu", "HieuLucDen",
        ),
    ),
    Entity("reported_figures", ("MaDonVi", "Thang", "ChiTieu", "GiaTri")),
    Entity("index_counts", ("MaDonVi", "Thang", "ThanhPhan", "TuSo", "MauSo")),
)  # fmt: skip

ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ALL}
