"""The command line ``dvctt``: every stage without Airflow, and the questions that people ask of a publication.

Parsing, printing and exit codes only; what is asked is answered by the other rooms. Exit code 0: yes, done, nothing new;
1: no, with one error in words; 2: the call itself is wrong.
"""

import logging
import sys
from typing import Annotated

import typer

from dvctt import __version__
from dvctt.cli import (  # noqa: F401 - they add their commands
    checks,
    decisions,
    documents,
    figures,
    gate,
    metrics,
    pipeline,
    publications,
    samples,
    sources,
)
from dvctt.cli.root import app
from dvctt.core.errors import DvcttError
from dvctt.core.files import denied_in_words, is_denied_in
from dvctt.settings import Settings

log = logging.getLogger(__name__)


def main() -> None:
    """Entry point: an error on purpose is printed in words and ends with 1; a bug keeps its traceback."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    for noisy in ("airflow", "alembic", "great_expectations"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        app()
    except DvcttError as error:
        print(f"dvctt: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        home = Settings.from_environment().home
        if not is_denied_in(home, error):
            raise
        print(f"dvctt: {denied_in_words(home, error)}", file=sys.stderr)
        sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Nothing of its own: its option answers by itself."""


if __name__ == "__main__":
    main()
