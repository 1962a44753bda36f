"""The command line and its groups, to which every command adds itself."""

from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup

SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "Nights": ("run", "status", "verdict", "rows", "alerts", "airflow"),
    "Files that came": ("extracts", "held", "quarantine", "values"),
    "Reports and figures": (
        "report",
        "metric",
        "period",
        "form",
        "payments",
        "index",
        "structure",
        "explain",
        "reproduce",
    ),
    "Closed months": ("close", "reopen", "figure"),
    "Publications and proofs": ("publications", "check", "reconcile", "parity", "gates"),
    "Setting up": ("sample", "baselines", "dictionary"),
}
"""The commands as ``dvctt --help`` lists them."""


class BySubject(TyperGroup):
    """Lists commands by subject, whatever the order in which their modules are imported.

    Typer carries a click of its own, whose types it does not publish: hence Any.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        known = super().list_commands(ctx)
        listed = [name for names in SUBJECTS.values() for name in names if name in known]
        return [*listed, *(name for name in known if name not in listed)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        command: Any = super().get_command(ctx, cmd_name)
        for subject, names in SUBJECTS.items():
            if command is not None and cmd_name in names:
                command.rich_help_panel = subject
        return command


app = typer.Typer(
    cls=BySubject,
    no_args_is_help=True,
    add_completion=False,
    help="DVCTT Warehouse: from records to figures that add up.",
)
check = typer.Typer(no_args_is_help=True, help="Questions to the current publication and to the configuration.")
airflow = typer.Typer(no_args_is_help=True, help="Airflow on this machine, in this home.")
app.add_typer(check, name="check")
app.add_typer(airflow, name="airflow")
quarantine = typer.Typer(no_args_is_help=True, help="Rows that were set aside.")
values = typer.Typer(no_args_is_help=True, help="How sources write what national lists hold.")
baselines = typer.Typer(no_args_is_help=True, help="The frozen past.")
publications = typer.Typer(no_args_is_help=True, help="What has been published in this home.")
metric = typer.Typer(no_args_is_help=True, help="A metric by all its definitions.")
gates = typer.Typer(no_args_is_help=True, help="The gate itself.")
alerts = typer.Typer(no_args_is_help=True, help="What people were told, and what still waits to be delivered.")
form = typer.Typer(no_args_is_help=True, help="Forms that the reporting regime prescribes.")
extracts = typer.Typer(no_args_is_help=True, help="Files that have landed, and which of them the nights leave out.")
held = typer.Typer(no_args_is_help=True, help="What moved a month beyond its band, and waits for a named person.")
app.add_typer(held, name="held")
app.add_typer(extracts, name="extracts")
app.add_typer(alerts, name="alerts")
app.add_typer(form, name="form")
app.add_typer(gates, name="gates")
app.add_typer(metric, name="metric")
app.add_typer(publications, name="publications")
app.add_typer(quarantine, name="quarantine")
app.add_typer(baselines, name="baselines")
app.add_typer(values, name="values")
