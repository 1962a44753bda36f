"""Source kind ``database``: a table or view of a running database, a month at a time.

One read-only transaction gives the records and the database's own totals, both of one instant. PostgreSQL hands the records
over by COPY; every other database that SQLAlchemy knows a driver for hands them over in batches. Only columns of the contract
are asked for, so what is personal stays where it is. Words name tables, columns of the contract, counts and the database's own
codes; never its messages, which may quote a record.
"""

import csv
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

from pydantic import BaseModel, ConfigDict, Field

from dvctt.core.errors import ConfigError, ExtractError
from dvctt.extract import Asked, Login, SourceUnreachable, Taken, options_of
from dvctt.extract._address import is_here
from dvctt.province.model import Feed, Source

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Select, Table
    from sqlalchemy.engine import URL

log = logging.getLogger(__name__)

_DRIVERS: Mapping[str, str] = {
    "postgres": "postgresql+psycopg2",
    "postgresql": "postgresql+psycopg2",
    "mysql": "mysql+pymysql",
    "mssql": "mssql+pymssql",
    "oracle": "oracle+oracledb",
    "sqlite": "sqlite",
}
"""Types of Airflow connections, and what SQLAlchemy opens them with; all but the first and the last are installed beside us."""
_SNAPSHOT: Mapping[str, str] = {
    "postgresql": "REPEATABLE READ",
    "mysql": "REPEATABLE READ",
    "mssql": "SNAPSHOT",
    "oracle": "SERIALIZABLE",
    "sqlite": "SERIALIZABLE",
}
"""The weakest level of each in which two reads of one transaction see one instant."""
_SYSTEM = "system"
_CONNECT_SECONDS = 15
_BATCH = 10_000
_MENDS_ITSELF = ("08", "40", "53", "55", "57")
"""Classes of SQLSTATE: connection, rollback of a conflict, resources, lock, a server that goes down or ends a query."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceOptions(_Frozen):
    """Options of the source.

    Attributes:
        statement_seconds: after so long the database ends a query by itself (PostgreSQL).
    """

    statement_seconds: Annotated[int, Field(ge=1, le=86_400)] = 3600


class MonthColumn(_Frozen):
    """Which column says of what month a record is.

    Attributes:
        holds: ``time``: a date or a moment; ``month``: a text as 2022-10.
    """

    column: Annotated[str, Field(min_length=1)]
    holds: Literal["time", "month"] = "time"


class FeedOptions(_Frozen):
    """Options of an entity.

    Attributes:
        table: name of the table or view, with its schema where it has one: ``one_stop.v_ho_so``.
        month: for a feed of changes the column is the moment of the last change.
        order_by: columns by which records come in the order in which they were made; the last of one key wins.
    """

    table: Annotated[str, Field(pattern=r"^[^.\x00-\x1f]{1,128}(\.[^.\x00-\x1f]{1,128}){0,2}$")]
    month: MonthColumn
    order_by: tuple[Annotated[str, Field(min_length=1)], ...] = ()


def check_options(source: Source) -> None:
    """Whether sources.yml says what this kind needs.

    Raises:
        ConfigError: it does not.
    """
    options_of(SourceOptions, source.options, f"source {source.id!r}")
    for entity, feed in source.entities.items():
        _feed_options(source, entity, feed)


def _feed_options(source: Source, entity: str, feed: Feed) -> FeedOptions:
    return options_of(FeedOptions, feed.options, f"source {source.id!r}: entity {entity!r}")


def fetch(asked: Asked, target: Path) -> Taken:
    """Write the month's records as CSV; the database's own count and amount of the same instant.

    Raises:
        SourceUnreachable: the database is away, busy, or ended the query.
        ExtractError: table or column is missing, or may not be read, or the month's column holds no dates.
        ConfigError: no driver is installed, or the connection is no database.
    """
    options = _feed_options(asked.source, asked.entity.name, asked.feed)
    with _transaction(asked) as connection:
        query = _Query(asked, options, _reflected(connection, options.table, asked.words))
        taken = query.totals(connection)
        if unplaced := query.without_month(connection):
            log.warning(
                "%s: %d records have no month in column %s and are in no month's file; look at them in the system",
                asked.words,
                unplaced,
                options.month.column,
            )
        if connection.dialect.name == "postgresql":
            _copy(connection, query.select(), target, asked.progress)
        else:
            _write_batches(connection, query.select(), query.names, target, asked)
    return taken


class _Query:
    """What is asked of one table: its columns by the contract's names, and the month's condition."""

    def __init__(self, asked: Asked, options: FeedOptions, table: "Table") -> None:
        self._asked = asked
        self._table = table
        self._order = [self._column(name) for name in options.order_by]
        self._month = self._column(options.month.column)
        self._month_holds = options.month.holds
        source_names = {contract: own for own, contract in asked.feed.rename.items()}
        self.names = [name for name in asked.entity.columns if name not in asked.feed.absent]
        wanted = {name: source_names.get(name, name) for name in self.names}
        found = {name: self._find(own) for name, own in wanted.items()}
        if missing := [f"{name} (as {wanted[name]})" for name, column in found.items() if column is None]:
            raise ExtractError(
                f"{asked.words}: table {options.table}: missing mandatory column {', '.join(missing)}; found "
                f"{len(self._table.columns)} columns; wanted each, or sources.yml says rename or absent",
                "not_fetched",
            )
        self._columns = {name: column for name, column in found.items() if column is not None}

    def _find(self, name: str) -> "ColumnElement[Any] | None":
        """By name as it is written; a database that folds names gives the one that differs in case alone."""
        columns = self._table.columns
        if name in columns:
            return columns[name]
        folded = [column for column in columns if column.name.casefold() == name.casefold()]
        return folded[0] if len(folded) == 1 else None

    def _column(self, name: str) -> "ColumnElement[Any]":
        column = self._find(name)
        if column is None:
            raise ExtractError(
                f"{self._asked.words}: table {self._table.fullname}: no column {name}, which sources.yml names; look: "
                f"dvctt sources check {self._asked.source.id}",
                "not_fetched",
            )
        return column

    def _local(self, column: "ColumnElement[Any]") -> "ColumnElement[Any]":
        """A moment with a zone is a time of the province's clocks; the contract's times carry no zone."""
        import sqlalchemy as sa

        if isinstance(column.type, sa.DateTime) and column.type.timezone:
            return sa.func.timezone(self._asked.timezone, column)
        return column

    def _of_month(self) -> "ColumnElement[bool]":
        import sqlalchemy as sa

        month = self._asked.month
        if self._month_holds == "month":
            return self._month == sa.literal(str(month))
        if not isinstance(self._month.type, sa.Date | sa.DateTime):
            raise ExtractError(
                f"{self._asked.words}: column {self._month} is of type {self._month.type}, which is no date; wanted a date or "
                f"a moment, or in sources.yml holds: month: a comparison with text would believe an empty month",
                "not_fetched",
            )
        local = self._local(self._month)
        # Naive bounds whatever the column is: `local` has no zone any more.
        return sa.and_(
            local >= sa.literal(month.first_day, sa.Date), local < sa.literal(month.shifted(1).first_day, sa.Date)
        )

    def select(self) -> "Select[Any]":
        import sqlalchemy as sa

        columns = [self._as_text(column).label(name) for name, column in self._columns.items()]
        return sa.select(*columns).where(self._of_month()).order_by(*self._order)

    def _as_text(self, column: "ColumnElement[Any]") -> "ColumnElement[Any]":
        """What COPY would write in a form that no source sends: t and f for yes and no, 1000.00 for an amount."""
        import sqlalchemy as sa

        if not _DRIVERS[_system(self._asked.login)].startswith("postgresql"):
            return column
        if isinstance(column.type, sa.Boolean):
            return sa.cast(column, sa.Text)
        if isinstance(column.type, sa.Numeric) and not isinstance(column.type, sa.Float):
            return sa.func.trim_scale(column)
        return self._local(column)

    def totals(self, connection: "Connection") -> Taken:
        """Rows and amount of the month, as the database counts them. An amount that is no whole number adds nothing, as it adds
        nothing where the file is held against this.
        """
        import sqlalchemy as sa

        count = connection.execute(sa.select(sa.func.count()).select_from(self._table).where(self._of_month()))
        rows = int(count.scalar_one())
        amount = self._columns.get(self._asked.entity.amount or "")
        if amount is None or not isinstance(amount.type, sa.Integer | sa.Numeric):
            return Taken(rows, None)
        total: Any = connection.execute(sa.select(sa.func.sum(amount)).where(self._of_month())).scalar_one()
        whole = Decimal(total or 0)
        return Taken(rows, int(whole) if whole == whole.to_integral_value() else None)

    def without_month(self, connection: "Connection") -> int:
        import sqlalchemy as sa

        asked = sa.select(sa.func.count()).select_from(self._table).where(self._month.is_(None))
        return int(connection.execute(asked).scalar_one())


def _reflected(connection: "Connection", name: str, words: str) -> "Table":
    import sqlalchemy as sa

    *schema, table = name.split(".")
    try:
        return sa.Table(
            table, sa.MetaData(), schema=".".join(schema) or None, autoload_with=connection, resolve_fks=False
        )
    except sa.exc.NoSuchTableError:
        raise ExtractError(
            f"{words}: no table or view {name} that this user may see; wanted the one that sources.yml names (options, table)",
            "not_fetched",
        ) from None


@contextmanager
def _transaction(asked: Asked) -> Iterator["Connection"]:
    """One transaction that reads and sees one instant; the database's errors become words of our own."""
    import sqlalchemy as sa

    options = options_of(SourceOptions, asked.source.options, f"source {asked.source.id!r}")
    try:
        url, arguments = _address(asked.login, options)
        engine = sa.create_engine(url, connect_args=arguments, poolclass=sa.pool.NullPool)
    except (ModuleNotFoundError, sa.exc.NoSuchModuleError):
        raise ConfigError(
            f"connection {asked.login.connection!r}: no driver for {_system(asked.login)!r} is installed; wanted "
            f"{_DRIVERS.get(_system(asked.login), 'a type that is a database')}: docs/how-to/fetch-from-a-system.md"
        ) from None
    try:
        with engine.connect().execution_options(isolation_level=_SNAPSHOT[engine.dialect.name]) as connection:
            _make_read_only(connection)
            yield connection
            connection.rollback()
    except sa.exc.SQLAlchemyError as error:
        raise _in_words(error, asked) from None
    finally:
        engine.dispose()


def _make_read_only(connection: "Connection") -> None:
    import sqlalchemy as sa

    if connection.dialect.name in ("postgresql", "oracle"):
        connection.execute(sa.text("set transaction read only"))
    elif connection.dialect.name == "sqlite":
        connection.execute(sa.text("pragma query_only = on"))
        connection.execute(sa.text("begin"))


def _system(login: Login) -> str:
    """Airflow offers the types of its installed providers alone; the extra says another."""
    return str(login.extra.get(_SYSTEM, login.system))


def _address(login: Login, options: SourceOptions) -> tuple["URL", dict[str, Any]]:
    import sqlalchemy as sa

    driver = _DRIVERS.get(_system(login))
    if driver is None:
        raise ConfigError(
            f"connection {login.connection!r}: found type {_system(login)!r}, wanted one of {', '.join(_DRIVERS)}; a type that "
            f'Airflow does not offer stands in its extra: {{"system": "mysql"}}'
        )
    if driver == "sqlite":
        return sa.URL.create(driver, database=login.host or login.schema), {}
    extra = {key: str(value) for key, value in login.extra.items() if key != _SYSTEM}
    arguments: dict[str, Any] = {}
    if driver.startswith("postgresql"):
        # Outside of this machine nothing goes over a wire in the clear unless the connection says so.
        extra.setdefault("sslmode", "prefer" if is_here(login.host) else "require")
        arguments = {
            "connect_timeout": _CONNECT_SECONDS,
            "options": f"-c statement_timeout={options.statement_seconds}s -c datestyle=ISO -c client_encoding=UTF8",
            "application_name": "dvctt",
        }
    url = sa.URL.create(driver, login.user, login.password, login.host, login.port, login.schema, extra)
    return url, arguments


def _in_words(error: Exception, asked: Asked) -> ExtractError:
    """The driver's own class and code: its message may quote a record, and a password stands in what it was called with."""
    import sqlalchemy as sa

    original = getattr(error, "orig", None) or error
    code = getattr(original, "pgcode", None) or getattr(original, "sqlite_errorname", None)
    found = type(original).__name__ + (f", code {code}" if code else "")
    look = f"look: dvctt sources check {asked.source.id}"
    if "authentication" in str(original) or str(code or "")[:2] == "28":
        return ExtractError(
            f"{asked.words}: the database did not accept the login of connection {asked.login.connection!r}; mend it; {look}",
            "not_fetched",
        )
    away = isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError) and code is None
    if away or str(code or "").startswith(_MENDS_ITSELF):
        return SourceUnreachable(
            f"{asked.words}: the database is not reachable, is busy or ended the query ({found}); tried again the next night; "
            f"{look}"
        )
    return ExtractError(
        f"{asked.words}: the database refused the query ({found}); wanted a table and columns that the user of connection "
        f"{asked.login.connection!r} may read; {look}",
        "not_fetched",
    )


class _Counted:
    """A file that tells how many lines have gone into it; a record with a line break counts for more, which progress bears."""

    def __init__(self, file: BinaryIO, progress: Callable[[int], None]) -> None:
        self._file, self._progress, self._lines = file, progress, -1

    def write(self, data: bytes) -> int:
        self._lines += data.count(b"\n")
        self._progress(max(self._lines, 0))
        return self._file.write(data)


def _copy(connection: "Connection", query: "Select[Any]", target: Path, progress: Callable[[int], None]) -> None:
    # Names instead of marks for parameters: with marks every % of a name would be doubled.
    dialect: Any = type(connection.dialect)
    asked = query.compile(dialect=dialect(paramstyle="named"), compile_kwargs={"literal_binds": True})
    cursor: Any = connection.connection.cursor()
    with target.open("wb") as file:
        cursor.copy_expert(f"copy ({asked}) to stdout with (format csv, header)", _Counted(file, progress), 1 << 20)


def _write_batches(
    connection: "Connection", query: "Select[Any]", names: Sequence[str], target: Path, asked: Asked
) -> None:
    rows = 0
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for batch in connection.execution_options(stream_results=True).execute(query).partitions(_BATCH):
            writer.writerows([_text(value, asked) for value in row] for row in batch)
            rows += len(batch)
            asked.progress(rows)


def _text(value: object, asked: Asked) -> str:
    """A value as sources write it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return str(int(value)) if value == value.to_integral_value() else str(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float | str):
        return str(value)
    raise ExtractError(
        f"{asked.words}: a column holds {type(value).__name__}, which is no text, number or date; wanted a view that has them",
        "not_fetched",
    )
