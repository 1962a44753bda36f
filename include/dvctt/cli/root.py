"""The command line and its groups, to which every command adds itself."""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

SUBJECTS: Mapping[str, tuple[str, ...]] = {
    "Nights": ("run", "status", "verdict", "rows", "alerts", "airflow"),
    "Files that came": ("sources", "extracts", "held", "quarantine", "values"),
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
    "Setting up": ("doctor", "sample", "baselines", "dictionary"),
}
"""The commands as ``dvctt --help`` lists them."""


class Group(TyperGroup):
    """A group whose help is text alone: Typer's own loads a renderer of Markdown and one of source code to draw its boxes.

    Typer carries a click of its own, whose types it does not publish: hence Any.
    """

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for title, names in self.sections(ctx).items():
            with formatter.section(title):
                formatter.write_dl([(name, _first_paragraph(self.get_command(ctx, name))) for name in names])

    def sections(self, ctx: Any) -> Mapping[str, Sequence[str]]:
        """The commands as the help lists them, under a title each."""
        return {"Commands": self.list_commands(ctx)}


class BySubject(Group):
    """Lists commands by subject, whatever the order in which their modules are imported."""

    def list_commands(self, ctx: Any) -> list[str]:
        known = super().list_commands(ctx)
        listed = [name for names in SUBJECTS.values() for name in names if name in known]
        return [*listed, *(name for name in known if name not in listed)]

    def sections(self, ctx: Any) -> Mapping[str, Sequence[str]]:
        return SUBJECTS


def _first_paragraph(command: Any) -> str:
    return " ".join(inspect.cleandoc(command.help or "").partition("\n\n")[0].split())


def _group(about: str) -> typer.Typer:
    """A group of commands that belong together."""
    return typer.Typer(cls=Group, no_args_is_help=True, help=about)


app = typer.Typer(
    cls=BySubject,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 120},
    help="DVCTT Warehouse: from records to figures that add up.",
)
check = _group("Questions to the current publication and to the configuration.")
airflow = _group("Airflow on this machine, in this home.")
app.add_typer(check, name="check")
app.add_typer(airflow, name="airflow")
quarantine = _group("Rows that were set aside.")
values = _group("How sources write what national lists hold.")
baselines = _group("The frozen past.")
publications = _group("What has been published in this home.")
metric = _group("A metric by all its definitions.")
gates = _group("The gate itself.")
alerts = _group("What people were told, and what still waits to be delivered.")
form = _group("Forms that the reporting regime prescribes.")
extracts = _group("Files that have landed, and which of them the nights leave out.")
sources = _group("Running systems that records are fetched from.")
samples = typer.Typer(
    cls=Group, invoke_without_command=True, help="The sample one-stop system: its files, its service, its database."
)
app.add_typer(sources, name="sources")
app.add_typer(samples, name="sample")
held = _group("What moved a month beyond its band, and waits for a named person.")
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
