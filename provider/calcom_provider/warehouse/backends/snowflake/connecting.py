"""What names a Snowflake account, and the connections to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from calcom_provider.warehouse.errors import UnsupportedTargetError

if TYPE_CHECKING:
    import sqlalchemy as sa

#: Options of a URL, besides those that say where the server is.
OPTIONS = frozenset(
    {
        "warehouse",
        "role",
        "authenticator",
        "private_key_file",
        "private_key_file_pwd",
        "token",
        "token_file_path",
        "host",
        "port",
        "protocol",
        "login_timeout",
        "network_timeout",
        "ocsp_fail_open",
    }
)
_NUMBERS = frozenset({"port", "login_timeout", "network_timeout"})

#: Seconds that a statement waits for a table that another transaction writes; Snowflake's own are 12 hours.
LOCK_TIMEOUT = 900

SESSION: Mapping[str, Any] = {
    "QUERY_TAG": "calcom",
    "TIMEZONE": "UTC",
    "LOCK_TIMEOUT": LOCK_TIMEOUT,
    "JSON_INDENT": 0,
}
"""Parameters of every session; the tag finds its statements, and their costs, in the query history."""


@dataclass(frozen=True)
class SnowflakeTarget:
    """Name an account whose connections somebody else makes, such as the hook of an Airflow provider.

    :param connect: makes a connection of the Snowflake connector, with the session parameters given.
    :param account: name of the account; empty where it is not known.
    :param database: database of the connections, as it was written; empty for the user's own default.
    :param schema: schema that they begin with; empty for the default.
    """

    connect: Callable[[Mapping[str, Any]], Any]
    account: str = ""
    database: str = ""
    schema: str = ""

    def get_backend_name(self) -> str:
        """Give the name by which its backend is found."""
        return "snowflake"


def target_of(url: sa.URL | str) -> SnowflakeTarget:
    """Return the account that a URL names.

    :param url: ``snowflake://user:password@account/database/schema?warehouse=…&role=…``; with a key file instead of a
        password, ``private_key_file=…``.
    :raises UnsupportedTargetError: when the URL lacks something or has an option that is not known.
    """
    import sqlalchemy as sa

    made = sa.make_url(url)
    unknown = sorted(set(made.query) - OPTIONS)
    if unknown:
        raise UnsupportedTargetError(
            f"The URL of Snowflake has an option {unknown[0]!r}; known are {', '.join(sorted(OPTIONS))}"
        )
    database, _, schema = (made.database or "").strip("/").partition("/")
    if not (made.username and made.host and database):
        raise UnsupportedTargetError(
            "The URL of Snowflake names a user, an account and a database:"
            " snowflake://user@account/database/schema?warehouse=name&private_key_file=/path"
        )
    options: dict[str, Any] = {
        name: int(str(value)) if name in _NUMBERS else value for name, value in made.query.items()
    }
    options |= {"account": made.host, "user": made.username, "database": database}
    if made.port:
        options["port"] = made.port
    if made.password:
        options["password"] = str(made.password)
    if schema:
        options["schema"] = schema

    def connect(parameters: Mapping[str, Any]) -> Any:
        return _connector().connect(**options, session_parameters=dict(parameters))

    _connector()
    return SnowflakeTarget(connect, made.host, database, schema)


def opened(target: SnowflakeTarget, *, lasting: bool) -> Any:
    """Open a connection whose statements have their values bound by the server.

    Values that the client writes into the text would stand in the account's query history.

    :param target: the account.
    :param lasting: whether it must outlive hours without a statement.
    """
    connection = target.connect({**SESSION, "CLIENT_SESSION_KEEP_ALIVE": lasting})
    if connection.is_pyformat:
        connection._paramstyle = "qmark"
    return connection


def _connector() -> Any:
    try:
        import pyarrow  # noqa: F401
        import snowflake.connector
    except ImportError:
        raise UnsupportedTargetError(
            "Snowflake needs its packages: pip install 'airflow-provider-calcom[snowflake]'"
        ) from None
    return snowflake.connector
