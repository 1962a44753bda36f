"""The data dictionary of the published tables, generated from dbt's manifest and never typed."""

from pathlib import Path

from dvctt.files import write_atomically
from dvctt.transform import manifest_of

_HEAD = """# Data dictionary

Every table of `marts.duckdb` and of `parquet/` in a publication. Generated from dbt's manifest by `make dictionary`; the
descriptions stand beside the models in `dbt_project/models`. Money is whole VND; a month is its first day; NULL is not zero.
"""


def write_dictionary(candidate: Path, target: Path) -> None:
    """Write Markdown: one section per published table, one row per column, in the order of their names and of the table.

    Raises:
        TransformError: no dbt build has run in this home.
    """
    nodes = [
        node
        for node in manifest_of(candidate)["nodes"].values()
        if node["resource_type"] == "model" and "published" in node["tags"]
    ]
    parts = [_HEAD]
    for node in sorted(nodes, key=lambda node: str(node["name"])):
        key = ", ".join(f"`{column}`" for column in node["config"]["meta"]["primary_key"])
        parts.append(
            f"\n## {node['name']}\n\n{node['description']}\n\nKey: {key}.\n\n| column | type | meaning |\n|---|---|---|"
        )
        parts.extend(
            f"| `{column['name']}` | {column['data_type']} | {column['description'].replace('|', '/')} |"
            for column in node["columns"].values()
        )
    write_atomically(target, "\n".join(parts) + "\n")
