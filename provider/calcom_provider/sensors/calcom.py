"""Wait for bookings and absences in Cal.com."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from calcom_provider.api.errors import CalComError, ConfigurationError
from calcom_provider.hooks.calcom import CalComHook
from calcom_provider.hooks.error_mapping import HOPELESS, explained, one_line
from calcom_provider.operators import arguments
from calcom_provider.operators.retry import with_retry_policy
from calcom_provider.triggers.calcom import CalComConditionTrigger
from calcom_provider.triggers.conditions import BOOKING_STATES, check

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class _CalComSensor(BaseSensorOperator):
    """Wait for a condition, in a worker (poke, reschedule) or in the triggerer (deferrable).

    Failures that may pass do not end the wait. What is found becomes the task's result: ids and times,
    nothing about people.
    """

    def __init__(
        self,
        *,
        calcom_conn_id: str = CalComHook.default_conn_name,
        organization_id: int | str | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**with_retry_policy(kwargs))
        self.calcom_conn_id = calcom_conn_id
        self.organization_id = organization_id
        self.deferrable = deferrable

    def condition(self) -> dict[str, Any]:
        """Return what to wait for, from the rendered arguments."""
        raise NotImplementedError

    def execute(self, context: Context) -> Any:
        """Wait; return what was found.

        :param context: the task's context.
        :raises AirflowSensorTimeout: after ``timeout`` seconds, unless ``soft_fail`` asks for a skip.
        """
        if not self.deferrable:
            return super().execute(context)
        # Asked once here, because most waits are over already and a deferral costs seconds.
        found = self.poke(context)
        if found.is_done:
            return found.xcom_value
        with explained(self.log):
            trigger = CalComConditionTrigger(
                calcom_conn_id=self.calcom_conn_id,
                condition=self.condition(),
                poll_interval=self.poke_interval,
                deadline=time.time() + self.timeout,
                organization_id=arguments.number(self.organization_id, "organization_id"),
            )
        # Later than the trigger's own deadline, so that its answer is the one that counts.
        spare = timedelta(seconds=self.timeout + 2 * self.poke_interval + 60)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=spare)
        return None

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask once.

        :param context: the task's context.
        """
        with explained(self.log):
            hook = CalComHook(
                self.calcom_conn_id,
                organization_id=arguments.number(self.organization_id, "organization_id"),
            )
            try:
                found = check(hook.get_conn(), self.condition())
            except HOPELESS:
                raise
            except CalComError as error:
                self.log.warning("Asking again later: %s", one_line(error))
                found = None
            finally:
                hook.close()
        return PokeReturnValue(is_done=found is not None, xcom_value=found)

    def execute_complete(self, context: Context, event: Mapping[str, Any] | None) -> Any:
        """End the wait with what the trigger says; return what was found.

        :param context: the task's context.
        :param event: the trigger's event.
        """
        status = (event or {}).get("status")
        if event is not None and status == "success":
            return event["found"]
        if status == "timeout":
            if self.soft_fail:
                raise AirflowSkipException(f"Not seen within {self.timeout:.0f} s.")
            raise AirflowSensorTimeout(f"Not seen within {self.timeout:.0f} s.")
        message = (event or {}).get("message") or f"the trigger sent no usable event (status {status!r})"
        raise AirflowFailException(message)


class CalComBookingSensor(_CalComSensor):
    """Wait until a booking reaches a state, or until bookings of some kind exist.

    .. seealso:: :ref:`howto/operator:CalComBookingSensor`

    :param booking_uid: uid of one booking (templated). Without it, bookings are looked for by ``filters``.
    :param states: states of that booking to wait for (templated); default ``accepted``. A booking that is
        cancelled or rejected instead fails the task.
    :param filters: filters of the booking lists under the API's names, for example
        ``{"eventTypeId": 7, "afterStart": "2026-03-16T00:00:00Z"}`` (templated).
    :param count: how many bookings have to match ``filters`` (templated); default 1.
    :param scope: whose bookings: ``organization``, for administrators, or ``account``, the credential's own.
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: organisation to look into; default the connection's (templated).
    :param deferrable: wait in the triggerer, without a worker.
    """

    template_fields: Sequence[str] = (
        "booking_uid",
        "states",
        "filters",
        "count",
        "calcom_conn_id",
        "organization_id",
    )
    template_fields_renderers = {"filters": "json"}

    def __init__(
        self,
        *,
        booking_uid: str | None = None,
        states: str | Sequence[str] = ("accepted",),
        filters: Mapping[str, Any] | None = None,
        count: int | str = 1,
        scope: str = "organization",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.booking_uid = booking_uid
        self.states = states
        self.filters = filters
        self.count = count
        self.scope = scope

    def condition(self) -> dict[str, Any]:
        """Return what to wait for.

        :raises ConfigurationError: if neither or both of ``booking_uid`` and ``filters`` are given.
        """
        uid = arguments.text(self.booking_uid)
        if (uid is None) == (self.filters is None):
            raise ConfigurationError("Give booking_uid or filters, one of the two.")
        if uid is not None:
            states = arguments.names(self.states) or []
            unknown = sorted(set(states) - set(BOOKING_STATES))
            if unknown or not states:
                raise ConfigurationError(f"states are some of {', '.join(BOOKING_STATES)}.")
            return {"kind": "booking_state", "uid": uid, "states": states}
        operations = {"organization": "org_bookings.list", "account": "bookings.list"}
        if self.scope not in operations:
            raise ConfigurationError("scope is organization or account.")
        return {
            "kind": "bookings",
            "operation": operations[self.scope],
            "filters": dict(self.filters or {}),
            "count": arguments.number(self.count, "count") or 1,
        }


class CalComOutOfOfficeSensor(_CalComSensor):
    """Wait until somebody is out of office, or back.

    .. seealso:: :ref:`howto/operator:CalComOutOfOfficeSensor`

    :param user_id: id of a user of the organisation (templated).
    :param away: true to wait for an absence to begin, false to wait until no absence is left (templated).
    :param calcom_conn_id: Airflow connection of type ``calcom`` (templated).
    :param organization_id: organisation to look into; default the connection's (templated).
    :param deferrable: wait in the triggerer, without a worker.
    """

    template_fields: Sequence[str] = ("user_id", "away", "calcom_conn_id", "organization_id")

    def __init__(self, *, user_id: int | str, away: bool | str = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user_id = user_id
        self.away = away

    def condition(self) -> dict[str, Any]:
        """Return what to wait for.

        :raises ConfigurationError: if ``user_id`` is no id.
        """
        user_id = arguments.number(self.user_id, "user_id")
        if user_id is None:
            raise ConfigurationError("user_id is empty.")
        return {"kind": "out_of_office", "user_id": user_id, "away": arguments.flag(self.away, "away")}
