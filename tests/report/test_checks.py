"""What a check found, in words."""

import json

from dvctt.report.findings import warning_rows
from dvctt.report.wording import caveats, checks
from dvctt.report.wording.language import in_language

ROW = {"subject": "x", "source_id": "s", "entity": "filings", "relation": "at_least", "expected": 1064, "observed": 4}


def test_a_check_goes_by_its_title_in_vietnamese_and_by_its_id_in_every_other_language() -> None:
    assert checks.called("Đến đủ", "filings.rows", ROW) == "Đến đủ (filings.rows, x, nguồn s, hồ sơ)"
    assert checks.called(None, "filings.rows", {}) == "filings.rows"
    with in_language("en"):
        assert checks.called("Đến đủ", "filings.rows", ROW) == "filings.rows (x, source s, filings)"


def test_a_warning_says_in_every_language_what_the_mail_said() -> None:
    check = {"id": "filings.rows", "title_vi": "Đến đủ", "status": "failed", "severity": "warning"}
    row = {**ROW, "month": "2022-10", "agency_code": "zz", "difference": -1060}
    [laid, nothing] = warning_rows({"checks": [{**check, "failing_rows": [row]}, {**check, "failing_rows": []}]})
    sentence = "Đến đủ (filings.rows, x, nguồn s, hồ sơ): mong đợi ít nhất 1.064, quan sát 4"
    assert caveats.words(laid["caveat_json"]) == laid["text_vi"] == sentence
    assert caveats.words(nothing["caveat_json"]) == nothing["text_vi"]
    unknown = json.dumps({**json.loads(laid["caveat_json"]), "agency_name_vi": "Sở\x07 lạ"})
    with in_language("en"):
        assert (
            caveats.words(laid["caveat_json"])
            == "filings.rows (x, source s, filings): expected at least 1,064, observed 4"
        )
        assert caveats.words(nothing["caveat_json"]) == "filings.rows: no row was named"
        assert caveats.words(unknown).startswith("Sở  lạ: filings.rows")
