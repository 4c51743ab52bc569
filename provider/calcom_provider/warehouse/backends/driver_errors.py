"""Say in words what a database's driver or a missing one means, and what helps; nothing of its own words is passed on.

A driver's message may quote a password, an address or a row. What it says is recognised by codes where there are
some, else by its fixed parts, and told anew.
"""

from __future__ import annotations

import re
from typing import Any

#: By module that is missing: the extra of this package that brings a driver.
EXTRAS = {
    "psycopg": "postgres",
    "psycopg2": "postgres",
    "pymysql": "mysql",
    "MySQLdb": "mysql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "duckdb": "duckdb",
    "pyarrow": "duckdb",
    "redis": "redis",
    "snowflake": "snowflake",
    "google": "bigquery",
}
#: Drivers that the extras bring, by the module that SQLAlchemy asks for when the URL names none.
SPELLED = {
    "psycopg2": "postgresql+psycopg://",
    "MySQLdb": "mysql+pymysql://",
    "mysql": "mysql+pymysql://",
    "mariadb": "mysql+pymysql://",
}

NO_HOST = "The database's host cannot be found (no such name): check the address."
CLOSED = "Nothing listens at the database's host and port: check both, and that the server runs."
NOT_A_SERVER = (
    "Something answers at the database's host and port, but no such database: check the port and the scheme."
)
TIMED_OUT = "The database's host does not answer: check the address, the port and the firewall in between."
LOGIN = "The database does not accept the user or the password."
NO_DATABASE = "The server has no database of this name: create it, or correct the name."
NO_RIGHTS = (
    "The database's user lacks a right that this needs: let it create, read and write tables in the schema."
)
READ_ONLY = (
    "The database is read-only here: use its primary server, or a file and a folder that this user may write."
)
NO_FILE = (
    "The database file cannot be opened: check that its folder is there and that this user may write in it."
)
NOT_A_DATABASE = "The file is no database of this kind, or it is damaged."
FULL = "The disk or the database is full."
TOO_MANY = "The database has no connection free: close some, or raise its limit."
STARTING = "The database is starting or stopping: try again soon."
LOST = "The connection to the database broke: try again."
ENCODING = "The database does not hold Unicode (SQL_ASCII or an old encoding): create one with encoding UTF8."

#: SQLSTATE, whole or its class.
_STATES = {
    "28P01": LOGIN,
    "28000": LOGIN,
    "3D000": NO_DATABASE,
    "42501": NO_RIGHTS,
    "25006": READ_ONLY,
    "53100": FULL,
    "53300": TOO_MANY,
    "57P03": STARTING,
    "57P01": LOST,
    "08": LOST,
    "22P05": ENCODING,
    "22021": ENCODING,
}
#: Numbers of MySQL and MariaDB.
_NUMBERS = {
    1045: LOGIN,
    1698: LOGIN,
    1044: NO_RIGHTS,
    1142: NO_RIGHTS,
    1143: NO_RIGHTS,
    1227: NO_RIGHTS,
    1049: NO_DATABASE,
    1290: READ_ONLY,
    1792: READ_ONLY,
    1836: READ_ONLY,
    1021: FULL,
    1114: FULL,
    1040: TOO_MANY,
    1366: ENCODING,
    2006: LOST,
    2013: LOST,
}
#: Numbers of Snowflake, whose SQLSTATEs say less.
_SNOWFLAKE_NUMBERS = {
    606: "No warehouse of Snowflake runs the statements: name one (warehouse) that the role may use.",
    2043: NO_DATABASE,
    2003: "Snowflake has no such database, schema or table, or does not let the role see it: check both.",
    3001: NO_RIGHTS,
    250001: LOGIN,
    250003: CLOSED,
    251001: NO_HOST,
    390100: LOGIN,
    390144: "Snowflake does not accept the key: check the user's public key and the private key file.",
    390201: NO_DATABASE,
}
#: Reasons that BigQuery gives; its codes are those of HTTP, and say less.
_REASONS = {
    "accessDenied": NO_RIGHTS,
    "notFound": "BigQuery has no such project, dataset or table, or does not let the account see it: check all three.",
    "quotaExceeded": "A quota of the BigQuery project is used up: wait for the next day, or raise it.",
    "billingNotEnabled": "The project has no billing account, without which BigQuery writes no rows: link one.",
    "authError": LOGIN,
}
_GOOGLE_CREDENTIALS = (
    "Google's credentials are missing or no longer accepted: name a key_file, or make default ones."
)
_NAMES = {
    "SQLITE_CANTOPEN": NO_FILE,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_NOTADB": NOT_A_DATABASE,
    "SQLITE_CORRUPT": NOT_A_DATABASE,
    "SQLITE_FULL": FULL,
    "SQLITE_IOERR": FULL,
    "SQLITE_PERM": NO_RIGHTS,
}
#: Where a driver gives no code: fixed parts of what it says. The first that is found decides.
_PARTS = (
    (
        r"password authentication failed|Access denied for user|no password supplied|no pg_hba.conf entry",
        LOGIN,
    ),
    (r"database \S+ does not exist|Unknown database", NO_DATABASE),
    (
        r"invalid response to (SSL|GSSAPI|encryption) negotiation|expected authentication request|"
        r"unsupported frontend protocol|Packet sequence number wrong|server closed the connection unexpectedly",
        NOT_A_SERVER,
    ),
    (
        r"could not translate host name|failed to resolve host|Name or service not known|"
        r"nodename nor servname|No address associated|Temporary failure in name resolution|getaddrinfo failed",
        NO_HOST,
    ),
    (
        r"Connection refused|No route to host|Network is unreachable|No such file or directory: '?/\S*sock",
        CLOSED,
    ),
    (r"timeout expired|timed out", TIMED_OUT),
    (r"read.only mode|read-only", READ_ONLY),
    (r"not a valid DuckDB database file|not a database", NOT_A_DATABASE),
    (r"Cannot open file|Cannot open database|unable to open database file|Permission denied", NO_FILE),
    (r"No space left|disk is full|could not extend file|File too large", FULL),
)


#: Where drivers keep the code of an error, besides the first argument.
_CODES = ("sqlstate", "sqlite_errorname")
#: The state of everything that has none of its own, in MySQL.
_GENERAL = "HY000"


def missing_driver(error: BaseException) -> str | None:
    """Return what to install for a driver that is not there, None where another module is missing.

    :param error: a ``ModuleNotFoundError``, or what SQLAlchemy says about a dialect.
    """
    name = (getattr(error, "name", None) or "").partition(".")[0]
    if name in EXTRAS:
        advice = f"pip install 'airflow-provider-calcom[{EXTRAS[name]}]'"
        if name in SPELLED:
            advice += f", and begin the URL with {SPELLED[name]}"
        return f"The driver for this database is not installed: {advice}."
    found = re.search(r"Can't load plugin: sqlalchemy\.dialects:([\w.]+)", str(error))
    if found:
        return f"There is no driver for {found[1]!r}: check how the URL begins, or install its SQLAlchemy dialect."
    return None


def explain(error: BaseException) -> str | None:
    """Return what a driver's error means, None for one that is not known.

    :param error: what SQLAlchemy or a driver raised.
    """
    told: BaseException = getattr(error, "orig", None) or error
    if _snowflake_number(told) in _SNOWFLAKE_NUMBERS:
        return _SNOWFLAKE_NUMBERS[_snowflake_number(told)]
    if type(told).__module__.startswith("google.auth"):
        return _GOOGLE_CREDENTIALS
    if _bigquery_reason(told) in _REASONS:
        return _REASONS[_bigquery_reason(told)]
    state = getattr(told, "sqlstate", None) or getattr(told, "pgcode", None) or ""
    for known in (state, state[:2]):
        if known in _STATES:
            return _STATES[known]
    name = getattr(told, "sqlite_errorname", None) or ""
    for known, text in _NAMES.items():
        if name.startswith(known):
            return text
    if told.args and isinstance(told.args[0], int) and told.args[0] in _NUMBERS:
        return _NUMBERS[told.args[0]]
    said = " ".join(str(one) for one in (told, *told.args))
    return next((text for pattern, text in _PARTS if re.search(pattern, said, re.IGNORECASE)), None)


def tell(error: BaseException) -> str:
    """Return the name of an error with what it means, as far as that is known, for a sentence of ours.

    :param error: what SQLAlchemy or a driver raised.
    """
    meaning = explain(error) if is_driver_error(error) else None
    return f"{describe(error)}: {meaning.removesuffix('.')}" if meaning else describe(error)


#: A transaction that the database ended so that another one could go on: it may be repeated as a whole.
_ABORTED_STATES = frozenset({"40001", "40P01", "55P03"})
_ABORTED_NUMBERS = frozenset({1020, 1205, 1213})
_ABORTED_NAMES = frozenset({"TransactionException"})
#: Of Snowflake: too many statements wait for a table, or one waited for too long.
_ABORTED_SNOWFLAKE_NUMBERS = frozenset({625})
#: Of BigQuery: it was too busy, and did nothing. A conflict has the reason of any wrong statement; its words tell it.
_ABORTED_REASONS = frozenset(
    {
        "rateLimitExceeded",
        "jobRateLimitExceeded",
        "backendError",
        "jobBackendError",
        "internalError",
        "jobInternalError",
    }
)
_ABORTED_WORDS = re.compile(
    r"due to concurrent update|Could not serialize access|too many DML statements outstanding"
    r"|what this transaction was decided by has changed"
)


def is_aborted(error: BaseException) -> bool:
    """Tell whether a database ended a transaction for the sake of others: deadlock, serialization, wait for a row.

    :param error: what SQLAlchemy or a driver raised.
    """
    told: BaseException = getattr(error, "orig", None) or error
    state = getattr(told, "sqlstate", None) or getattr(told, "pgcode", None)
    if _snowflake_number(told) in _ABORTED_SNOWFLAKE_NUMBERS:
        return True
    if reason := _bigquery_reason(told):
        return reason in _ABORTED_REASONS or bool(_ABORTED_WORDS.search(str(told)))
    if type(told).__name__ in _ABORTED_NAMES:
        # DuckDB calls a commit so that finds no room, too.
        return explain(told) != FULL
    if state in _ABORTED_STATES:
        return True
    return bool(told.args) and isinstance(told.args[0], int) and told.args[0] in _ABORTED_NUMBERS


def is_raced(error: BaseException) -> bool:
    """Tell whether another was faster: it wrote the same key, or the database ended the transaction for its sake.

    :param error: what SQLAlchemy or a driver raised.
    """
    told: BaseException = getattr(error, "orig", None) or error
    return is_aborted(error) or "IntegrityError" in {kind.__name__ for kind in type(told).__mro__}


def _snowflake_number(error: BaseException) -> int:
    """Return the number of an error of Snowflake's connector, -1 for any other error."""
    if not type(error).__module__.startswith("snowflake."):
        return -1
    number = getattr(error, "errno", -1)
    return number if isinstance(number, int) else -1


def _bigquery_reason(error: BaseException) -> str:
    """Return the reason of an error of BigQuery's client, empty for any other error."""
    if not type(error).__module__.startswith("google.api_core"):
        return ""
    errors = getattr(error, "errors", None) or [{}]
    return str(errors[0].get("reason", "")) if isinstance(errors[0], dict) else ""


def is_driver_error(error: BaseException) -> bool:
    """Tell whether SQLAlchemy or a database's driver raised an error.

    :param error: any error.
    """
    modules = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return bool(
        modules
        & {
            "sqlalchemy",
            "sqlite3",
            "psycopg",
            "psycopg2",
            "pymysql",
            "duckdb",
            "_duckdb",
            "snowflake",
            "google",
        }
    )


def describe(error: BaseException) -> str:
    """Name an error of a driver without the values that its message may quote."""
    original = getattr(error, "orig", None) or error
    parts = [type(original).__name__]
    diagnostics = getattr(original, "diag", None)
    code: Any = next(filter(None, (getattr(original, name, None) for name in _CODES)), None)
    if code in (None, _GENERAL) and original.args and isinstance(original.args[0], int):
        code = original.args[0]
    if _snowflake_number(original) > 0:
        code = _snowflake_number(original)
    code = _bigquery_reason(original) or code
    if code:
        parts.append(str(code))
    for name in ("table_name", "column_name", "constraint_name"):
        if diagnostics is not None and getattr(diagnostics, name, None):
            parts.append(f"{name.replace('_name', '')} {getattr(diagnostics, name)}")
    return " ".join(parts)
