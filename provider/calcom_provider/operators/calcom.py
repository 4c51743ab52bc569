"""Call any operation of the Cal.com API v2 from a task."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from calcom_provider.api.catalogue.operations import resolve
from calcom_provider.api.errors import CalComError, ConfigurationError
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import explained
from calcom_provider.links import CalComOrganizationLink
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from calcom_provider.api.catalogue.operations import Operation

LARGEST_RESULT = 48 * 1024
"""Bytes of JSON that a task's result may have; more belongs into a table or a file."""

SHOWN_ONCE = frozenset({"apiKey", "accessToken", "access_token", "clientSecret"})
"""Secret fields that a creating operation shows in its answer and never again."""


class ResponseCheckError(CalComError):
    """Say that ``response_check`` did not accept an answer."""


class CalComOperator(BaseOperator):
    """Call one operation of the Cal.com API v2.

    Names and parameters are checked before the request is sent. The task's result says what was called, how
    it ended and the id of what was touched; the answer itself, which is often large and about people, is
    left out unless ``response_filter`` picks what is wanted from it.

    .. seealso:: :ref:`howto/operator:CalComOperator`

    :param operation: short name (``org_memberships.create``), operationId or a tool server's spelling
        (templated).
    :param parameters: the operation's parameters under the names of the API (templated).
    :param all_rows: for list operations, read all pages instead of the one that ``parameters`` ask for; the
        answer is then the list of all rows.
    :param confirm: the operation's short name, for operations that destroy something (templated).
    :param response_filter: takes the answer's data and returns what becomes the task's result: small, plain
        values. Secrets have been replaced by ``***`` before.
    :param response_check: takes the answer's data and returns whether it is as it should be; if not, the
        task fails.
    :param discard_secrets: allow operations that show a new secret only in this answer, and lose it.
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: organisation to act on; default the connection's (templated).
    """

    template_fields: Sequence[str] = (
        "operation",
        "parameters",
        "confirm",
        "calcom_conn_id",
        "organization_id",
    )
    template_fields_renderers = {"parameters": "json"}
    operator_extra_links = (CalComOrganizationLink(),)
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        operation: str,
        parameters: Mapping[str, Any] | None = None,
        all_rows: bool = False,
        confirm: str | bool | None = None,
        response_filter: Callable[[Any], Any] | None = None,
        response_check: Callable[[Any], bool] | None = None,
        discard_secrets: bool = False,
        calcom_conn_id: str = CalComHook.default_conn_name,
        organization_id: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.operation = operation
        self.parameters = parameters
        self.all_rows = all_rows
        self.confirm = confirm
        self.response_filter = response_filter
        self.response_check = response_check
        self.discard_secrets = discard_secrets
        self.calcom_conn_id = calcom_conn_id
        self.organization_id = organization_id

    def execute(self, context: Context) -> Any:
        """Call the operation; return a short account of it, or what ``response_filter`` picks.

        :param context: the task's context.
        :raises AirflowFailException: when a retry cannot help: credential, rights, names or parameters.
        :raises ResponseCheckError: if ``response_check`` returns something false.
        """
        with explained(self.log):
            operation = resolve(self.operation)
            self._refuse_lost_secret(operation)
            hook = CalComHook(
                self.calcom_conn_id,
                organization_id=arguments.number(self.organization_id, "organization_id"),
            )
            try:
                CalComOrganizationLink().store(context, hook.organization_url)
                data, account = self._call(hook, operation)
            finally:
                hook.close()
            if self.response_check is not None and not self.response_check(data):
                raise ResponseCheckError(f"{operation.name}: response_check did not accept the answer.")
            if self.response_filter is None:
                return account
            return small(self.response_filter(data), operation)

    def _call(self, hook: CalComHook, operation: Operation) -> tuple[Any, dict[str, Any]]:
        parameters = dict(self.parameters or {})
        account: dict[str, Any] = {"operation": operation.name}
        if self.all_rows:
            rows = list(hook.rows(operation.name, **parameters))
            self.log.info("%s: %d rows", operation.name, len(rows))
            return without_secrets(rows, operation), account | {"rows": len(rows)}
        answer = hook.send(operation.name, confirm=self.confirm, **parameters)
        data = without_secrets(answer.data, operation)
        account |= {"status": answer.status, "request_id": answer.request_id}
        if isinstance(data, list):
            account["rows"] = len(data)
        elif isinstance(data, Mapping):
            account |= {name: data[name] for name in ("id", "uid") if isinstance(data.get(name), int | str)}
        self.log.info("%s: status %d, request id %s", operation.name, answer.status, answer.request_id)
        return data, account

    def _refuse_lost_secret(self, operation: Operation) -> None:
        once = SHOWN_ONCE & {path.rpartition(".")[2] for path in operation.secrets}
        if operation.method == "POST" and once and not self.discard_secrets:
            raise ConfigurationError(
                f"The answer shows a new secret ({', '.join(sorted(once))}) that cannot be read again, and a "
                "task's result is no place for it.",
                operation=operation.name,
                advice="Call it through CalComHook in a task of yours that stores the secret, or set "
                "discard_secrets=True to lose it.",
            )


def without_secrets(data: Any, operation: Operation) -> Any:
    """Return an answer's data with ``***`` in place of its secrets.

    :param data: the answer's data.
    :param operation: what was called; its ``secrets`` are dotted paths, ``*`` is everything.
    """
    for path in operation.secrets:
        data = _replaced(data, path.split("."))
    return data


def _replaced(data: Any, path: list[str]) -> Any:
    if isinstance(data, list):
        return [_replaced(item, path) for item in data]
    if path == ["*"]:
        return "***" if data is not None else None
    if not isinstance(data, dict) or path[0] not in data:
        return data
    value = data[path[0]]
    new = _replaced(value, path[1:]) if len(path) > 1 else (None if value is None else "***")
    return data | {path[0]: new}


def small(result: Any, operation: Operation) -> Any:
    """Return a task's result if it is fit for XCom.

    :param result: what ``response_filter`` returned.
    :param operation: what was called, for the error.
    :raises ConfigurationError: if it is larger than XCom is made for, or no plain value.
    """
    try:
        size = len(json.dumps(result))
    except TypeError:
        raise ConfigurationError(
            "response_filter returned something that JSON cannot hold.",
            operation=operation.name,
            advice="Return numbers, texts, lists and dicts.",
        ) from None
    if size > LARGEST_RESULT:
        raise ConfigurationError(
            f"response_filter returned {size} bytes; a task's result may have {LARGEST_RESULT}.",
            operation=operation.name,
            advice="Return less, or load the rows into a table with CalComToSqlOperator.",
        )
    return result


class CalComManagedOrganizationsOperator(BaseOperator):
    """List the ids of the organisations that a platform organisation manages, to map other tasks over them.

    .. seealso:: :ref:`howto/operator:CalComManagedOrganizationsOperator`

    :param include_manager: put the managing organisation itself first.
    :param metadata: one ``{key: value}`` pair that listed organisations have in their metadata, a text
        (templated).
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: the managing organisation; default the connection's (templated).
    """

    template_fields: Sequence[str] = ("metadata", "calcom_conn_id", "organization_id")
    template_fields_renderers = {"metadata": "json"}
    ui_color = "#e8e8e8"
    ui_fgcolor = "#111827"

    def __init__(
        self,
        *,
        include_manager: bool = False,
        metadata: Mapping[str, str] | None = None,
        calcom_conn_id: str = CalComHook.default_conn_name,
        organization_id: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.include_manager = include_manager
        self.metadata = metadata
        self.calcom_conn_id = calcom_conn_id
        self.organization_id = organization_id

    def execute(self, context: Context) -> list[int]:
        """List the organisations; return their ids, in order.

        :param context: the task's context.
        """
        with explained(self.log):
            hook = CalComHook(
                self.calcom_conn_id,
                organization_id=arguments.number(self.organization_id, "organization_id"),
            )
            try:
                ids = [int(row["id"]) for row in hook.rows("managed_organizations.list", **self._filter())]
                manager = hook.organization_id if self.include_manager else None
            finally:
                hook.close()
        self.log.info("%d managed organizations", len(ids))
        return [manager, *ids] if manager is not None else ids

    def _filter(self) -> dict[str, str]:
        if not self.metadata:
            return {}
        if len(self.metadata) != 1:
            raise ConfigurationError("metadata is one key with its value; the API filters by no more.")
        ((key, value),) = self.metadata.items()
        # The API compares texts only: a number or a truth value in the metadata never matches.
        return {"metadataKey": str(key), "metadataValue": str(value)}
