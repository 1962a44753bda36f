"""What sqlfluff puts in the place of the model that dbt is building, for the macros that ask its name and its columns.

One column is enough: the macros repeat the same SQL for each. Nothing else reads this.
"""

from types import SimpleNamespace

unique_id = "model.dvctt.mart_of_some_kind"
columns = {"month": SimpleNamespace(name="month", data_type="date")}


def get(key: str) -> None:
    return None
