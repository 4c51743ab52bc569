"""Keep a delegation credential, the service account by which Cal.com reads a whole workspace's calendars."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook, BaseOperator, mask_secret

from calcom_provider.api.errors import (
    CalComError,
    ConfigurationError,
    InvalidRequestError,
    ServerError,
    UnclearOutcomeError,
)
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import explained
from calcom_provider.hooks.sql import warehouse_target
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection, Context

    from calcom_provider.warehouse import Warehouse

RESOURCE = "delegation_credentials"
PLATFORMS = ("google", "office365")


@dataclass(frozen=True, slots=True)
class Kept:
    """Hold what is known of a credential between runs, since no operation reads it.

    :param id: its id, shown once when it was created.
    :param key: SHA-256 of the service account key that it has; empty if that is not known.
    :param enabled: whether it is switched on, None if that is not known.
    """

    id: str
    key: str = ""
    enabled: bool | None = None


class CalComDelegationCredentialOperator(BaseOperator):
    """Bring a delegation credential into a wanted state: there, with this key, switched on or off.

    Safe to run again: a credential that is as it should be is not touched. The service account's key is
    read from an Airflow connection, and neither the key nor anything made from it but its SHA-256 is kept.
    The id of the credential is kept in the warehouse, because Cal.com shows it only once.

    .. seealso:: :ref:`howto/operator:CalComDelegationCredentialOperator`

    :param platform: ``google`` or ``office365`` (templated).
    :param domain: mail domain of the workspace, without ``@`` (templated).
    :param key_conn_id: Airflow connection with the service account (templated): of type
        ``google_cloud_platform`` with its key file, of type ``azure`` with the client id as login, its key
        as password and ``tenantId`` in the extras, or any type whose extras are the key object. Needed to
        create it and to change its key.
    :param enabled: whether it should be switched on (templated); default true.
    :param credential_id: id of a credential that was created elsewhere (templated).
    :param sql_conn_id: Airflow connection of the warehouse, where the id is kept (templated).
    :param schema: database schema of the tables (templated).
    :param table_prefix: what table names start with (templated).
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: organisation to act on; default the connection's (templated).
    """

    template_fields: Sequence[str] = (
        "platform",
        "domain",
        "key_conn_id",
        "enabled",
        "credential_id",
        "sql_conn_id",
        "schema",
        "table_prefix",
        "calcom_conn_id",
        "organization_id",
    )
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        platform: str,
        domain: str,
        sql_conn_id: str,
        key_conn_id: str | None = None,
        enabled: bool | str = True,
        credential_id: str | None = None,
        schema: str | None = None,
        table_prefix: str = "calcom_",
        calcom_conn_id: str = CalComHook.default_conn_name,
        organization_id: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.platform = platform
        self.domain = domain
        self.sql_conn_id = sql_conn_id
        self.key_conn_id = key_conn_id
        self.enabled = enabled
        self.credential_id = credential_id
        self.schema = schema
        self.table_prefix = table_prefix
        self.calcom_conn_id = calcom_conn_id
        self.organization_id = organization_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Create or change the credential as far as needed; return its id and what was done.

        :param context: the task's context.
        :raises AirflowFailException: when a retry cannot help.
        """
        from calcom_provider.warehouse import Warehouse

        with explained(self.log):
            self._check()
            hook = CalComHook(
                self.calcom_conn_id,
                organization_id=arguments.number(self.organization_id, "organization_id"),
            )
            warehouse = Warehouse(
                warehouse_target(self.sql_conn_id),
                schema=arguments.text(self.schema),
                prefix=self.table_prefix,
            )
            try:
                return self._keep(hook, _Memory(warehouse, hook, self.platform, self.domain))
            finally:
                hook.close()
                warehouse.close()

    def _check(self) -> None:
        if self.platform not in PLATFORMS:
            raise ConfigurationError(f"platform is {' or '.join(PLATFORMS)}, not {self.platform!r}.")
        self.domain = self.domain.strip().lower().removeprefix("@")
        if not self.domain:
            raise ConfigurationError("domain is empty.")

    def _keep(self, hook: CalComHook, memory: _Memory) -> dict[str, Any]:
        wanted = arguments.flag(self.enabled, "enabled")
        key_conn_id = arguments.text(self.key_conn_id)
        key = service_account_key(BaseHook.get_connection(key_conn_id)) if key_conn_id else None
        known = memory.recall()
        given = arguments.text(self.credential_id)
        if given and (known is None or known.id != given):
            known = Kept(given)
            memory.keep(known)
        done = []
        if known is None:
            known = self._create(hook, memory, key)
            done.append("created")
        if key is not None and known.key != fingerprint(key):
            known = self._change(hook, memory, known, wanted, key)
            done.append("key changed")
        if known.enabled is not wanted:
            known = self._change(hook, memory, known, wanted, None)
            done.append("enabled" if wanted else "disabled")
        self.log.info("Delegation credential %s: %s", known.id, ", ".join(done) or "as it should be")
        return {"id": known.id, "enabled": known.enabled, "done": done}

    def _create(self, hook: CalComHook, memory: _Memory, key: dict[str, str] | None) -> Kept:
        if key is None:
            raise ConfigurationError(
                "There is no delegation credential known for this domain, and no key to create one with.",
                advice="Name the service account's connection in key_conn_id, or the id in credential_id.",
            )
        try:
            made = hook.call(
                "org_delegation_credentials.create",
                workspacePlatformSlug=self.platform,
                domain=self.domain,
                serviceAccountKey=key,
            )
        except (InvalidRequestError, UnclearOutcomeError, ServerError) as error:
            raise ConfigurationError(
                f"The delegation credential could not be created ({error.reason or error.message}).",
                operation="org_delegation_credentials.create",
                status=error.status,
                request_id=error.request_id,
                advice="If the domain has one already, or this request made one unanswered, no operation "
                "tells its id: take it from the organization's settings and pass it as credential_id.",
            ) from None
        known = Kept(str(made["id"]), fingerprint(key), enabled=False)
        memory.keep(known)
        return known

    def _change(
        self, hook: CalComHook, memory: _Memory, known: Kept, wanted: bool, key: dict[str, str] | None
    ) -> Kept:
        fields: dict[str, Any] = {"enabled": wanted} if wanted or key is None else {}
        if key is not None:
            fields["serviceAccountKey"] = key
        try:
            hook.call("org_delegation_credentials.update", confirm=True, credentialId=known.id, **fields)
        except (InvalidRequestError, ServerError) as error:
            if key is not None:
                # The key is stored before it is tried out, and stays when the trial fails.
                memory.keep(replace(known, key=fingerprint(key), enabled=False))
            raise _explained(error, key is not None, wanted) from None
        new = Kept(known.id, known.key if key is None else fingerprint(key), wanted)
        memory.keep(new)
        return new


def _explained(error: CalComError, new_key: bool, wanted: bool) -> CalComError:
    state = "The new key is stored, but the credential is off" if new_key else "The credential is as it was"
    return type(error)(
        f"{state}: {error.reason or error.message}",
        operation="org_delegation_credentials.update",
        status=error.status,
        request_id=error.request_id,
        advice="Cal.com tries the key out when it is switched on: let the workspace's administrator allow "
        "the service account (domain-wide delegation) and run this again; it will only switch it on."
        if wanted
        else error.advice,
    )


class _Memory:
    """Keep a credential's id in the warehouse's state table."""

    def __init__(self, warehouse: Warehouse, hook: CalComHook, platform: str, domain: str) -> None:
        self._warehouse = warehouse
        self._platform = platform
        self._scope: dict[str, int | str] = {"organization_id": hook.organization_id or 0, "domain": domain}

    def recall(self) -> Kept | None:
        """Return what is known of the credential, None before the first run."""
        state = self._warehouse.states(self._scope).get(RESOURCE)
        return Kept(**json.loads(state.watermark)) if state and state.watermark else None

    def keep(self, known: Kept) -> None:
        """Store what is known of the credential.

        :param known: what to store.
        """
        from calcom_provider.operators.delegation_table import DELEGATION_CREDENTIALS
        from calcom_provider.warehouse import RunInfo

        now = datetime.now(UTC)
        row = (
            self._scope["organization_id"],
            self._scope["domain"],
            self._platform,
            known.id,
            known.enabled,
            now,
        )
        with self._warehouse.load(RunInfo(scope=self._scope), wait=60.0) as load:
            table = load.table(DELEGATION_CREDENTIALS, resource=RESOURCE)
            table.write([row])
            table.finish(complete=True)
            load.set_watermark(RESOURCE, json.dumps(asdict(known)))
            load.publish()


def fingerprint(key: dict[str, str]) -> str:
    """Return the SHA-256 of a service account key.

    :param key: the key as it is sent.
    """
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


def service_account_key(connection: Connection) -> dict[str, str]:
    """Return the key object that Cal.com wants, from an Airflow connection, and mask it in logs.

    :param connection: see ``key_conn_id`` of the operator.
    :raises ConfigurationError: naming what is missing, never showing what is there.
    """
    found = _fields(connection)
    names = ("client_email", "client_id", "private_key")
    if not found.get("client_email"):
        names = ("tenant_id", "client_id", "private_key")
    missing = [name for name in names if not found.get(name)]
    if missing:
        raise ConfigurationError(
            f"Connection {connection.conn_id!r} has no {' and no '.join(missing)}.",
            advice="Use a google_cloud_platform connection with a service account's key file, an azure one "
            "with tenantId, or put the key object into the extras.",
        )
    mask_secret(found["private_key"])
    for line in str(found["private_key"]).splitlines():
        if len(line) > 20 and "PRIVATE KEY" not in line:
            mask_secret(line)
    return {name: str(found[name]) for name in names}


def _fields(connection: Connection) -> dict[str, Any]:
    extra = connection.extra_dejson
    if connection.conn_type == "google_cloud_platform":
        inline = extra.get("keyfile_dict") or extra.get("extra__google_cloud_platform__keyfile_dict")
        if inline:
            return json.loads(inline) if isinstance(inline, str) else dict(inline)
        path = extra.get("key_path") or extra.get("extra__google_cloud_platform__key_path")
        if path:
            with open(path, encoding="utf-8") as file:
                return dict(json.load(file))
        return {}
    if extra.get("private_key"):
        return dict(extra)
    return {
        "tenant_id": extra.get("tenantId") or extra.get("tenant_id"),
        "client_id": connection.login,
        "private_key": connection.password,
    }
