"""The Cal.com API v2, and nothing else: operations as data, a client, its limits, its errors."""

from __future__ import annotations

from calcom_provider.lazy import reexport

__getattr__, __dir__, __all__ = reexport(
    __name__,
    {
        "api.catalogue.operations": ("Operation", "resolve"),
        "api.client": ("CalComClient",),
        "api.doctor": ("Diagnosis", "Finding", "diagnose", "render"),
        "api.errors": (
            "AuthenticationError",
            "ConfigurationError",
            "ConfirmationRequiredError",
            "ConflictError",
            "IncompleteReadError",
            "InvalidRequestError",
            "NotCalComError",
            "NotFoundError",
            "ParameterError",
            "PermissionDeniedError",
            "RateLimitError",
            "ServerError",
            "TransportError",
            "UnclearOutcomeError",
            "UnknownOperationError",
        ),
        "api.http.auth": ("AccessToken", "ApiKey", "Auth", "ManagedUser", "PlatformClient"),
        "api.http.responses": ("ApiResponse",),
        "api.http.retries": ("RetryPolicy",),
        "api.http.transport": ("Request", "RequestsTransport", "Response", "Transport"),
        "api.paging.reader": ("PageReader",),
        "api.rate_limit.governor": ("Governor", "governor_for"),
        "api.rate_limit.state": ("open_state_store",),
        "api.stats": ("ClientStats",),
        "api.webhook_signature": ("verify_webhook_signature",),
        "errors": ("CalComError",),
    },
)
