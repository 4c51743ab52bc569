"""A canary in every secret that a connection, an address or the environment can hold, and every sink searched.

What is searched for is taken from the declarations: of the connection form, of operators and of the command line. A
secret that is declared later is planted too, or has to be put into one of the lists here.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from airflow.sdk import BaseHook

import calcom_provider
from calcom_provider.cli.app import COMPLETING, build, run
from calcom_provider.get_provider_info import CONNECTION_TYPE
from calcom_provider.hooks import lakehouse
from calcom_provider.hooks.calcom import QUICK, CalComHook
from calcom_provider.hooks.sql import describe_target, target_of
from calcom_provider.operators.calcom import CalComOperator
from calcom_provider.operators.delegation import CalComDelegationCredentialOperator
from calcom_provider.operators.events import CalComWebhooksOperator
from calcom_provider.operators.hr_out_of_office import CalComOutOfOfficeSyncOperator
from calcom_provider.sandbox import Sandbox
from calcom_provider.transfers.calcom_to_sql import CalComToSqlOperator
from tests.integration.test_canary import Sinks, execute
from tests.plugins.canaries import MARK
from tests.unit.test_cli_settings import commands

DEAD = "127.0.0.1:9"
"""Where nothing answers."""
ADDRESSES = [
    f"postgresql+psycopg://me:{MARK}@{DEAD}/db",
    f"mysql+pymysql://me:{MARK}@{DEAD}/db",
    f"postgresql+psycopg://me@{DEAD}/db?password={MARK}",
    f"postgresql+psycopg://me:{MARK}@127.0.0.1:port/db",
    f"nosuch://me:{MARK}@{DEAD}/db",
    f"postgresql+psycopg//me:{MARK}",
    f"snowflake://me:{MARK}@account/db/schema?token={MARK}",
    f"delta+s3://me:{MARK}@bucket/path?AWS_SECRET_ACCESS_KEY={MARK}&private_key={MARK}",
]
"""Addresses of databases with a canary as password, dead and broken ones."""
STORES = [f"redis://me:{MARK}@{DEAD}/0", f"postgresql://me:{MARK}@{DEAD}/db", f"redis://me:{MARK}@[half"]
"""The same of stores of the request count."""
FORM = {name: field["schema"] for name, field in CONNECTION_TYPE["conn-fields"].items()}
SECRET_FIELDS = sorted(name for name, schema in FORM.items() if schema.get("format") == "password")
WORDS = re.compile(r"secret|token|password|proxy|store|credential|key")
MODES = {
    "client_secret": {"auth_mode": "platform", "client_id": "client"},
    "access_token": {"auth_mode": "access_token"},
}
"""Fields of the form that only some ways to sign in look at, and what else these need."""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(users=3, limit=(1_000_000, 60.0, 60.0)) as running:
        yield running


@pytest.fixture
def sinks(
    tmp_path: Path,
    set_connection: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    sandbox: Sandbox,
) -> Sinks:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CALCOM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(CalComHook, "retries", QUICK)
    set_connection("warehouse_default", conn_type="sqlite", host=str(tmp_path / "warehouse.db"))
    set_connection("events", conn_type="sqlite", host=str(tmp_path / "events.db"))
    set_connection("web_hook", conn_type="http", host=f"http://{DEAD}/hook", password=f"{MARK}-token")
    key = sandbox.keys["admin"]
    set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=key)
    return Sinks({key})


def search(
    sinks: Sinks, folder: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    sinks.add_files("files", folder)
    sinks.add("logs", caplog.text)
    shown = capsys.readouterr()
    sinks.add("output", shown.out + shown.err)
    assert sinks.told["logs"] or sinks.told["output"]
    assert sinks.leaks() == [], "\n".join(sinks.leaks())


# -- the connection form ----------------------------------------------------------------------------------


def test_fields_of_the_form_that_sound_secret_are_declared_so() -> None:
    assert {name for name in FORM if WORDS.search(name)} == set(SECRET_FIELDS)
    assert {"client_secret", "access_token", "webhook_secret", "proxy", "state_store"} <= set(SECRET_FIELDS)


def planted(field: str) -> list[str]:
    """Return values for a field of the form, each with a canary."""
    if field == "state_store":
        return STORES
    if field == "proxy":
        return [f"http://me:{MARK}@{DEAD}", f"http://me:{MARK}@[half"]
    return [f"{MARK}-{field}-0123456789abcdef", f"{MARK} {field}"]


@pytest.mark.parametrize("field", ["password", *SECRET_FIELDS])
def test_no_secret_field_of_the_form_is_seen(
    field: str,
    sandbox: Sandbox,
    sinks: Sinks,
    set_connection: Callable[..., str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for value in planted(field):
        extra: dict[str, Any] = {"organization_id": sandbox.organization_id, **MODES.get(field, {})}
        password: str | None = sandbox.keys["admin"]
        if field == "password":
            password = value
        else:
            extra[field] = value
            password = None if field in MODES else password
        set_connection("calcom_default", conn_type="calcom", host=sandbox.url, password=password, extra=extra)
        hook = CalComHook()
        sinks.add("connection test", hook.test_connection())
        for show in (lambda: hook.settings, lambda: hook, lambda: hook.settings.auth, lambda: hook.client):
            try:
                sinks.add("representations", repr(show()))
            except Exception as error:
                sinks.add("messages", f"{error}")
        execute(CalComOperator(task_id="call", operation="me.get"), sinks)
        execute(CalComToSqlOperator(task_id="sync", sql_conn_id="warehouse_default"), sinks)
        url = "http://127.0.0.1:9/events"
        register = CalComWebhooksOperator(
            task_id="hooks", action="register", url=url, events_conn_id="events"
        )
        execute(register, sinks)
    search(sinks, tmp_path, caplog, capsys)


# -- other connections ------------------------------------------------------------------------------------

COVERED = {
    "calcom_conn_id": "test_no_secret_field_of_the_form_is_seen",
    "conn_id": "tests/integration/test_canary.py",
    "sql_conn_id": "tests/integration/test_canary.py",
    "ledger_conn_id": "tests/integration/test_canary.py",
    "ledger_conn_ids": "tests/integration/test_canary.py",
    "hash_conn_id": "tests/integration/test_canary.py",
    "http_conn_id": "tests/integration/test_canary.py",
    "events_conn_id": "test_no_secret_of_other_connections_is_seen",
    "feed_conn_id": "test_no_secret_of_other_connections_is_seen",
    "key_conn_id": "test_no_secret_of_other_connections_is_seen",
    "marker_secret_conn_id": "test_no_secret_of_other_connections_is_seen",
    "report_conn_id": "describes where to read, see test_no_secret_of_a_warehouse_connection_is_seen",
    "webhook_conn_ids": "names connections of type calcom",
}
"""Every way by which a connection is named, and the test that puts a canary into it."""


def test_every_way_to_name_a_connection_is_covered() -> None:
    rooms = ("operators", "transfers", "sensors", "triggers", "notifications", "plugins", "hooks")
    assert calcom_provider.__file__ is not None
    package = Path(calcom_provider.__file__).parent
    source = "\n".join(file.read_text("utf-8") for room in rooms for file in (package / room).rglob("*.py"))
    found = set(re.findall(r"(?<![A-Za-z_])[a-z_]*conn_ids?\b", source))
    assert {name.lstrip("_") for name in found} == COVERED.keys() | {"conn_ids"}


def test_no_secret_of_other_connections_is_seen(
    sandbox: Sandbox,
    sinks: Sinks,
    set_connection: Callable[..., str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_connection(
        "dead_events",
        conn_type="postgres",
        host="127.0.0.1",
        port=9,
        login="me",
        password=MARK,
        schema="db",
    )
    extra = {"organization_id": sandbox.organization_id, "webhook_secret": f"{MARK}-0123456789abcdef"}
    set_connection(
        "calcom_hooks",
        conn_type="calcom",
        host=sandbox.url,
        password=sandbox.keys["admin"],
        extra=extra,
    )
    hooks = {"task_id": "hooks", "url": "http://127.0.0.1:9/x", "calcom_conn_id": "calcom_hooks"}
    assert execute(CalComWebhooksOperator(events_conn_id="dead_events", **hooks), sinks) is not None
    private = f"-----BEGIN PRIVATE KEY-----\n{MARK}{MARK}{MARK}\n-----END PRIVATE KEY-----\n"
    account = {"client_email": f"{MARK}@project.iam.example", "client_id": "1", "private_key": private}
    kinds: list[dict[str, Any]] = [
        {"conn_type": "generic", "extra": account},
        {"conn_type": "google_cloud_platform", "extra": {"keyfile_dict": json.dumps(account)}},
        {"conn_type": "google_cloud_platform", "extra": {"keyfile_dict": json.dumps(account)[:-9]}},
        {"conn_type": "azure", "login": "1", "password": MARK, "extra": {"tenantId": "t"}},
        {"conn_type": "azure", "password": MARK, "extra": {"tenantId": "t"}},
    ]
    for kind in kinds:
        set_connection("account", **kind)
        execute(
            CalComDelegationCredentialOperator(
                task_id="delegation",
                platform="google",
                domain="acme.example",
                sql_conn_id="warehouse_default",
                key_conn_id="account",
            ),
            sinks,
        )
    for feed in (
        f"http://{DEAD}/{MARK}.ics",
        f"https://me:{MARK}@{DEAD}/a.ics",
        f"{MARK}",
        f"https://[{MARK}",
    ):
        set_connection("feed", conn_type="http", password=feed)
        set_connection("marker", conn_type="generic", password=MARK)
        set_connection("ledger", conn_type="sqlite", host=str(tmp_path / "ledger.db"), password=MARK)
        away = CalComOutOfOfficeSyncOperator(
            task_id="away",
            absences={"feed_conn_id": "feed"},
            mapping="ical",
            timezone="UTC",
            ledger_conn_id="ledger",
            marker_secret_conn_id="marker",
        )
        assert execute(away, sinks) is not None
    search(sinks, tmp_path, caplog, capsys)


CLOUD = [
    pytest.param(
        {
            "conn_type": "aws",
            "login": f"{MARK}-key",
            "password": MARK,
            "extra": {"aws_session_token": MARK, "lakehouse": "{format}+s3://bucket/path"},
        },
        {"key", "secret", "token"},
        lakehouse.AWS,
        id="aws",
    ),
    pytest.param(
        {
            "conn_type": "google_cloud_platform",
            "extra": {
                "keyfile_dict": {"private_key": MARK},
                "token": MARK,
                "lakehouse": "{format}+gs://bucket/path",
            },
        },
        {"key", "token"},
        lakehouse.GOOGLE,
        id="google",
    ),
    pytest.param(
        {
            "conn_type": "wasb",
            "login": "account",
            "password": MARK,
            "extra": {"sas_token": MARK, "connection_string": MARK, "lakehouse": "{format}+abfss://c@a/path"},
        },
        {"key", "sas", "text"},
        lakehouse.AZURE,
        id="azure",
    ),
]
PLAIN = {"region", "endpoint", "plain", "key_path", "project", "account"}
"""What storage is told that is no secret."""


@pytest.mark.parametrize(("fields", "secrets", "names"), CLOUD)
def test_no_key_of_a_cloud_is_seen(
    fields: dict[str, Any],
    secrets: set[str],
    names: dict[str, tuple[str, str]],
    set_connection: Callable[..., str],
    sinks: Sinks,
) -> None:
    assert names.keys() - PLAIN == secrets
    for place, kind in enumerate(("delta", "iceberg")):
        text = fields["extra"]["lakehouse"].replace("{format}", kind)
        set_connection("lake", **fields | {"extra": fields["extra"] | {"lakehouse": text}})
        target = lakehouse.lake_target(BaseHook.get_connection("lake"))
        assert target is not None
        wanted = {names[one][place] for one in secrets} - {""}
        assert {name for name, value in target.options.items() if MARK in value} == wanted
        sinks.add("representations", repr(target))
        sinks.add("places", describe_target("lake"))
    assert sinks.leaks() == []


WAREHOUSES: list[dict[str, Any]] = [
    {
        "conn_type": "snowflake",
        "schema": "s",
        "extra": {"account": "a", "private_key_content": MARK, "token": MARK},
    },
    {"conn_type": "google_cloud_platform", "extra": {"project": "p", "dataset": "d", "keyfile_dict": MARK}},
    {"conn_type": "postgres", "host": "127.0.0.1", "port": 9, "schema": "db", "extra": {"sslpassword": MARK}},
    {"conn_type": "mysql", "host": "127.0.0.1", "port": 9, "schema": "db"},
    {"conn_type": "mssql", "host": "127.0.0.1", "port": 9, "schema": "db"},
    {"conn_type": "http", "host": "127.0.0.1"},
]


@pytest.mark.parametrize("fields", WAREHOUSES, ids=lambda one: one["conn_type"])
def test_no_secret_of_a_warehouse_connection_is_seen(
    fields: dict[str, Any],
    sinks: Sinks,
    set_connection: Callable[..., str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_connection("warehouse", login="me", password=MARK, **fields)
    sinks.add("places", describe_target("warehouse"))
    try:
        sinks.add("representations", repr(target_of(BaseHook.get_connection("warehouse"))))
    except Exception as error:
        sinks.add("messages", str(error))
    if fields["conn_type"] not in ("snowflake", "google_cloud_platform"):
        sync = CalComToSqlOperator(task_id="sync", sql_conn_id="warehouse", resource_names="users")
        assert execute(sync, sinks) is not None
    search(sinks, tmp_path, caplog, capsys)


# -- the command line -------------------------------------------------------------------------------------

ENVIRONMENT = {
    "secret": {
        "CALCOM_API_KEY", "CALCOM_CLIENT_SECRET", "CALCOM_HASH_KEY", "CALCOM_WEBHOOK_SECRET",
        "CALCOM_ABSENCES_FEED",
    },
    "address": {"CALCOM_WAREHOUSE_URL", "CALCOM_LEDGER_URL", "CALCOM_EVENTS_URL"},
    "store": {"CALCOM_STATE_STORE"},
    "plain": {
        "CALCOM_BASE_URL", "CALCOM_ORGANIZATION_ID", "CALCOM_CLIENT_ID", "CALCOM_ASSUMED_LIMIT", "CALCOM_ATTEMPTS",
        "CALCOM_BOUNDS", "CALCOM_CA_FILE", "CALCOM_STATE_DIR", "CALCOM_SANDBOX_TODAY",
    },
    # A variable of Cal.com, of the shell, of Airflow, and a name that Snowflake gets.
    "other": {"CALCOM_LICENSE_KEY", "CALCOM_COMPLETE", "CALCOM_DEFAULT", "CALCOM_FILES_"},
}  # fmt: skip
UNENDING = {("sandbox",), ("webhooks", "serve")}
"""Commands that run until they are told to stop."""


def test_every_variable_of_the_environment_is_covered() -> None:
    assert calcom_provider.__file__ is not None
    files = Path(calcom_provider.__file__).parent.rglob("*.py")
    found = {name for file in files for name in re.findall(r"CALCOM_[A-Z_]+", file.read_text("utf-8"))}
    assert found == set().union(*ENVIRONMENT.values())


def every_command() -> list[tuple[tuple[str, ...], Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(COMPLETING, "1")  # every group is put together then
        return [one for one in commands(typer.main.get_command(build([]))) if one[0] not in UNENDING]


NEEDED = {
    "table": "users", "user": "1", "plan_id": "plan", "kind": "attributes", "settings": "{file}", "name": "ical",
    "url": "http://127.0.0.1:9/x", "views": "fct_ooo_day", "first": "2026-03-02",
}  # fmt: skip
"""What commands cannot do without, besides what the environment says."""


def words_of(command: Any, file: Path) -> list[str]:
    words = []
    for parameter in command.params:
        if parameter.required and not parameter.envvar:
            value = NEEDED[parameter.name].replace("{file}", str(file))
            words += [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]
    return words


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_password_of_an_address_is_seen(
    address: str,
    sinks: Sinks,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ENVIRONMENT["address"]:
        monkeypatch.setenv(name, address)
    environment(monkeypatch, sandbox.url, sandbox.keys["admin"])
    file = tmp_path / "file.json"
    file.write_text("[]")
    codes = {}
    for words, command in every_command():
        if any(parameter.envvar in ENVIRONMENT["address"] for parameter in command.params):
            codes[words] = run([*words, *words_of(command, file)])
    assert codes.pop(("config",)) == 0
    assert {("sync",), ("privacy", "erase"), ("reports", "create"), ("hr", "list")} <= codes.keys()
    assert {words for words, code in codes.items() if code == 0} <= {("plan",)}
    search(sinks, tmp_path, caplog, capsys)


def environment(monkeypatch: pytest.MonkeyPatch, url: str, key: str) -> None:
    monkeypatch.setenv("CALCOM_BASE_URL", url)
    monkeypatch.setenv("CALCOM_API_KEY", key)
    monkeypatch.setenv("CALCOM_ATTEMPTS", "1")
    for name in ENVIRONMENT["secret"] - {"CALCOM_API_KEY"}:
        monkeypatch.setenv(name, f"{MARK}-0123456789abcdef")


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    "words", ["config", "doctor", "sync --to sqlite:///{folder}/w.db", "config --client-id c"]
)
def test_no_secret_of_the_environment_is_seen(
    words: str,
    store: str,
    sinks: Sinks,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment(monkeypatch, sandbox.url, f"cal_{MARK}_0123456789abcdef")
    monkeypatch.setenv("CALCOM_STATE_STORE", store)
    run(words.format(folder=tmp_path).split())
    search(sinks, tmp_path, caplog, capsys)


def test_no_option_takes_a_secret() -> None:
    """Others can see command lines: what is secret comes from the environment, a file or standard input."""
    taking = {
        option
        for _, command in every_command()
        for parameter in command.params
        for option in parameter.opts
        if re.search(r"secret|token|password|-key", option)
    }
    assert taking == {"--api-key-file", "--secret-file"}
