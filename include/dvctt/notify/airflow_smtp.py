"""The mail server as Airflow's SMTP provider connects to it.

What is sent, and to whom, is known by `dvctt.notify.channels`. Airflow is imported inside the function: it costs seconds, and
most runs send no mail.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any, Protocol, Self

from dvctt.settings import Settings


class MailServer(Protocol):
    """An open connection; ``from_email`` is the sender that it names."""

    @property
    def from_email(self) -> str | None: ...

    def deliver(self, message: EmailMessage, recipients: Sequence[str]) -> dict[str, tuple[int, bytes]]:
        """Send once; the recipients that the server refused, each with its answer."""


def mail_server(conn_id: str) -> AbstractContextManager[MailServer]:
    """The mail server of one of Airflow's connections; it is opened by ``with``."""
    settle_airflow_home()
    from airflow.providers.smtp.hooks.smtp import SmtpHook

    class OneAttemptHook(SmtpHook):
        """Connection, TLS and login are the provider's. Its own send method is not used: it sends again when an
        answer is lost, so a night could bring six e-mails, and it hides recipients that the server refused.
        """

        def __enter__(self) -> Self:
            super().__enter__()
            return self

        def deliver(self, message: EmailMessage, recipients: Sequence[str]) -> dict[str, tuple[int, bytes]]:
            client: Any = self._smtp_client
            sender = parseaddr(str(message["From"]))[1]
            refused: dict[str, tuple[int, bytes]] = client.send_message(message, sender, list(recipients))
            return refused

    return OneAttemptHook(conn_id)


def settle_airflow_home() -> None:
    """Outside Airflow, importing it makes a folder in the user's home unless it is told where to live."""
    if "airflow" not in sys.modules and not os.environ.get("AIRFLOW_HOME"):
        # Which province it is does not matter here, and a wrong one may be what the alert reports.
        home = Settings.from_environment({**os.environ, "DVCTT_PROVINCE": ""}).airflow_home
        os.environ["AIRFLOW_HOME"] = str(home)
