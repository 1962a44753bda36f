"""How an alert leaves the machine: mail and webhook, each recipient once, tried again from the outbox.

What it says is not decided here.
"""

import json
import logging
import os
import smtplib
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime, parseaddr
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from dvctt import clock
from dvctt.core.errors import DvcttError, NotifyError
from dvctt.core.printable import one_line
from dvctt.notify import outbox
from dvctt.notify.airflow_smtp import mail_server
from dvctt.notify.alerts import Alert, alert_from_exception
from dvctt.notify.outbox import Delivery, Entry
from dvctt.notify.plain import CONTROL, distinct, without_personal_data
from dvctt.notify.wording import html_body, subject_line, text_body, title, webhook_payload
from dvctt.report.findings import Finding
from dvctt.settings import Settings

logger = logging.getLogger(__name__)

WEBHOOK_TIMEOUT_SECONDS = 10
DEFAULT_SMTP_CONNECTION = "smtp_default"
EMAIL, WEBHOOK = "e-mail", "webhook"


def send(alert: Alert, *, entry_id: str | None = None) -> None:
    """Put an alert into the outbox and send one e-mail to all recipients and one webhook, whichever are configured; then what
    still waits there for a channel that took this one.

    A channel that fails does not keep the other from being tried, and what it did not take stays in the outbox for the next
    run. Where the outbox cannot be written (a full disk, say) each channel is tried once, and that is all.

    Args:
        entry_id: names what is told of, so that it is told once: an alert that is there under this name is not sent anew.

    Raises:
        NotifyError: names each channel that failed and why, without passwords or whole webhook addresses.
    """
    deliveries, malformed = _addressees()
    if not deliveries and not malformed:
        logger.error(
            "NOBODY WAS TOLD: no alert channel is configured, so this alert went nowhere: %s. Set DVCTT_ALERT_EMAILS "
            "with AIRFLOW_CONN_SMTP_DEFAULT, or DVCTT_ALERT_WEBHOOK_URL (docs/how-to/alerts.md)",
            one_line(alert.subject_vi),
        )
        return
    at = clock.now()
    alert = _of_now(alert, at)
    entry = Entry(
        entry_id=entry_id or outbox.free_id(_outbox_folder(), at),
        made_at=at.isoformat(),
        subject_vi=title(alert),
        alert=_as_data(alert),
        deliveries=deliveries,
    )
    folder = _outbox_folder()
    try:
        with outbox.locked(folder) as is_ours:
            if not outbox.put(folder, entry):
                logger.info("alert %s is in the outbox already: it is not sent anew", entry.entry_id)
                return
            if not is_ours:
                raise NotifyError(
                    f"{folder}: another process is sending; alert {entry.entry_id} waits for the next run or for: "
                    "dvctt alerts retry"
                )
            round_ = _Round(folder, at)
            round_.deliver(entry, due_only=False)
            round_.deliver_others(due_only=True)
    except OSError as error:
        logger.error("%s cannot be written, so what does not go out now is lost: %s", folder, error)
        _Round(None, at).deliver(entry, due_only=False)
    _refuse_undelivered(entry, malformed)


def deliver_waiting(*, keep: timedelta | None = None, due_only: bool = False) -> list[Entry]:
    """Try again what waits in the outbox; the entries that still wait afterwards. A channel that is down is waited for once,
    not once an alert.

    Args:
        keep: remove entries that are older than this, delivered or not; None removes none.
        due_only: leave those alone that failed a short while ago.

    Raises:
        OSError: the outbox cannot be written.
    """
    folder = _outbox_folder()
    if not folder.is_dir():
        return []
    at = clock.now()
    with outbox.locked(folder) as is_ours:
        if not is_ours:
            logger.warning("%s: another process is sending; what waits there is left to it", folder)
        else:
            if keep is not None:
                for entry in outbox.prune(folder, before=at - keep):
                    for delivery in entry.waiting:
                        logger.error(
                            "given up after %d days: alert %s of %s has not reached %s: %s",
                            keep.days,
                            entry.entry_id,
                            entry.made_at,
                            masked(delivery),
                            delivery.reason,
                        )
            _Round(folder, at).deliver_others(due_only=due_only)
        return [entry for entry in outbox.entries(folder)[0] if entry.waiting]


def is_kept(entry_id: str) -> bool:
    """Whether the outbox holds this entry, so that a later run will try it again."""
    return any(entry.entry_id == entry_id for entry in waiting_and_sent())


def waiting_and_sent() -> list[Entry]:
    """Every entry of the outbox, the oldest first."""
    return outbox.entries(_outbox_folder())[0]


class _ChannelDown(NotifyError):
    """The channel did not answer at all: no use trying it with another alert now."""


class _Round:
    """One pass over the outbox: each delivery at most once, and no channel again that did not answer."""

    def __init__(self, folder: Path | None, at: datetime) -> None:
        self._folder = folder
        self._at = at
        self._down: set[str] = set()
        self._tried: set[str] = set()

    def deliver_others(self, *, due_only: bool) -> None:
        """What waits, the oldest first; a file that is no entry is set aside, and people are told of it."""
        if self._folder is None:
            return
        found, damaged = outbox.entries(self._folder)
        for path in damaged:
            found.append(self._alert_about_damage(path))
        for entry in found:
            if entry.waiting and entry.entry_id not in self._tried:
                self.deliver(entry, due_only=due_only)

    def deliver(self, entry: Entry, *, due_only: bool) -> None:
        """Try one entry by every channel that it waits for, and write down at once what came of it."""
        self._tried.add(entry.entry_id)
        now_configured = {(d.channel, d.recipient) for d in _addressees()[0]}
        due = [
            d
            for d in entry.waiting
            if (d.channel, d.recipient) in now_configured and (not due_only or d.is_due(self._at))
        ]
        for channel, deliver in ((EMAIL, _send_email), (WEBHOOK, _send_webhook)):
            wanted = [delivery for delivery in due if delivery.channel == channel]
            if not wanted or channel in self._down:
                continue
            try:
                refused = deliver(entry, [delivery.recipient for delivery in wanted])
            # Whatever one channel throws, the other one must still be tried; all of it is kept with the entry.
            except Exception as error:  # noqa: BLE001
                if isinstance(error, _ChannelDown):
                    self._down.add(channel)
                refused = dict.fromkeys((delivery.recipient for delivery in wanted), _reason(error))
            for delivery in wanted:
                if delivery.recipient in refused:
                    delivery.failed(self._at, refused[delivery.recipient])
                    logger.warning(
                        "alert %s did not reach %s (try %d): %s",
                        entry.entry_id,
                        masked(delivery),
                        delivery.attempts,
                        delivery.reason,
                    )
                else:
                    delivery.succeeded(clock.now())
            if self._folder is not None:
                outbox.save(self._folder, entry)

    def _alert_about_damage(self, path: Path) -> Entry:
        assert self._folder is not None
        aside = outbox.set_aside(path)
        logger.error("%s is not an entry of the outbox: set aside as %s", path, aside.name)
        error = NotifyError(
            f"{path}: not an entry of the outbox: found other content, wanted an alert with its deliveries; set aside as "
            f"{aside.name}; whom that alert has reached is not known: look at it, and at the run of its day: dvctt alerts list"
        )
        alert = _of_now(alert_from_exception(error, stage="outbox"), self._at)
        entry = Entry(
            entry_id=outbox.free_id(self._folder, self._at),
            made_at=self._at.isoformat(),
            subject_vi=title(alert),
            alert=_as_data(alert),
            deliveries=_addressees()[0],
        )
        outbox.put(self._folder, entry)
        return entry


def configured() -> tuple[list[str], list[str]]:
    """The channels that an alert goes by as things are now, with how many each reaches; and what stands among the recipients
    and is no address, masked.
    """
    deliveries, malformed = _addressees()
    emails = sum(delivery.channel == EMAIL for delivery in deliveries)
    found = [f"{EMAIL} to {emails}"] if emails else []
    return found + ([WEBHOOK] if len(deliveries) > emails else []), malformed


def _addressees() -> tuple[list[Delivery], list[str]]:
    """Whom an alert goes to as things are configured now, and what stands among the recipients and is no address (masked)."""
    recipients, malformed = _recipients(os.environ.get("DVCTT_ALERT_EMAILS", ""))
    deliveries = [Delivery(EMAIL, recipient) for recipient in recipients]
    if os.environ.get("DVCTT_ALERT_WEBHOOK_URL", "").strip():
        # The address is a secret, and may have been changed by the time it is tried again: it stays in the environment.
        deliveries.append(Delivery(WEBHOOK, ""))
    return deliveries, malformed


def _refuse_undelivered(entry: Entry, malformed: Sequence[str]) -> None:
    reasons: dict[str, list[str]] = {}
    for delivery in entry.deliveries:
        known = reasons.setdefault(delivery.channel, [])
        if delivery.delivered_at is None:
            known.append(delivery.reason or "not tried")
    if malformed:
        served = sum(d.channel == EMAIL and d.delivered_at is not None for d in entry.deliveries)
        words = f"sent to {served} recipients, but DVCTT_ALERT_EMAILS holds what is no address: {', '.join(malformed)}"
        reasons.setdefault(EMAIL, []).append(words)
    failed = {channel: "; ".join(distinct(words)) for channel, words in reasons.items() if words}
    if failed:
        delivered = distinct(d.channel for d in entry.deliveries if d.delivered_at is not None)
        raise NotifyError(
            f"alert not delivered by {len(failed)} of {len(reasons)} channels: "
            + "; ".join(f"{channel}: {words}" for channel, words in failed.items())
            + f". Delivered by: {', '.join(delivered) or 'none, nobody was told'}. Alert: {entry.subject_vi}. "
            "What has not arrived is tried again by the next run: dvctt alerts list"
        )


def _of_now(alert: Alert, at: datetime) -> Alert:
    """The alert with what its maker left open: when it happened, and whether what has landed is a sample."""
    alert = alert if alert.happened_at else replace(alert, happened_at=at.isoformat())
    return alert if alert.is_sample is not None else replace(alert, is_sample=_has_landed_sample())


def _has_landed_sample() -> bool:
    from dvctt.landing import withdrawals, zone

    settings = _settings()
    try:
        extracts = zone.landed_extracts(settings.landing)
        withdrawn = {one.extract_id for one in withdrawals.withdrawn(settings.ledgers, extracts)}
    except (DvcttError, OSError) as error:
        # What is damaged there may be the very thing that the alert reports: it must not cost the alert.
        logger.warning("whether a sample has landed cannot be read: %s", type(error).__name__)
        return False
    return zone.is_of_sample(extracts, withdrawn)


def _settings() -> Settings:
    # Which province it is does not matter here, and a wrong one may be what the alert reports.
    return Settings.from_environment({**os.environ, "DVCTT_PROVINCE": ""})


def _outbox_folder() -> Path:
    return _settings().home / outbox.FOLDER


def _as_data(alert: Alert) -> dict[str, Any]:
    return {**asdict(alert), "verdict_path": str(alert.verdict_path) if alert.verdict_path else None}


def _alert_of(entry: Entry) -> Alert:
    data = dict(entry.alert)
    return Alert(
        **{
            **data,
            "agencies": tuple(data["agencies"]),
            "findings": tuple(Finding(**finding) for finding in data["findings"]),
            "verdict_path": Path(data["verdict_path"]) if data["verdict_path"] else None,
        }
    )


def masked(delivery: Delivery) -> str:
    """Channel and recipient as a log may name them."""
    return f"{delivery.channel} {_masked_address(delivery.recipient)}" if delivery.recipient else delivery.channel


def _send_email(entry: Entry, recipients: Sequence[str]) -> dict[str, str]:
    """One e-mail to these recipients; those that the server refused, each with why.

    Raises:
        NotifyError: nobody got it.
    """
    alert = _alert_of(entry)
    conn_id = os.environ.get("DVCTT_ALERT_SMTP_CONN") or DEFAULT_SMTP_CONNECTION
    is_connected = False
    try:
        with mail_server(conn_id) as hook:
            is_connected = True
            sender = os.environ.get("DVCTT_ALERT_FROM") or hook.from_email
            if not sender:
                raise NotifyError("no sender: set DVCTT_ALERT_FROM, or from_email in the connection's extra")
            refused = hook.deliver(_message(alert, sender, recipients, entry.entry_id), recipients)
    except NotifyError:
        raise
    except smtplib.SMTPRecipientsRefused as error:
        refused = error.recipients
    # The provider, smtplib, ssl and Airflow's secret stores each have their own errors; none may pass unmasked.
    except Exception as error:  # noqa: BLE001
        # One letter that a server does not take must not hold up the others; a server that is not there holds up all.
        is_down = not is_connected or isinstance(error, (smtplib.SMTPServerDisconnected, TimeoutError, ConnectionError))
        raise (_ChannelDown if is_down else NotifyError)(
            f"mail server of connection {conn_id!r} (AIRFLOW_CONN_{conn_id.upper()}): "
            f"{type(error).__name__}: {without_personal_data(str(error))}"
        ) from None
    answers = "; ".join(
        f"{_masked_address(address)} ({code} {without_personal_data(answer.decode(errors='replace'))})"
        for address, (code, answer) in refused.items()
    )
    logger.info("alert e-mail sent to %d recipients: %s", len(recipients) - len(refused), one_line(alert.subject_vi))
    return dict.fromkeys(
        refused, f"{len(refused)} of {len(recipients)} recipients refused by the mail server: {answers}"
    )


class _Subject(str):
    """A subject that folds itself. The standard library's own folding loses the space between two words with diacritics
    when a line ends there (Python 3.11), so that "công bố" arrives as "côngbố".
    """

    name = "Subject"

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {Header(self, 'utf-8', header_name=self.name).encode(linesep=policy.linesep)}{policy.linesep}"


def _message(alert: Alert, sender: str, recipients: Sequence[str], entry_id: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = _Subject(subject_line(alert))
    # The same however often it is sent: where the answer to a send was lost, mail programs show one of the two.
    message["Message-ID"] = f"<{entry_id}@{parseaddr(sender)[1].rpartition('@')[2] or 'dvctt'}>"
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Date"] = format_datetime(clock.now())
    # RFC 3834: out-of-office replies must not answer a machine.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text_body(alert))
    message.add_alternative(html_body(alert), subtype="html")
    return message


def _recipients(setting: str) -> tuple[list[str], list[str]]:
    """Addresses, and what is none (masked), in their order and without repetition."""
    good: list[str] = []
    bad: list[str] = []
    for entry in distinct(part.strip() for part in setting.split(",") if part.strip()):
        try:
            address = Address(addr_spec=entry)
            (good if address.username and address.domain and entry.isascii() else bad).append(entry)
        # IndexError: what the standard library's parser answers to some malformed addresses.
        except (ValueError, IndexError, MessageError):
            bad.append(entry)
    return good, [_masked_address(entry) for entry in bad]


def _masked_address(address: str) -> str:
    name, at, domain = one_line(address).partition("@")
    return f"{name[:1]}***{at}{domain}"


class _NoRedirect(HTTPRedirectHandler):
    """A redirected POST arrives as a GET without its body: an alert that looks delivered and is empty."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        return None


def _send_webhook(entry: Entry, recipients: Sequence[str]) -> dict[str, str]:
    """One POST; the only recipient of this channel is its address.

    Raises:
        NotifyError: it was not taken.
    """
    url = os.environ["DVCTT_ALERT_WEBHOOK_URL"].strip()
    where = _masked_url(url)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or CONTROL.search(url):
        raise NotifyError(f"DVCTT_ALERT_WEBHOOK_URL: found {where}, wanted http(s)://host/… without user or password")
    payload = {"id": entry.entry_id, **webhook_payload(_alert_of(entry))}
    body = json.dumps(payload, ensure_ascii=False).encode("utf-8")
    request = Request(  # noqa: S310 - the scheme is checked above
        url,
        data=body,
        method="POST",
        headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "dvctt-warehouse"},
    )
    try:
        with build_opener(_NoRedirect).open(request, timeout=WEBHOOK_TIMEOUT_SECONDS) as response:
            status = response.status
    except HTTPError as error:
        code = error.code
        error.close()
        raise NotifyError(f"{where} answered HTTP {code}, wanted 2xx") from None
    except TimeoutError:
        raise _ChannelDown(f"{where} gave no answer within {WEBHOOK_TIMEOUT_SECONDS} s") from None
    except URLError as error:
        raise _ChannelDown(f"{where} cannot be reached: {error.reason}") from None
    # What http.client answers to a bad address quotes it, and with it the token.
    except Exception as error:  # noqa: BLE001
        raise _ChannelDown(f"{where} cannot be reached: {type(error).__name__}") from None
    logger.info("alert webhook taken by %s: HTTP %d", where, status)
    return {}


def _masked_url(url: str) -> str:
    """Scheme and host only: chat programs put the secret into the path."""
    try:
        parts = urlsplit(one_line(url))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "(unreadable address)"
    return f"{parts.scheme or '?'}://{parts.hostname or '?'}{port}/***"


def _reason(error: Exception) -> str:
    if isinstance(error, NotifyError):
        return str(error)
    return f"{type(error).__name__}: {without_personal_data(str(error))}"
