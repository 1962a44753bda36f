"""Pages are compared by what a reader sees, JSON documents by what stands under a key."""

from benchmarks.texts import Keys, Lines, compare_keys, compare_lines, visible_lines

PAGE = """<!doctype html><html><head><title>Tháng 10</title><style>p { color: red }</style></head><body>
<h1>Báo cáo</h1><p class="a">Tỷ lệ <b>trực tuyến</b> là
 <data value="50.3">50,3</data>%</p>
<table><tr><th>Cơ quan</th><th>Hồ sơ</th></tr><tr><td>Sở Y tế</td><td>1.204</td></tr></table>
<script>let hidden = 1</script></body></html>"""


def test_a_page_is_read_as_its_lines_without_what_nobody_sees() -> None:
    assert visible_lines(PAGE) == [
        "Tháng 10",
        "Báo cáo",
        "Tỷ lệ trực tuyến là 50,3%",
        "Cơ quan | Hồ sơ",
        "Sở Y tế | 1.204",
    ]


def test_other_markup_around_the_same_words_is_no_difference() -> None:
    other = PAGE.replace('class="a"', 'class="b" id="x"').replace("<b>", "<strong>").replace("</b>", "</strong>")
    assert compare_lines(visible_lines(PAGE), visible_lines(other)) == Lines(0, 0, ())


def test_a_figure_that_changed_on_a_page_is_shown_with_its_line() -> None:
    other = PAGE.replace("1.204", "1.205")
    assert compare_lines(visible_lines(PAGE), visible_lines(other)) == Lines(
        1, 1, ("- Sở Y tế | 1.204", "+ Sở Y tế | 1.205")
    )


def test_lines_that_begin_with_signs_are_counted_as_what_they_are() -> None:
    assert compare_lines(["--- a", "@@ b"], ["+++ a", "@@ b"]) == Lines(1, 1, ("- --- a", "+ +++ a"))


def test_keys_that_only_one_has_are_named_and_values_that_differ_are_shown() -> None:
    before = {"verdict": "passed", "month": "2022-10", "old": 1, "inner": {"rows": 5}}
    after = {"verdict": "passed", "month": "2022-10", "new": None, "inner": {"rows": 6}}
    assert compare_keys(before, after) == Keys(gone=("old",), new=("new",), other=("inner.rows: 5 → 6",))
    assert compare_keys(before, before) == Keys((), (), ())


def test_members_of_a_list_are_found_by_their_id_and_told_once() -> None:
    before = {
        "checks": [{"id": "a.x", "status": "passed"}, {"id": "b", "status": "passed"}, {"id": "c", "status": "passed"}]
    }
    after = {
        "checks": [{"id": "c", "status": "failed"}, {"id": "b", "status": "failed"}, {"id": "d", "status": "passed"}]
    }
    assert compare_keys(before, after) == Keys(
        gone=("checks[a.x].id", "checks[a.x].status"),
        new=("checks[d].id", "checks[d].status"),
        other=("checks[b].status (and 1 more of checks[].status): 'passed' → 'failed'",),
    )


def test_an_empty_list_is_not_the_same_as_none() -> None:
    assert compare_keys({"a": []}, {"a": None}).other == ("a: [] → None",)
    assert compare_keys({"a": [1, 2]}, {"a": [2, 1]}).other == ("a[0] (and 1 more of a[]): 1 → 2",)
