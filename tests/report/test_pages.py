"""The pages as an officer reads them: every number from a mart, nothing missing in silence, nothing from outside."""

import re
import unicodedata
from datetime import date
from html.parser import HTMLParser

import pytest
from dvctt.core.errors import ReportError
from dvctt.report.documents.month_page import write_reports
from dvctt.report.wording.caveats import in_words

FIGURE = re.compile(r'<(data|span)[^>]* data-figure="[^"]*"[^>]*>(.*?)</\1>')
"""The element that names a figure: unlike any other it does not part the words around it."""


class Page(HTMLParser):
    """Tags, ids, links and the visible text of a page."""

    VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        if FIGURE.search(text):
            self.words = Page(FIGURE.sub(r"\2", text)).words

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "title", "desc"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def values(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.tags if name in attributes]


@pytest.fixture(scope="module")
def october(written):
    return written[0].read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(october):
    return Page(october)


def test_every_month_gets_a_page_newest_first_and_an_index_last(written):
    assert [path.name for path in written] == ["bao-cao-2022-10.html", "bao-cao-2022-09.html", "index.html"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Báo cáo tình hình cung cấp dịch vụ công trực tuyến tháng 10 năm 2022",
        "Ủy ban nhân dân tỉnh Vĩnh Phúc",
        "từ ngày 01/10/2022 đến hết ngày 31/10/2022",
        "Số liệu tính đến lúc 01:02 05/11/2022",
        "Nguồn: hệ thống một cửa",
        "Khối sở ban ngành: 2.952 hồ sơ trực tuyến trên 5.869 hồ sơ tiếp nhận, đạt 50,3%",
        "Khối huyện thành phố * (có lưu ý) : 18.525 hồ sơ trực tuyến trên 23.449 hồ sơ tiếp nhận, đạt 79,0%",
        "2.930 + 19 + 3 = 2.952",
        "11.977 + 6.527 + 21 = 18.525",
        "Khối sở ban ngành có 3 hồ sơ; Khối huyện thành phố có 21 hồ sơ",
        "2.700 + 2.952 + 217 = 5.869",
        "Khối sở ban ngành có 41 hồ sơ",
        "Khối huyện thành phố * (có lưu ý) cao hơn Khối sở ban ngành 28,7 điểm %",
        "8.918 giao dịch thanh toán trực tuyến, tổng số tiền 8.147.236.000 đồng",
        "thực hiện 38,8% so với mục tiêu 70,0%, thiếu 31,2 điểm %, tức 636 thủ tục",
        "Danh mục có 2.039 dịch vụ, trong đó 254 dịch vụ mức độ 3 và 538 dịch vụ mức độ 4",
        "744 trên 792 dịch vụ mức độ 3 và mức độ 4 đã kết nối",
        "Tổng số (538 + 254 + 1.247) 2.039",
        "Cao nhất: Sở Y tế (100,0%). Thấp nhất: Sở Tài nguyên và Môi trường (33,2%).",
        "9 tháng đầu năm 01/01/2022 – 30/09/2022 21,8% 8.720 trên 40.000 50,3% 2.952 trên 5.869 +28,5 điểm %",
        "không có * (có lưu ý) kỳ gốc có dữ liệu 5 trên 6 tháng",
        "không có * (có lưu ý) kỳ gốc không tiếp nhận hồ sơ nào",
    ],
)
def test_the_page_says_what_the_marts_say(page, sentence):
    assert sentence in page.text


def test_a_target_that_nobody_held_against_its_text_says_so_where_it_is_called_met(
    build_marts, rows, province, tmp_path
):
    first, *others = rows["mart_targets"]
    recalled = tuple("recalled" if value == "published" else value for value in first)
    write_reports(build_marts(mart_targets=[recalled, *others]), tmp_path / "r", province, 1)
    text = (tmp_path / "r" / "bao-cao-2022-10.html").read_text(encoding="utf-8")
    assert "</data> thủ tục (mục tiêu chưa đối chiếu được với văn bản gốc)." in text


def test_the_page_names_the_definition_that_it_uses_with_its_basis_and_no_other(october, page):
    assert (
        "Báo cáo này dùng định nghĩa “Tỷ lệ <mẫu>”: tử số là hồ sơ trực tuyến; mẫu số là "
        "toàn bộ hồ sơ; căn cứ: Nghị định mẫu (chưa đối chiếu được với văn bản gốc). Tỷ lệ của khối"
    ) in page.text
    assert 'data-figure="mart_online_rate_definitions/online_rate.x/2/2022-10/province/26/legal_basis_vi"' in october
    assert page.text.count("Báo cáo này dùng định nghĩa") == 1
    assert october.count("Mã của định nghĩa trong kho số liệu: <code>online_rate.x</code>, phiên bản 2.") == 1


def test_what_the_definition_in_use_cannot_apply_is_said(build_marts, rows, tmp_path, province):
    used, *others = rows["mart_online_rate_definitions"]
    lacking = [(*used[:9], "Chưa áp dụng điều kiện mẫu", *used[10:]), *others]
    write_reports(build_marts(mart_online_rate_definitions=lacking), tmp_path / "out", province, 7)
    page = Page((tmp_path / "out" / "bao-cao-2022-10.html").read_text(encoding="utf-8"))
    assert "(chưa đối chiếu được với văn bản gốc). Chưa áp dụng điều kiện mẫu. Tỷ lệ của khối" in page.text


def test_a_feed_that_did_not_come_is_named_and_is_no_zero(page):
    assert "Chưa có dữ liệu: UBND thành phố Vĩnh Yên." in page.text
    assert "– UBND thành phố Vĩnh Yên * (có lưu ý) chưa có dữ liệu * Có lưu ý." in page.text


def test_the_box_names_every_caveat_of_the_month_the_province_first(page):
    box = page.text.split("Lưu ý về số liệu", 1)[1].split("1. Tóm tắt")[0]
    assert (
        "Toàn tỉnh Vĩnh Phúc Hồ sơ Chưa có dữ liệu từ UBND thành phố Vĩnh Yên "
        "Toàn tỉnh Vĩnh Phúc Hồ sơ Chưa tính 8 dòng bị cách ly "
        "Khối huyện thành phố Hồ sơ Chưa có dữ liệu từ UBND thành phố Vĩnh Yên "
        "Khối huyện thành phố Hồ sơ Chưa tính 8 dòng bị cách ly "
        "UBND huyện Vĩnh Tường Hồ sơ Chưa tính 8 dòng bị cách ly "
    ) in box
    assert "Tháng 09/2022, thanh toán: chưa tính 2 dòng bị cách ly." in box


def test_a_month_without_caveats_says_so_and_marks_nothing(build_marts, rows, tmp_path, province):
    rates = [(*row[:-1], None) for row in rows["mart_online_rates"]]
    paid = [(*row[:-1], None) for row in rows["mart_payments"]]
    marts = build_marts(mart_online_rates=rates, mart_payments=paid, mart_caveats=[])
    text = Page(write_reports(marts, tmp_path / "r", province, 1)[0].read_text("utf-8")).text
    assert "Không có lưu ý nào về số liệu của tháng 10/2022." in text
    assert "(có lưu ý)" not in text
    assert "* Có lưu ý" not in text


def test_a_card_with_a_caveat_says_which_agency_it_lacks_and_a_card_without_one_does_not(page):
    cards = page.text.split("1. Tóm tắt", 1)[1].split("Khối sở ban ngành:")[0]
    assert (
        "Khối huyện thành phố * (có lưu ý) 79,0% 18.525 trên 23.449 hồ sơ, 2 cơ quan Chưa gồm: UBND thành phố Vĩnh Yên "
        "* Chưa có dữ liệu từ UBND thành phố Vĩnh Yên · chưa tính 8 dòng bị cách ly"
    ) in cards
    assert "Khối sở ban ngành 50,3% 2.952 trên 5.869 hồ sơ, 2 cơ quan Khối huyện" in cards


def test_every_row_with_a_caveat_is_marked_and_explained_under_its_table(page):
    ranking = page.text.split("4. Xếp hạng cơ quan", 1)[1].split("5. Thanh toán")[0]
    assert "1 UBND huyện Vĩnh Tường * (có lưu ý) 23.449 18.525 79,0%" in ranking
    assert "1 Sở Y tế 1.500 1.500 100,0%" in ranking
    assert (
        "* Có lưu ý. UBND huyện Vĩnh Tường: chưa tính 8 dòng bị cách ly; "
        "UBND thành phố Vĩnh Yên: chưa có dữ liệu từ UBND thành phố Vĩnh Yên."
    ) in ranking


def test_a_caveat_of_an_earlier_month_marks_what_is_summed_over_that_month(page):
    payments = page.text.split("5. Thanh toán trực tuyến", 1)[1].split("6. Danh mục")[0]
    assert "Tháng 09/2022 * (có lưu ý) chưa có dữ liệu" in payments
    assert "Lũy kế * (có lưu ý) 8.918 8.147.236.000" in payments
    assert "Tháng 10/2022 1.000 912.345.678" in payments


def test_what_is_said_of_many_earlier_months_is_said_once(build_marts, rows, tmp_path, province):
    told = [
        (date(2022, month, 1), "checks", "province", "26", "Vĩnh Phúc", "a", in_words("có <tệp> bị từ chối"))
        for month in range(1, 11)
    ]
    write_reports(build_marts(mart_caveats=[*rows["mart_caveats"], *told]), tmp_path / "r", province, 1)
    text = Page((tmp_path / "r" / "bao-cao-2022-10.html").read_text(encoding="utf-8")).text
    assert text.count("Tháng 01/2022 đến tháng 09/2022, cảnh báo kiểm tra: có <tệp> bị từ chối.") == 1
    assert text.count("có <tệp> bị từ chối") == 1
    assert text.count("Có <tệp> bị từ chối") == 1, "October's own"


def test_a_mark_in_a_table_leads_to_the_box_and_says_its_caveat_to_a_pointer(october):
    assert '<a href="#luu-y" title="Chưa tính 8 dòng bị cách ly">' in october
    assert '<a href="#luu-y" title="Tháng 09/2022: chưa tính 2 dòng bị cách ly">' in october


def test_what_was_owed_came_and_came_on_time_is_told_by_feed_with_the_names_of_who_is_missing(page):
    feeds = page.text.split("10. Nguồn dữ liệu", 1)[1].split("11. Định nghĩa")[0]
    assert "Hồ sơ nguồn one_stop 5 4 80,0% 3 60,0% UBND thành phố Vĩnh Yên " in feeds
    assert "Yêu cầu thanh toán nguồn one_stop 5 5 100,0% 5 100,0% không có cơ quan nào" in feeds
    assert "Ban Dân tộc" not in feeds


def test_a_group_of_which_nothing_came_is_no_zero_anywhere(build_marts, rows, tmp_path, province):
    nothing = (None,) * 10
    rates = [
        (*row[:8], *nothing, in_words("chưa có dữ liệu từ mọi cơ quan"))
        if row[0] == date(2022, 10, 1) and row[5] == "district"
        else row
        for row in rows["mart_online_rates"]
    ]
    changes = [
        (*row[:13], None, None, None, None, None) if row[2] == "district" else row
        for row in rows["mart_online_rate_changes"]
    ]
    marts = build_marts(mart_online_rates=rates, mart_online_rate_changes=changes)
    text = Page(write_reports(marts, tmp_path / "r", province, 1)[0].read_text("utf-8")).text
    assert "Khối huyện thành phố * (có lưu ý) : chưa có dữ liệu." in text
    assert "Chưa gồm: UBND thành phố Vĩnh Yên; UBND huyện Vĩnh Tường" in text
    assert "chưa có dữ liệu trên chưa có dữ liệu" not in text.split("1. Tóm tắt", 1)[1]


def test_what_is_not_compared_because_an_agency_is_missing_says_so(build_marts, rows, tmp_path, province):
    gaps = [(*row[:-1], None) for row in rows["mart_group_gaps"]]
    changes = [(*row[:-2], None, None) for row in rows["mart_online_rate_changes"]]
    targets = [(*row[:-1], '[{"id":"quarantined_rows","row_count":8}]') for row in rows["mart_targets"]]
    marts = build_marts(mart_group_gaps=gaps, mart_online_rate_changes=changes, mart_targets=targets)
    text = Page(write_reports(marts, tmp_path / "r", province, 1)[0].read_text("utf-8")).text
    assert (
        "Khối huyện thành phố * (có lưu ý) 79,0% Khối sở ban ngành 50,3% không có chưa đủ dữ liệu của các cơ quan"
        in text
    )
    assert "50,3% 2.952 trên 5.869 không có kỳ này chưa đủ dữ liệu của các cơ quan không có" in text
    assert "Thủ tục thực hiện trực tuyến trên tổng số thủ tục * (có lưu ý) Vĩnh Phúc; 01/01/2022" in text


def test_an_agency_that_received_nothing_has_no_rate(page):
    assert "– Ban Dân tộc 0 0 không có 0 0 0 không có" in page.text


def test_a_year_to_date_with_a_month_missing_is_not_printed(page):
    assert "Lũy kế từ đầu năm không có: có dữ liệu 9 trên 10 tháng" in page.text


def test_published_figures_stand_on_the_page_of_their_month_with_their_verdict(written, page):
    assert "9 Thay đổi của tỷ lệ: Khối sở ban ngành" in page.text
    assert "29 điểm % +28,5 điểm % từ 28 đến 29 điểm % ✓ Khớp" in page.text
    assert "18.525 hồ sơ 18.524 hồ sơ đúng số đã in ✗ Không khớp" in page.text
    assert "70% 38,8% từ 70% trở lên ✗ Chưa đạt mục tiêu" in page.text
    september = Page(written[1].read_text(encoding="utf-8")).text
    assert "Không có số liệu đã công bố cho tháng này." in september


def test_residues_are_listed_and_agencies_without_one_are_not(page):
    checks = page.text.split("9. Kiểm tra tổng và thành phần")[1]
    assert "2.952 2.949 3 Không phân mức 0" in checks
    assert "18.525 18.504 21 Không phân mức 0" in checks
    assert "Sở Tài nguyên và Môi trường 1.452 1.449 3 Không phân mức 0" in checks
    assert "Sở Y tế" not in checks.split("10. Nguồn dữ liệu")[0]
    assert "Mọi tổng trong báo cáo bằng các thành phần cộng lại" in checks


@pytest.mark.parametrize(
    ("unexplained", "warning"),
    [(2, "Có tổng không bằng các thành phần cộng lại."), (None, "Có phép kiểm tra chưa trả lời được")],
)
def test_a_total_that_does_not_add_up_is_said_aloud(build_marts, rows, tmp_path, province, unexplained, warning):
    checks = [(*rows["mart_additivity_checks"][0][:-1], unexplained)]
    written = write_reports(build_marts(mart_additivity_checks=checks), tmp_path / "r", province, 1)
    text = Page(written[0].read_text(encoding="utf-8")).text
    assert warning in text
    assert "Mọi tổng trong báo cáo" not in text


def test_a_month_with_rates_only_says_what_is_missing(written):
    text = Page(written[1].read_text(encoding="utf-8")).text
    for words in (
        "Số liệu tính đến lúc chưa có dữ liệu",
        "Danh mục: chưa có dữ liệu.",
        "Không có kỳ gốc nào để so sánh.",
        "Không có mục tiêu nào có hiệu lực trong tháng.",
        "Chưa có dữ liệu kiểm tra cho tháng này.",
        "chưa có số lũy kế thanh toán trực tuyến (có dữ liệu 8 trên 9 tháng)",
    ):
        assert words in text


def test_the_same_marts_give_the_same_bytes(build_marts, rows, tmp_path, province):
    one = write_reports(build_marts("a.duckdb"), tmp_path / "a", province, 7)
    turned = {table: values[::-1] for table, values in rows.items()}
    two = write_reports(build_marts("b.duckdb", **turned), tmp_path / "b", province, 7)
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_the_page_needs_nothing_from_outside(october, page):
    names = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\s\"'<]+", october)) <= names
    assert not [tag for tag, _ in page.tags if tag in ("script", "img", "iframe", "object")]
    assert "@import" not in october
    assert "url(" not in october
    assert "default-src 'none'" in october


def test_every_link_has_its_target(written, page):
    ids = page.values("id")
    assert len(ids) == len(set(ids)) > 20
    links = [link for link in page.values("href") if not link.startswith("data:")]
    assert len(links) > 10
    files = {path.name for path in written}
    assert [link for link in links if link.lstrip("#") not in ids and link not in files] == []
    referred = [name for value in page.values("aria-labelledby") for name in value.split()]
    assert set(referred) <= set(ids)


def test_every_table_has_a_caption_and_every_header_a_scope(page):
    tags = [tag for tag, _ in page.tags]
    assert tags.count("table") == tags.count("caption") >= 12
    assert [attributes for tag, attributes in page.tags if tag == "th" and "scope" not in attributes] == []


def test_every_drawing_is_an_image_with_a_name(page):
    drawings = [attributes for tag, attributes in page.tags if tag == "svg" and "aria-hidden" not in attributes]
    assert len(drawings) == 6
    assert all(drawing["role"] == "img" and drawing["aria-labelledby"] for drawing in drawings)


def test_the_page_is_vietnamese_in_one_normal_form_with_landmarks(october, page):
    assert october == unicodedata.normalize("NFC", october)
    assert ("html", {"lang": "vi"}) in page.tags
    for landmark in ("header", "nav", "main", "footer", "section"):
        assert landmark in [tag for tag, _ in page.tags]
    assert page.values("href")[1] == "#noi-dung"
    assert page.open == []


def test_decomposed_names_are_printed_composed(build_marts, rows, tmp_path, province):
    decomposed = [
        tuple(unicodedata.normalize("NFD", value) if isinstance(value, str) else value for value in row)
        for row in rows["mart_online_rates"]
    ]
    written = write_reports(build_marts(mart_online_rates=decomposed), tmp_path / "r", province, 1)
    text = written[0].read_text(encoding="utf-8")
    assert "Sở Tài nguyên và Môi trường" in text
    assert unicodedata.is_normalized("NFC", text)


def test_markup_in_a_mart_stays_text(build_marts, rows, tmp_path, province):
    evil = "<script>alert('x')</script>"
    rates = [(*row[:3], evil, evil, *row[5:]) for row in rows["mart_online_rates"]]
    text = write_reports(build_marts(mart_online_rates=rates), tmp_path / "r", province, 1)[0].read_text("utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_an_agency_of_no_known_group_is_printed_last_and_not_lost(build_marts, rows, tmp_path, province):
    month = date(2022, 10, 1)
    stray = (month, "agency", "zz", "Cơ quan lạ", None, "unknown", None, 1, 2, 2, 0, 0, 0, 0, 0, 0, 0.0, None, None)
    marts = build_marts(mart_online_rates=[*rows["mart_online_rates"], stray])
    text = Page(write_reports(marts, tmp_path / "r", province, 1)[0].read_text("utf-8")).text
    assert "Đơn vị chưa xếp vào khối nào" in text
    assert text.index("– Cơ quan lạ 2 0 0,0%") > text.index("1 UBND huyện Vĩnh Tường")


def test_the_index_lists_each_month_with_its_totals(written):
    text = Page(written[-1].read_text(encoding="utf-8")).text
    assert text.index("Báo cáo tháng 10/2022") < text.index("Báo cáo tháng 09/2022")
    assert "Toàn tỉnh Vĩnh Phúc * (có lưu ý) 21.477 29.318 73,3%" in text
    assert "Khối huyện thành phố 0 0 không có" in text


def test_an_unknown_verdict_is_refused_by_name(build_marts, rows, tmp_path, province):
    figure = rows["mart_published_figures"][1]
    marts = build_marts(mart_published_figures=[(*figure[:14], "maybe", *figure[15:])])
    with pytest.raises(ReportError, match=r"mart_published_figures\.verdict: found 'maybe'"):
        write_reports(marts, tmp_path / "r", province, 1)


def closing_note(page: Page) -> str:
    return page.text.split("Chốt số liệu", 1)[1].split("1. Tóm tắt", 1)[0]


def test_a_closed_month_says_by_whom_when_from_what_without_what_and_how_it_was_opened_before(page):
    text = closing_note(page)
    assert "Số liệu tháng 10/2022 đã chốt lúc 10:15 08/11/2022." in text
    assert "Người phê duyệt: Bà Trần Thị B <MẪU>. Bản chốt số 2, lấy từ lần công bố số 5." in text
    assert "Ghi chú khi chốt: đã đối chiếu" in text
    assert (
        "Chốt khi còn thiếu 1 phần dữ liệu phải nộp, được cho miễn: hồ sơ (nguồn one_stop) của UBND thành phố Vĩnh Yên: "
        "Ông D cho miễn ngày 07/11/2022, lý do: hỏng máy."
    ) in text
    assert (
        "Bản chốt số 1 (chốt lúc 02:00 05/11/2022, người phê duyệt: Bà Trần Thị B <MẪU>, từ lần công bố số 3) đã mở lại lúc "
        "09:30 07/11/2022. Người mở lại: Ông Lê Văn C (MẪU). Lý do: Sở A gửi bản sửa & đối chiếu lại"
    ) in text


def test_an_open_month_says_that_it_may_still_change_and_why_it_was_opened(build_marts, rows, tmp_path, province):
    opened = [row for row in rows["mart_closed_months"] if row[1] == 1]
    first, *_ = write_reports(build_marts(mart_closed_months=opened), tmp_path / "r", province, 7)
    text = closing_note(Page(first.read_text("utf-8")))
    assert "Số liệu tháng 10/2022 chưa chốt, còn có thể thay đổi khi có dữ liệu đến sau." in text
    assert "đã mở lại lúc 09:30 07/11/2022" in text
    assert "đã chốt" not in text


def test_a_figure_that_was_published_otherwise_is_told_with_its_causes(marts, tmp_path, province):
    october, september, index = write_reports(marts, tmp_path / "r", province, 4)
    page = october.read_text("utf-8")
    assert 'id="dieu-chinh"' in page
    text = Page(page).text
    assert "Lần công bố số 3 đã công bố số liệu của tháng 10/2022" in text
    assert (
        "Hồ sơ tiếp nhận (hồ sơ) tỷ lệ trực tuyến 72,0% → 73,3%, +1,3 điểm % 29.000 → 29.318 +318 "
        "dữ liệu đến muộn: +320; nguồn gửi lại số liệu đã sửa: -2"
    ) in text
    assert "chưa có dữ liệu → 5 +5 dòng bị cách ly đã được sửa: +5" in text
    # What an earlier publication changed is its own page's news.
    assert "28.000" not in text
    assert 'id="dieu-chinh"' not in september.read_text("utf-8")
    assert (
        "Tháng 10/2022 , hồ sơ tiếp nhận: 29.000 → 29.318 hồ sơ (dữ liệu đến muộn: +320; "
        "nguồn gửi lại số liệu đã sửa: -2)."
    ) in Page(index.read_text("utf-8")).text


def test_a_publication_that_changed_nothing_says_nothing_of_changes(written):
    assert all('id="dieu-chinh"' not in path.read_text("utf-8") for path in written)


def test_a_closed_month_says_what_came_after_it_was_closed(written):
    october, september, _ = written
    text = Page(september.read_text("utf-8")).text
    assert "chưa tính vào số liệu đã chốt" in text
    assert (
        "UBND thành phố Vĩnh Yên Hồ sơ tiếp nhận (hồ sơ) 7 +5 dữ liệu đến muộn: +6; nguồn gửi lại số liệu đã sửa: -1"
        in text
    )
    assert 'id="den-sau-chot"' not in october.read_text("utf-8")
