"""TMDb's errors: a status_code of its own for each HTTP status."""

import json

from include.sample.api.answers import SampleAnswer

_ERRORS = {
    7: (401, "Invalid API key: You must be granted a valid key."),
    9: (503, "Service offline: This service is temporarily offline, try again later."),
    11: (500, "Internal error: Something went wrong, contact TMDb."),
    20: (422, "Invalid date range: Should be a range no longer than 14 days."),
    22: (400, "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer."),
    23: (400, "Invalid date: Format needs to be YYYY-MM-DD."),
    24: (504, "Your request to the backend server timed out. Try again."),
    25: (429, "Your request count (#) is over the allowed limit of (40)."),
    27: (400, "Too many append to response objects: The maximum number of remote calls is 20."),
    34: (404, "The resource you requested could not be found."),
    43: (502, "Couldn't connect to the backend server."),
}
CODES = {status: code for code, (status, _) in _ERRORS.items() if status >= 429}
"""TMDb's code for each HTTP status of a fault."""


def error(code: int) -> SampleAnswer:
    """Return TMDb's error with this status_code."""
    status, message = _ERRORS[code]
    content = {"success": False, "status_code": code, "status_message": message}
    return SampleAnswer(status, json.dumps(content).encode())
