"""Payments of a month: literal values, the flag's difference to the last filing, and sums that add up for any rows."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.core.errors import PaymentsError
from dvctt.core.period import Month
from dvctt.publications.reading import Publication, current_publication
from dvctt.queries.payments import Payments, as_text, payments_of
from dvctt.settings import Settings
from dvctt.warehouse.connections import candidate_path
from dvctt.warehouse.definitions import replay
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import dvctt
from tests.nights import models_of

SEPTEMBER, OCTOBER = Month(2022, 9), Month(2022, 10)


@pytest.fixture(scope="module")
def publication(tiny_home: Settings) -> Publication:
    found = current_publication(tiny_home.published)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def october(publication: Publication) -> Payments:
    return payments_of(publication, OCTOBER, records=True)


def test_requests_are_counted_once_and_a_refund_stands_beside_its_collection(october: Payments) -> None:
    kinds = {
        row["payment_kind"]: (
            row["collected_count"],
            row["collected_amount_vnd"],
            row["refund_count"],
            row["refund_amount_vnd"],
            row["net_amount_vnd"],
        )
        for row in october.kinds
    }
    assert kinds == {
        "online": (2, 3_000_050_000, 1, 50_000, 3_000_000_000),
        "exempt": (0, 0, 0, 0, 0),
        "cash": (1, 70_000, 0, 0, 70_000),
        "transfer": (0, 0, 0, 0, 0),
        "not_given": (0, 0, 0, 0, 0),
    }


def test_attempts_are_told_by_bank_and_by_the_code_of_their_failure(october: Payments) -> None:
    (bank,) = october.banks
    assert (bank.bank_code, bank.attempt_count, bank.succeeded_count, bank.failed_count, bank.open_count) == (
        "not_given",
        3,
        2,
        1,
        0,
    )
    assert bank.success_rate_percent == pytest.approx(200 / 3)
    assert bank.failures == {"99": 1}


def test_the_flag_counts_cash_and_the_difference_names_its_filing(october: Payments) -> None:
    assert october.duties is not None
    assert {
        name: october.duties[name]
        for name in ("received", "with_duty", "paid_online", "paid_otherwise", "not_asked", "flagged_paid")
    } == {
        "received": 6,
        "with_duty": 6,
        "paid_online": 2,
        "paid_otherwise": 1,
        "not_asked": 3,
        "flagged_paid": 3,
    }
    (reason,) = october.reasons
    assert (reason.reason_id, reason.enters, reason.leaves) == ("paid_in_cash", 1, 0)
    assert reason.difference_points == pytest.approx(100 / 6)
    assert [one.filing_id for one in reason.filings or ()] == ["O5"]


def test_an_agency_and_a_group_are_asked_by_their_codes(publication: Publication) -> None:
    district = payments_of(publication, OCTOBER, "243", records=True)
    assert (district.scope, district.reasons) == ("agency", ())
    assert "  the same filings" in as_text(district)
    group = payments_of(publication, OCTOBER, "district", records=True)
    assert group.scope == "group"
    assert [one.filing_id for reason in group.reasons for one in reason.filings or ()] == ["O5"]


def test_what_did_not_come_is_said_and_no_zero(publication: Publication, tmp_path: Path) -> None:
    copied = sabotaged(
        publication,
        tmp_path,
        "update mart_payment_duties set received = null, with_duty = null, paid_online = null, flagged_paid = null; "
        "delete from mart_payment_flag_gaps; update mart_payment_fees set collected_count = null",
    )
    text = as_text(payments_of(copied, SEPTEMBER, records=True))
    assert text.count("  chưa có dữ liệu") == 3, "kinds, attempts of September, duties"
    assert not any("the same filings" in line for line in text)


class Copy(Publication):
    """A publication whose marts.duckdb was copied and changed."""

    def __init__(self, publication: Publication, folder: Path) -> None:
        super().__init__(publication.number, folder, publication.manifest)


def sabotaged(publication: Publication, folder: Path, sql: str) -> Copy:
    shutil.copyfile(publication.marts, folder / "marts.duckdb")
    with duckdb.connect(str(folder / "marts.duckdb")) as connection:
        connection.execute(sql)
    return Copy(publication, folder)


@pytest.mark.parametrize(
    ("sabotage", "words"),
    [
        (
            "update mart_additivity_checks set total = 4, unexplained = 1 where check_id = 'flagged_is_paid_online_and_reasons'",
            "flagged_is_paid_online_and_reasons: total 4, its parts",
        ),
        (
            "update mart_additivity_checks set sum_of_classes = 2, unexplained = 1 where check_id = 'attempts_are_banks'",
            "attempts_are_banks: total 3, its parts 2 and 3",
        ),
        ("delete from mart_additivity_checks", "attempts_are_banks: not checked"),
        ("delete from fct_filing_duties where filing_id = 'O5'", "1 filings counted, 0 found"),
    ],
)
def test_what_does_not_add_up_is_not_shown(publication: Publication, tmp_path: Path, sabotage: str, words: str) -> None:
    with pytest.raises(PaymentsError, match=re.escape(words)):
        payments_of(sabotaged(publication, tmp_path, sabotage), OCTOBER, records=True)


def test_of_a_closed_month_the_figures_are_the_frozen_ones_and_the_filings_todays(
    publication: Publication, tmp_path: Path
) -> None:
    copied = sabotaged(
        publication,
        tmp_path,
        "insert into mart_closed_months by name select date '2022-10-01' as month, true as is_in_force; "
        "delete from fct_filing_duties where filing_id = 'O5'",
    )
    text = "\n".join(as_text(payments_of(copied, OCTOBER, records=True)))
    assert "closed: figures as they were frozen" in text
    assert "the month is closed: 1 when it was frozen, 0 in today's facts" in text


def test_the_command_prints_figures_and_filings_answers_programs_and_refuses_what_is_not_there(
    tiny_home: Settings,
) -> None:
    finished = dvctt(tiny_home, "payments", "--month", "2022-10", "--records")
    assert finished.returncode == 0, finished.stderr
    for wanted in (
        "online: Trực tuyến: 2 collected, 3.000.050.000 VND = phí 3.000.050.000 + lệ phí 0; refunded 1, 50.000 VND",
        "3 attempts = 2 succeeded + 1 failed + 0 open",
        "Không ghi ngân hàng: 3 = 2 + 1 + 0; success rate 66,67% of 3 that ended; failed by code: 99 1",
        "6 that owe it = 2 paid online + 1 paid otherwise + 0 asked and not paid + 3 without a request",
        "paid online, strict: 33,33% = 2 / 6   [mart_payment_duties/2022-10/province/26/paid_online_percent]",
        "flagged as paid:     50,00% = 3 / 6",
        "paid_in_cash: Nộp bằng tiền mặt: +1, +16,67 điểm %",
        "one_stop 244 O5",
        "adds up: 2 + 1 - 0 = 3",
    ):
        assert wanted in finished.stdout, wanted
    content = json.loads(dvctt(tiny_home, "payments", "--month", "2022-10", "--json").stdout)
    assert (content["duties"]["flagged_paid"], content["reasons"][0]["filings"]) == (3, None)
    for arguments, words in (
        (("--month", "2022-11"), "no payments of 2022-11 in the publication; found 2022-09, 2022-10"),
        (("--month", "2022-10", "--entity", "nowhere"), "no entity 'nowhere' in 2022-10"),
    ):
        refused = dvctt(tiny_home, "payments", *arguments)
        assert refused.returncode == 1
        assert words in refused.stderr


# --- Any filings, any requests: the models' own SQL beside plain Python.

MODELS = (
    "fct_filing_duties",
    "fct_payment_events",
    "mart_payment_duties",
    "mart_payment_fees",
    "mart_payment_flag_gaps",
)
GROUPS = {"a": "g", "b": "g", "c": "h"}


@dataclass(frozen=True)
class Asked:
    """One payment request, as fct_payments has it."""

    amount: int
    status: str
    method: str | None
    collection: str | None
    is_split: bool

    @property
    def is_paid(self) -> bool:
        return self.status in {"paid", "refunded"}

    @property
    def is_exempt(self) -> bool:
        return self.collection == "exempt"

    @property
    def is_online_payment(self) -> bool:
        return self.is_paid and self.method == "online" and not self.is_exempt


@dataclass(frozen=True)
class Filed:
    """One filing: its agency, whether its procedure bears a fee (None: not in the catalogue), what was asked for it."""

    agency: str
    fee: bool | None
    asked: tuple[Asked, ...]

    @property
    def has_duty(self) -> bool:
        standing = [one for one in self.asked if one.status != "cancelled"]
        waived = bool(standing) and all(one.amount == 0 or one.is_exempt for one in standing)
        return self.fee is True and not waived

    @property
    def is_strict(self) -> bool:
        return self.has_duty and any(one.is_online_payment for one in self.asked)

    @property
    def is_flagged(self) -> bool:
        return any(one.is_paid and one.amount > 0 for one in self.asked)


ASKED = st.builds(
    Asked,
    st.sampled_from([0, 5, 3_000_000_000]),
    st.sampled_from(["paid", "paid", "refunded", "pending", "cancelled"]),
    st.sampled_from(["online", "online", "cash", "transfer", None]),
    st.sampled_from(["before", "exempt", None]),
    st.booleans(),
)
FILED = st.builds(
    Filed, st.sampled_from("abc"), st.sampled_from([True, True, False, None]), st.lists(ASKED, max_size=3).map(tuple)
)

Built = dict[str, list[tuple[Any, ...]]]
Marts = Callable[[list[Filed], str], Built]


@pytest.fixture(scope="module")
def marts(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Marts]:
    """Builds the models over filings and requests; of one agency the payments did not come."""
    path = tmp_path_factory.mktemp("marts") / candidate_path(tiny_home.candidate).name
    shutil.copyfile(candidate_path(tiny_home.candidate), path)
    nodes = models_of(tiny_home.published / "1", MODELS)
    tests = [
        _compiled_test(tiny_home, name) for name in ("assert_payment_events_add_up", "assert_payment_flag_gaps_add_up")
    ]

    def build(filed: list[Filed], silent: str) -> Built:
        _fill(connection, filed, silent)
        replay(connection, nodes)
        return {
            "duties": connection.execute(
                "select entity_code, received, with_duty, paid_online, flagged_paid, waived + with_duty + no_fee + "
                "unknown_procedure, paid_online + paid_otherwise + asked_not_paid + not_asked from mart_payment_duties"
            ).fetchall(),
            "gaps": connection.execute(
                "select entity_code, sum(enters), sum(leaves) from mart_payment_flag_gaps group by all"
            ).fetchall(),
            "fees": connection.execute(
                "select entity_code, sum(net_amount_vnd), sum(phi_vnd + le_phi_vnd + unsplit_vnd - refund_phi_vnd - "
                "refund_le_phi_vnd - refund_unsplit_vnd) from mart_payment_fees group by all"
            ).fetchall(),
            "failing": [row for sql in tests for row in connection.execute(sql).fetchall()],
        }

    connection = duckdb.connect(str(path))
    yield build
    connection.close()


def _fill(connection: duckdb.DuckDBPyConnection, filed: list[Filed], silent: str) -> None:
    for table in ("dim_procedures", "fct_filings", "fct_payments", "mart_online_rates", "mart_payments"):
        connection.execute(f"delete from {table}")
    for fee in (True, False, None):
        connection.execute("insert into dim_procedures (procedure_key, has_fee) values (?, ?)", [f"p{fee}", fee])
    for number, one in enumerate(filed):
        connection.execute(
            "insert into fct_filings (source_id, filing_id, agency_code, procedure_key, is_received, received_month) "
            "values ('s', ?, ?, ?, true, date '2022-10-01')",
            [str(number), one.agency, f"p{one.fee}"],
        )
        for place, asked in enumerate(one.asked):
            returned = asked.status == "refunded"
            connection.execute(
                "insert into fct_payments (source_id, payment_request_id, filing_id, agency_code, amount_vnd, phi_vnd, "
                "le_phi_vnd, status_id, method_id, collection_id, is_paid, is_online_payment, is_refunded, net_amount_vnd, "
                "paid_at, paid_month, refunded_month) values ('s', ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, "
                "timestamp '2022-10-02', date '2022-10-01', date '2022-10-01')",
                [
                    f"{number}/{place}",
                    str(number),
                    one.agency,
                    asked.amount,
                    asked.amount if asked.is_split else 0,
                    asked.status,
                    asked.method,
                    asked.collection,
                    asked.is_paid,
                    asked.is_online_payment,
                    returned,
                    asked.amount if asked.is_paid and not returned else 0,
                ],
            )
    for scope, code, group in [
        *(("agency", agency, group) for agency, group in GROUPS.items()),
        ("group", "g", "g"),
        ("group", "h", "h"),
        ("province", "26", None),
    ]:
        come = None if code == silent else 1
        connection.execute(
            "insert into mart_online_rates (month, scope, entity_code, group_code, received, missing_agencies) "
            "values (date '2022-10-01', ?, ?, ?, 1, 0)",
            [scope, code, group],
        )
        connection.execute(
            "insert into mart_payments (month, scope, entity_code, group_code, is_month_loaded, online_payment_count) "
            "values (date '2022-10-01', ?, ?, ?, ?, ?)",
            [scope, code, group, come is not None, come],
        )


def _compiled_test(tiny_home: Settings, name: str) -> str:
    """The SQL of the first part of a singular test that guards these models each night; the other parts look at marts that
    are not built here.
    """
    (path,) = tiny_home.candidate.rglob(f"compiled/**/{name}.sql")
    first, _, rest = path.read_text(encoding="utf-8").partition("union all")
    assert rest
    return first


@given(filed=st.lists(FILED, max_size=12), silent=st.sampled_from("abc"))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_duties_count_as_plain_python_does_and_the_flags_difference_adds_up(
    marts: Marts, filed: list[Filed], silent: str
) -> None:
    built = marts(filed, silent)
    assert built["failing"] == []
    duties = {code: rest for code, *rest in built["duties"]}
    gaps = {code: rest for code, *rest in built["gaps"]}
    fees = {code: rest for code, *rest in built["fees"]}
    members = {**{code: {code} for code in GROUPS}, "g": {"a", "b"}, "h": {"c"}, "26": set(GROUPS)}
    assert duties.keys() == fees.keys() == members.keys()
    for code, agencies in members.items():
        if not agencies - {silent}:
            assert duties[code] == [None] * 6
            assert fees[code] == [None, None]
            assert code not in gaps
            continue
        counted = [one for one in filed if one.agency in agencies - {silent}]
        tally = Counter({"duty": 0, "strict": 0, "flagged": 0})
        for one in counted:
            tally.update(duty=one.has_duty, strict=one.is_strict, flagged=one.is_flagged)
        assert duties[code] == [
            len(counted),
            tally["duty"],
            tally["strict"],
            tally["flagged"],
            len(counted),
            tally["duty"],
        ]
        enters, leaves = gaps.get(code, [0, 0])
        assert enters == sum(one.is_flagged and not one.is_strict for one in counted)
        assert leaves == sum(one.is_strict and not one.is_flagged for one in counted)
        net = sum(asked.amount for one in counted for asked in one.asked if asked.status == "paid")
        assert fees[code] == [net, net]
