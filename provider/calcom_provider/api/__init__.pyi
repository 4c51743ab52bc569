from calcom_provider.api.catalogue.operations import Operation, resolve
from calcom_provider.api.client import CalComClient
from calcom_provider.api.doctor import Diagnosis, Finding, diagnose, render
from calcom_provider.api.errors import (
    AuthenticationError,
    ConfigurationError,
    ConfirmationRequiredError,
    ConflictError,
    IncompleteReadError,
    InvalidRequestError,
    NotCalComError,
    NotFoundError,
    ParameterError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    TransportError,
    UnclearOutcomeError,
    UnknownOperationError,
)
from calcom_provider.api.http.auth import AccessToken, ApiKey, Auth, ManagedUser, PlatformClient
from calcom_provider.api.http.responses import ApiResponse
from calcom_provider.api.http.retries import RetryPolicy
from calcom_provider.api.http.transport import Request, RequestsTransport, Response, Transport
from calcom_provider.api.paging.reader import PageReader
from calcom_provider.api.rate_limit.governor import Governor, governor_for
from calcom_provider.api.rate_limit.state import open_state_store
from calcom_provider.api.stats import ClientStats
from calcom_provider.api.webhook_signature import verify_webhook_signature
from calcom_provider.errors import CalComError

__all__ = [
    "AccessToken",
    "ApiKey",
    "ApiResponse",
    "Auth",
    "AuthenticationError",
    "CalComClient",
    "CalComError",
    "ClientStats",
    "ConfigurationError",
    "ConfirmationRequiredError",
    "ConflictError",
    "Diagnosis",
    "Finding",
    "Governor",
    "IncompleteReadError",
    "InvalidRequestError",
    "ManagedUser",
    "NotCalComError",
    "NotFoundError",
    "Operation",
    "PageReader",
    "ParameterError",
    "PermissionDeniedError",
    "PlatformClient",
    "RateLimitError",
    "Request",
    "RequestsTransport",
    "Response",
    "RetryPolicy",
    "ServerError",
    "Transport",
    "TransportError",
    "UnclearOutcomeError",
    "UnknownOperationError",
    "diagnose",
    "governor_for",
    "open_state_store",
    "render",
    "resolve",
    "verify_webhook_signature",
]
