"""Source files that no person would think of: sound rows with a few cells spoiled, in files that are spoiled as a whole now and
then. Every file carries a citizen where a mistake may put one; nothing of him may be seen anywhere but in its own file.
"""

import json
import re
from dataclasses import dataclass

from dvctt.core.contract import ENTITIES
from hypothesis import strategies as st

from tests.conftest import attempt, filing, payment, procedure

TRACE = "CONGDAN"
"""Part of everything that stands for a citizen here."""
PERSON = f"{TRACE} Nguyễn Thị Mẫu 000099000777"

SPOILED = st.one_of(
    st.sampled_from(
        [
            "", " ", "\u00a0", "\ufeff", "\u200b", "-", "??", "NULL", "#REF!", "#N/A", "2.0221E+17", "0", "-1", "1e3", "12,5", "1.000",
            "999999999999999999", "9999999999999999999999", "NaN", "Infinity", "true", "0001-01-01", "1900-01-01", "9999-12-31", "2565-10-01",
            "31/02/2022", "29/02/2023", "00/00/0000", "20221301000000", "20221005250000", "2022-10-05T10:00:00Z", "10/05/2022 25:61",
            "2022-10", "H62.01", "h62.01", "243", " 243 ", "０２４３", "toàn trình", "Một phần", "Đã thanh toán", "thanh-cong", "a\nb", "a\r\nb",
            'a"b', '"', ",", "'; drop table x; --", "=1+1", "\x07", "\x1b[2J", "Sơ\u0309", "🙂", "\u202egnp", "x" * 3000,
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.integers(-(10**20), 10**20).map(str),
    st.dates().map(lambda day: day.strftime("%d/%m/%Y")),
    st.datetimes().map(lambda moment: moment.isoformat()),
)  # fmt: skip # values of one kind share a line

FAULTS = (
    *["none"] * 24,
    "no header", "person in the header", "person in an extra column", "comma behind the header", "duplicate but for case", "column gone",
    "column twice", "bad byte", "zero byte", "one field more", "one field less", "quote never closed", "cut in the middle",
    "mark and carriage returns", "semicolons", "month that cannot be", "name that cannot be", "control: unknown key",
    "control: no JSON", "control: text for rows", "control: other rows", "control: person as a number", "control: sound",
)  # fmt: skip # faults of one kind share a line


IMPOSSIBLE_MONTHS = ("0000-01", "0022-10", "2015-12", "9999-12", "2222-10")
IMPOSSIBLE_NAMES = ("2022-13", "thang-10", "2022-10.", "2022-10[1]", "2022-10.a b")


@dataclass(frozen=True)
class Sent:
    """One file as it is sent: its records are counted by who wrote them, not by who reads them."""

    entity: str
    name: str
    content: bytes
    control: str | None
    records: int
    fault: str


def sound(entity: str, number: int) -> dict[str, str]:
    """A row of the entity with which nothing is wrong."""
    key = str(number)
    made = {
        "filings": lambda: filing(key, "243", f"202210{number % 28 + 1:02d}101010"),
        "payment_requests": lambda: payment(key, key, "243", f"2022-10-{number % 28 + 1:02d} 10:00:00", 1000 + number),
        "payment_attempts": lambda: attempt(key, key, key, f"202210{number % 28 + 1:02d}101010", 1000 + number),
        "procedures": lambda: procedure(f"1.{number:06d}", "4"),
        "reported_figures": lambda: {"MaDonVi": "243", "Thang": "2022-10", "ChiTieu": key, "GiaTri": "5"},
        "index_counts": lambda: {"MaDonVi": "243", "Thang": "2022-10", "ThanhPhan": key, "TuSo": "1", "MauSo": "2"},
    }[entity]()
    return {**dict.fromkeys(ENTITIES[entity].columns, ""), **made, **dict.fromkeys(ENTITIES[entity].personal, PERSON)}


@st.composite
def sent_files(draw: st.DrawFn) -> Sent:
    entity = draw(st.sampled_from(sorted(ENTITIES)))
    columns = [*ENTITIES[entity].columns, *ENTITIES[entity].personal]
    kept = len(ENTITIES[entity].columns)
    first = draw(st.integers(0, 9000))
    rows = []
    for number in range(draw(st.integers(1, 100))):
        row = list(sound(entity, first + number).values())
        for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2, 3]))):
            row[draw(st.integers(0, kept - 1))] = draw(SPOILED)
        rows.append(row)
    return spoiled(entity, columns, rows, draw(st.sampled_from(FAULTS)), draw(st.integers(0, kept - 1)))


def spoiled(entity: str, columns: list[str], rows: list[list[str]], fault: str, place: int) -> Sent:
    """The file with one fault of the whole."""
    records = len(rows)
    header, rows = _tabled(list(columns), rows, fault, place)
    end = "\r\n" if fault.startswith("mark") else "\n"
    comma = ";" if fault == "semicolons" else ","
    text = "".join(comma.join(map(_field, cells)) + end for cells in (header, *rows))
    names = {"month that cannot be": IMPOSSIBLE_MONTHS, "name that cannot be": IMPOSSIBLE_NAMES}.get(
        fault, ("2022-10",)
    )
    controls = {
        "control: unknown key": json.dumps({PERSON: 1}),
        "control: no JSON": f'{{"rows": {PERSON}',
        "control: text for rows": json.dumps({"rows": PERSON}),
        "control: other rows": json.dumps({"rows": records + 1}),
        "control: person as a number": json.dumps({"rows": 99000777}),
        "control: sound": json.dumps({"rows": records}),
    }
    name = names[place % len(names)]
    return Sent(entity, name, _bytes(text, fault), controls.get(fault), records, fault)


def _field(value: str) -> str:
    return '"' + value.replace('"', '""') + '"' if re.search(r'[",;\r\n]', value) else value


def _tabled(header: list[str], rows: list[list[str]], fault: str, place: int) -> tuple[list[str], list[list[str]]]:
    match fault:
        case "no header":
            header, rows = rows[0], rows[1:]
        case "person in the header":
            header[place] = PERSON
        case "person in an extra column":
            header, rows = [*header, PERSON], [[*row, PERSON] for row in rows]
        case "comma behind the header":
            header, rows = [*header, ""], [[*row, ""] for row in rows]
        case "duplicate but for case":
            header, rows = [*header, header[place].upper()], [[*row, PERSON] for row in rows]
        case "column gone":
            header, rows = header[:place] + header[place + 1 :], [row[:place] + row[place + 1 :] for row in rows]
        case "column twice":
            header, rows = [*header, header[place]], [[*row, PERSON] for row in rows]
        case "one field more":
            rows = [*rows[:-1], [*rows[-1], PERSON]]
        case "one field less":
            rows = [*rows[:-1], rows[-1][:-1]]
    return header, rows


def _bytes(text: str, fault: str) -> bytes:
    content = text.encode("utf-8", "surrogatepass")
    match fault:
        case "bad byte":
            return content + b"\xff"
        case "zero byte":
            return content + b"\0"
        case "quote never closed":
            return content + f'"{PERSON}'.encode()
        case "cut in the middle":
            return content.rstrip(b"\n").rpartition(b",")[0]
        case "mark and carriage returns":
            return b"\xef\xbb\xbf" + content
    return content
