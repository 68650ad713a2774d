"""The API's errors: each is a status, a machine-readable code and a message, and becomes JSON in one place."""


class ApiError(Exception):
    """Answered as `{"error": {"code", "message"}}` with `status`."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def body(self) -> dict:
        return {"error": {"code": self.code, "message": self.message}}
