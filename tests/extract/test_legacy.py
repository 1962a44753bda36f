"""Text of a font's code is recognised in every encoding, and true text is never taken for it."""

from pathlib import Path

import pytest
from dvctt.core.contract import ENTITIES
from dvctt.extract._forms.legacy import legacy_code
from dvctt.province.model import Feed

from tests.conftest import filing
from tests.extract.test_delimited import read, refused, written

TCVN3 = "Së Tµi chÝnh;UBND huyÖn VÜnh T­êng;®Êt ®ai;Phßng ®¨ng ký;hµnh chÝnh c«ng;c¸n bé"
VNI = "Sôû Taøi chính;UBND huyeän Vónh Töôøng;ñaát ñai;Phoøng ñaêng kyù;haønh chính coâng;caùn boä"


@pytest.mark.parametrize(("text", "code"), [(TCVN3, "TCVN3 (ABC)"), (VNI, "VNI")])
@pytest.mark.parametrize(
    ("encoding", "feed"), [("utf-8", None), ("latin-1", None), ("latin-1", Feed(encoding="windows-1258"))]
)
def test_a_font_s_code_is_recognised_and_refused_with_the_way_to_convert_it(
    tmp_path: Path, text: str, code: str, encoding: str, feed: Feed | None
) -> None:
    rows = [filing(str(n), "243", "20221001000000", DonViXuLy=name) for n, name in enumerate(text.split(";"))]
    for row in rows:
        row |= dict.fromkeys(ENTITIES["filings"].personal, "")
    message = refused(tmp_path, written(rows).encode(encoding), feed)
    assert code in message and f"from {code} to Unicode" in message


def test_true_vietnamese_and_foreign_names_are_no_font_s_code(tmp_path: Path) -> None:
    rows = [
        filing(str(n), "243", "20221001000000", DonViXuLy=name)
        for n, name in enumerate(
            ("Naïve Citroën GmbH®", "Nguyễn Thuý Quỳnh", "chuyển nhượng quyền sử dụng đất", "hoà giải", "España") * 3
        )
    ]
    assert read(tmp_path, written(rows).encode())[0].rows == len(rows)


def test_a_few_signs_make_no_code_and_true_letters_outweigh_them() -> None:
    assert legacy_code("Tµi") is None
    assert legacy_code("Tµi " * 5) == "TCVN3 (ABC)"
    assert legacy_code("Tµi " * 5 + "Sở Tài chính, Nguyễn, Đặng, Vĩnh Tường, Lập Thạch") is None
