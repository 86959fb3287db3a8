"""Google Wallet's way to say no: one JSON form for everything, told apart by `errors[0].reason`.

Source: Google Wallet, "Error codes" (messages); Google, "Standard error responses" (form). 403 has three meanings.
"""

from typing import Any

PERMISSION, QUOTA, RATE = "permissionDenied", "quotaExceeded", "rateLimitExceeded"
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
REASONS = {
    400: "invalidResource",
    401: "authError",
    404: "resourceNotFound",
    409: "existingResource",
    429: RATE,
    500: "internalError",
    502: "badGateway",
    503: "backendError",
    504: "deadlineExceeded",
}
_GLOBAL = (401, 429)


class GoogleRefused(Exception):
    """The API answers with this status and reason. `retry_after` is in seconds, None for no such header."""

    def __init__(self, status: int, reason: str, message: str, *, retry_after: int | None = None) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        super().__init__(f"{status} {reason}: {message}")

    def body(self) -> dict[str, Any]:
        """What goes over the wire."""
        domain = "global" if self.status in _GLOBAL or self.status >= 500 else "walletobjects"
        one = {"message": self.message, "domain": domain, "reason": self.reason}
        # What Google calls a spent quota has the status of a permission or of a resource, by its HTTP status.
        status = "RESOURCE_EXHAUSTED" if self.reason in (QUOTA, RATE) else _STATUSES.get(self.status, "UNKNOWN")
        return {"error": {"code": self.status, "message": self.message, "errors": [one], "status": status}}


def invalid(message: str) -> GoogleRefused:
    """A body or an argument that Google does not take."""
    return GoogleRefused(400, REASONS[400], message)


def missing(kind: str, name: str) -> GoogleRefused:
    """No such class or object."""
    what = "Wallet Object Class" if kind.endswith("Class") else "Wallet Object"
    return GoogleRefused(404, REASONS[404], f"{what} {name} not found.")


def no_class(name: str) -> GoogleRefused:
    """An object names a class that was never inserted, or one of another type."""
    return GoogleRefused(404, "classNotFound", f"Wallet Object Class {name} not found.")


def there(kind: str, name: str) -> GoogleRefused:
    """Inserted once already."""
    what = "Wallet Object Class" if kind.endswith("Class") else "Wallet Object"
    return GoogleRefused(409, REASONS[409], f"{what} {name} already exists.")


def not_permitted() -> GoogleRefused:
    """The service account is no user of the issuer that the id names."""
    return GoogleRefused(403, PERMISSION, "Permission denied.")


def over_budget(issuer: str, kind: str, name: str, what: str) -> GoogleRefused:
    """More notifications for this pass within a day than Google shows."""
    of = "class" if kind.endswith("Class") else "object"
    return GoogleRefused(403, QUOTA, f"Quota exceeded for issuer {issuer} when adding {what} to {of} {name}.")


def too_fast(rate: int) -> GoogleRefused:
    """More calls in a second than the API takes."""
    return GoogleRefused(429, RATE, f"Quota exceeded for quota metric 'Requests' and limit '{rate} per second'.")


def no_token() -> GoogleRefused:
    """No bearer token, or none that is alive."""
    message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
    return GoogleRefused(401, REASONS[401], message)
