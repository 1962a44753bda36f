"""What sqlfluff puts in the place of dbt's cross-database macros when it lints a model without dbt.

Only those that the models call; the text need not be what dbt writes, only SQL of the same kind. Nothing else reads this.
"""


def type_string() -> str:
    return "varchar"


def last_day(day: str, datepart: str) -> str:
    return f"last_day({day})"


def dateadd(datepart: str, count: str | int, day: str) -> str:
    return f"date_add({day}, interval ({count}) {datepart})"


def listagg(measure: str, delimiter: str, order_by: str) -> str:
    return f"string_agg({measure}, {delimiter} {order_by})"
