"""Say no in the shapes that Cal.com says no in.

Four shapes exist: the envelope with details (HTTP exceptions), the envelope without details (database and
inner calls), the plain body, and no body at all. The class of the error decides the shape.
"""

from __future__ import annotations

from typing import Any

_NAMES = {
    400: ("BadRequestException", "Bad Request"),
    401: ("UnauthorizedException", "Unauthorized"),
    403: ("ForbiddenException", "Forbidden"),
    404: ("NotFoundException", "Not Found"),
    409: ("ConflictException", "Conflict"),
    422: ("UnprocessableEntityException", "Unprocessable Entity"),
    498: ("TokenExpiredException", "Token Expired"),
    500: ("InternalServerErrorException", "Internal Server Error"),
}


class ApiError(Exception):
    """Carry a refusal to the place where answers are written.

    :param status: HTTP status.
    :param message: text of the error.
    :param code: ``error.code``; None for the plain shape.
    :param details: ``error.details``; None leaves it out.
    """

    def __init__(self, status: int, message: str, code: str | None = None, details: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.details = details

    def body(self, path: str, timestamp: str) -> dict[str, Any]:
        """Return the answer's body in the shape that fits the error."""
        if self.code is None:
            return {"statusCode": self.status, "message": self.message}
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details is not None:
            error["details"] = self.details
        return {"status": "error", "timestamp": timestamp, "path": path, "error": error}


def refuse(status: int, message: str, **details: Any) -> ApiError:
    """Make an HTTP exception: envelope, class name as code, details with message, error and status."""
    code, error = _NAMES[status]
    return ApiError(
        status, message, code, {"message": message, **details, "error": error, "statusCode": status}
    )


def bad_request(message: str) -> ApiError:
    """Refuse with 400."""
    return refuse(400, message)


def unauthorized(message: str) -> ApiError:
    """Refuse with 401."""
    return refuse(401, message)


def forbidden(message: str) -> ApiError:
    """Refuse with 403."""
    return refuse(403, message)


def not_found(message: str) -> ApiError:
    """Refuse with 404."""
    return refuse(404, message)


def conflict(message: str) -> ApiError:
    """Refuse with 409."""
    return refuse(409, message)


def unprocessable(message: str) -> ApiError:
    """Refuse with 422."""
    return refuse(422, message)


def token_expired() -> ApiError:
    """Refuse a token that has ended (498)."""
    return ApiError(498, "ACCESS_TOKEN_IS_EXPIRED", "TokenExpiredException", "ACCESS_TOKEN_IS_EXPIRED")


def too_many_requests() -> ApiError:
    """Refuse what is over the limit (429)."""
    # The details of a 429 are a string, unlike all others
    text = "CustomThrottlerGuard - Too many requests. Please try again later."
    return ApiError(429, text, "ThrottlerException", text)


def invalid(errors: list[dict[str, Any]]) -> ApiError:
    """Make a validation error; its message says nothing, its details echo what was sent."""
    return ApiError(400, "Bad Request Exception", "BadRequestException", {"errors": errors})


def duplicate_record() -> ApiError:
    """Refuse as the database does where a unique key is taken."""
    return ApiError(409, "Invalid Input: Trying to create a record that already exists.", "CONFLICT")


def missing_record() -> ApiError:
    """Refuse as the database does where a row is not there."""
    return ApiError(404, "Invalid Query: The requested record was not found.", "NOT_FOUND")


def missing_reference() -> ApiError:
    """Refuse as the database does where a row refers to none."""
    return ApiError(400, "Invalid input: The referenced data does not exist.", "BAD_REQUEST")


def database_error() -> ApiError:
    """Fail as the API does when its database does (500)."""
    return ApiError(500, "There was an error, please try again later.", "INTERNAL_SERVER_ERROR")


_INNER = {
    400: "Bad request: Please check your request data and try again",
    401: "You are not authorized to access this resource",
    403: "You don't have permission to access this resource",
    404: "The requested resource was not found",
    500: "An unexpected error occurred",
}


def inner_call(status: int, message: str | None = None) -> ApiError:
    """Make an error of an inner call: a fixed text for each status, no details."""
    return ApiError(status, message or _INNER[status], "TRPCError")


def plain(status: int = 500, message: str = "Internal server error") -> ApiError:
    """Fail without an envelope, as what bypasses the API's filters does."""
    return ApiError(status, message)
