"""The areas that bring tables of their own: page, PDF and workbook all take them from the one list here.

Only the list and asking it may live here. An area is a module ``<area>_tables`` beside this one: a function that turns rows
of its marts into tables, and the contract of those marts. A publication of a version that did not have an area's marts yet has
none of its tables.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from dvctt.province.model import Province
from dvctt.report.marts import Mart, Marts, Row
from dvctt.report.tables.form_06a import FORM_CONTRACT, agency_form_tables, form_tables
from dvctt.report.tables.index import INDEX_CONTRACT, agency_index_tables, index_tables
from dvctt.report.tables.payments import PAYMENT_CONTRACT, agency_payment_tables, payment_tables
from dvctt.report.tables.refused_files import REFUSED_CONTRACT, refused_tables
from dvctt.report.tables.structure import STRUCTURE_CONTRACT, structure_tables
from dvctt.report.tables.table import DocumentTable
from dvctt.report.wording.language import _


@dataclass(frozen=True)
class Area:
    """One area. ``area_id`` is its anchor on the page, ``title`` its heading there, as a message."""

    area_id: str
    title: str
    contract: Mapping[str, Mart]
    tables: Callable[[Marts, date, Province], tuple[DocumentTable, ...]]
    agency_tables: Callable[[Marts, date, Row], tuple[DocumentTable, ...]] | None = None
    """What an agency's packet has of it, asked with the agency's row of mart_online_rates."""


AREAS: tuple[Area, ...] = (
    # One line an area, in the order of the page.
    Area(
        "bieu-06a",
        "Biểu II.06a: tình hình, kết quả giải quyết thủ tục hành chính",
        FORM_CONTRACT,
        form_tables,
        agency_form_tables,
    ),
    Area(
        "thanh-toan-chi-tiet",
        "Thanh toán: phí và lệ phí, ngân hàng, nghĩa vụ nộp",
        PAYMENT_CONTRACT,
        payment_tables,
        agency_payment_tables,
    ),
    Area("bo-chi-so", "Bộ chỉ số phục vụ người dân và doanh nghiệp", INDEX_CONTRACT, index_tables, agency_index_tables),
    Area(
        "co-cau-moi",
        "Số liệu theo cơ cấu đơn vị mới nhất và theo loại dịch vụ công",
        STRUCTURE_CONTRACT,
        structure_tables,
    ),
    Area("tep-bi-tu-choi", "Tệp của nguồn bị từ chối", REFUSED_CONTRACT, refused_tables),
)


@dataclass(frozen=True)
class AreaTables:
    area_id: str
    title_vi: str
    tables: tuple[DocumentTable, ...]


def contract_of_areas() -> Mapping[str, Mart]:
    """The marts of all areas."""
    return {name: mart for area in AREAS for name, mart in area.contract.items()}


def tables_of_areas(content: Marts, month: date, province: Province) -> tuple[AreaTables, ...]:
    """The tables of every area whose marts were read and that has any of the month, in the current language."""
    return tuple(
        AreaTables(area.area_id, _(area.title), tables)
        for area in AREAS
        if all(name in content.rows for name in area.contract) and (tables := area.tables(content, month, province))
    )


def agency_tables_of_areas(content: Marts, month: date, agency: Row) -> tuple[DocumentTable, ...]:
    """What the areas whose marts were read add to an agency's packet."""
    return tuple(
        table
        for area in AREAS
        if area.agency_tables and all(name in content.rows for name in area.contract)
        for table in area.agency_tables(content, month, agency)
    )
