"""The API's errors: each is a status, a machine-readable code and a message, and becomes JSON in one place."""

import logging
import traceback
from typing import Any

from starlette.responses import JSONResponse

logger = logging.getLogger(__name__)


class ApiError(Exception):
    """Answered as `{"error": {"code", "message"}}` with `status` and `headers`."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    @property
    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message}}


def fault(error: Exception, request_id: str) -> ApiError:
    """Log a fault of the service by its type and place, never by its message: that may quote a comment."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("request %s failed: %s at %s:%s", request_id, type(error).__name__, frame.filename, frame.lineno)
    return ApiError(500, "internal_error", "a fault of the service; it has been logged")


def json_error(error: ApiError) -> JSONResponse:
    return JSONResponse(error.body, error.status, error.headers)
