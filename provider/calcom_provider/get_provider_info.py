"""Declare to Airflow what this provider brings: the connection form, hooks, operators, links and notifiers.

Airflow reads this at every start, without importing anything else of the package, and builds the connection
form from it alone.
"""

from __future__ import annotations

from typing import Any

INTEGRATION = "Cal.com"

CONNECTION_TYPE: dict[str, Any] = {
    "connection-type": "calcom",
    "hook-class-name": "calcom_provider.hooks.calcom.CalComHook",
    "hook-name": "Cal.com",
    "ui-field-behaviour": {
        # The port stays visible: Airflow 3.3's Test button compares an empty one with 0, and refuses.
        "hidden-fields": ["schema", "login"],
        "relabeling": {"host": "Base URL", "password": "API key or access token"},
        "placeholders": {
            "host": "https://api.cal.com/v2",
            "port": "443",
            "password": "cal_live_... (auth modes api_key and access_token)",
        },
    },
    "conn-fields": {
        "auth_mode": {
            "label": "Auth mode",
            "description": "api_key uses the API key above; platform an OAuth client's id and secret; "
            "managed_user these two and a managed user's id; access_token a token that something else renews.",
            "schema": {
                "type": ["string", "null"],
                "enum": ["api_key", "platform", "managed_user", "access_token", None],
                "default": "api_key",
            },
        },
        "organization_id": {
            "label": "Organization id",
            "description": "Empty: the organization that the credential belongs to, read from /me.",
            "schema": {"type": ["integer", "null"], "minimum": 1},
        },
        "client_id": {
            "label": "OAuth client id",
            "description": "For auth modes platform and managed_user.",
            "schema": {"type": ["string", "null"]},
        },
        "client_secret": {
            "label": "OAuth client secret",
            "description": "For auth modes platform and managed_user.",
            "schema": {"type": ["string", "null"], "format": "password"},
        },
        "managed_user_id": {
            "label": "Managed user id",
            "description": "For auth mode managed_user.",
            "schema": {"type": ["integer", "null"], "minimum": 1},
        },
        "access_token": {
            "label": "Access token",
            "description": "For managed_user: optional; without it, or when it has expired, a new one is asked for, "
            "which ends all other tokens of that user. For access_token: the token, if the password is empty.",
            "schema": {"type": ["string", "null"], "format": "password"},
        },
        "webhook_secret": {
            "label": "Webhook secret",
            "description": "For events: at least 16 characters, from which the secrets of webhooks are derived. Needs "
            "the organization id.",
            "schema": {"type": ["string", "null"], "format": "password"},
        },
        "connect_timeout": {
            "label": "Connect timeout (s)",
            "schema": {"type": ["number", "null"], "minimum": 0.1, "default": 10},
        },
        "read_timeout": {
            "label": "Read timeout (s)",
            "schema": {"type": ["number", "null"], "minimum": 0.1, "default": 60},
        },
        "answer_mib": {
            "label": "Largest answer (MiB)",
            "description": "Unpacked. A larger one is not read to its end, and the read fails.",
            "schema": {"type": ["integer", "null"], "minimum": 1, "default": 256},
        },
        "answer_seconds": {
            "label": "Slowest answer (s)",
            "description": "From the request to the last byte.",
            "schema": {"type": ["number", "null"], "minimum": 1, "default": 300},
        },
        "row_growth": {
            "label": "Growth of a list",
            "description": "A list may have so many times the rows of its last complete read.",
            "schema": {"type": ["integer", "null"], "minimum": 1, "default": 4},
        },
        "row_margin": {
            "label": "Further rows of a list",
            "description": "And so many rows more.",
            "schema": {"type": ["integer", "null"], "minimum": 1, "default": 100000},
        },
        "first_rows": {
            "label": "Rows of a first read",
            "description": "Rows that a list may have which was never read before.",
            "schema": {"type": ["integer", "null"], "minimum": 1, "default": 20000000},
        },
        "verify_tls": {
            "label": "Verify TLS",
            "schema": {"type": ["boolean", "null"], "default": True},
        },
        "ca_bundle": {
            "label": "CA bundle",
            "description": "Path of a file with the certificate authorities to trust, for a private one.",
            "schema": {"type": ["string", "null"]},
        },
        "proxy": {
            "label": "Proxy URL",
            "description": "For all requests of this connection, for example http://user:password@proxy:3128.",
            "schema": {"type": ["string", "null"], "format": "password"},
        },
        "state_store": {
            "label": "Rate-limit state",
            "description": "Where processes that use the same credential share the request budget. Empty: a "
            "locked file of this machine; with workers on several machines redis://... or postgresql://...",
            "schema": {"type": ["string", "null"], "format": "password"},
        },
        "web_url": {
            "label": "Web app URL",
            "description": "For links from Airflow to Cal.com. Empty: the host of the base URL; for Cal.com's cloud "
            "https://app.cal.com.",
            "schema": {"type": ["string", "null"], "format": "url"},
        },
    },
}

CONFIG: dict[str, Any] = {
    "calcom": {
        "description": "The pages that Airflow shows, and the webhooks that it takes.",
        "options": {
            "report_conn_id": {
                "description": "Connection of the warehouse that the report is read from.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "warehouse",
                "default": "warehouse_default",
            },
            "report_schema": {
                "description": "Schema of its tables; the connection's own if empty.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "calcom",
                "default": "",
            },
            "report_prefix": {
                "description": "What the names of its tables begin with.",
                "version_added": "0.1.0",
                "type": "string",
                "example": "cal_",
                "default": "calcom_",
            },
            "report_show_people": {
                "description": "Whether everybody who may sign in sees user ids and single write-backs with their "
                "content, not counts alone.",
                "version_added": "0.1.0",
                "type": "boolean",
                "example": "True",
                "default": "False",
            },
            "events_conn_id": {
                "description": "Connection of the database that keeps what webhooks name; not Airflow's own. Without "
                "one no webhook is taken.",
                "version_added": "0.2.0",
                "type": "string",
                "example": "events",
                "default": "",
            },
            "webhook_conn_ids": {
                "description": "Connections of type calcom whose organizations send webhooks, separated by commas; "
                "each with its organization id and webhook secret.",
                "version_added": "0.2.0",
                "type": "string",
                "example": "calcom_default,calcom_other",
                "default": "calcom_default",
            },
            "webhook_tolerance": {
                "description": "Seconds that the signed time of a webhook may be off, either way.",
                "version_added": "0.2.0",
                "type": "float",
                "example": "300",
                "default": "900",
            },
            "webhook_rate": {
                "description": "Webhooks of an organization that are taken a second, on average.",
                "version_added": "0.2.0",
                "type": "float",
                "example": "20",
                "default": "100",
            },
            "plan_department": {
                "description": "Slug or name of the attribute by which the page of a plan groups people.",
                "version_added": "0.2.0",
                "type": "string",
                "example": "team",
                "default": "department",
            },
        },
    }
}


def get_provider_info() -> dict[str, Any]:
    """Return the provider's declaration, in the form of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-provider-calcom",
        "name": INTEGRATION,
        "description": "`Cal.com <https://cal.com/>`__: an organisation and a warehouse in step, both ways.",
        "integrations": [
            {
                "integration-name": INTEGRATION,
                "external-doc-url": "https://cal.com/docs/api-reference/v2/introduction",
                "tags": ["service"],
            }
        ],
        "hooks": [_modules("hooks.calcom")],
        "operators": [
            _modules(
                "operators.calcom",
                "operators.checks",
                "operators.delegation",
                "operators.events",
                "transfers.fleet",
                "operators.hr_attributes",
                "operators.hr_out_of_office",
                "operators.hr_bulk",
                "operators.hr_apply",
                "operators.hr_base",
                "operators.privacy",
                "operators.reporting",
            )
        ],
        "sensors": [_modules("sensors.calcom")],
        "triggers": [_modules("triggers.calcom", "triggers.changes", "triggers.events")],
        "transfers": [
            {
                "source-integration-name": INTEGRATION,
                "target-integration-name": "Common SQL",
                "python-module": "calcom_provider.transfers.calcom_to_sql",
            },
            {
                "source-integration-name": INTEGRATION,
                "target-integration-name": "Common SQL",
                "python-module": "calcom_provider.transfers.events_to_sql",
            },
            {
                "source-integration-name": INTEGRATION,
                "target-integration-name": "Common SQL",
                "python-module": "calcom_provider.transfers.fleet_to_sql",
            },
        ],
        "notifications": [
            "calcom_provider.notifications.calcom.CalComNotifier",
            "calcom_provider.notifications.state.CalComStateNotifier",
        ],
        "extra-links": [
            "calcom_provider.links.CalComOrganizationLink",
            "calcom_provider.links.CalComPlanLink",
        ],
        "asset-uris": [{"schemes": ["calcom"], "handler": "calcom_provider.assets.sanitize_uri"}],
        "plugins": [{"name": "calcom", "plugin-class": "calcom_provider.plugins.calcom.CalComPlugin"}],
        "connection-types": [CONNECTION_TYPE],
        "config": CONFIG,
    }


def _modules(*names: str) -> dict[str, Any]:
    return {
        "integration-name": INTEGRATION,
        "python-modules": [f"calcom_provider.{name}" for name in names],
    }
