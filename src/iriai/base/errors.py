"""The ways an action can fail, whatever the door.

* HubError
  - Invalid      what was asked makes no sense
  - Unknown      no such thing, or the asker may not know of it
  - Denied       the asker may know of it, but not do this
  - Conflict     it changed under the asker, or it is already so
  - Gone         it was here, and was removed on purpose
  - Excessive    too big, too many, too fast
  - Unavailable  a thing we depend on is down or damaged; try again

The message is a sentence one can act on. `code` is the word a machine reads (`RepoNotFound`). Doors
turn kinds into answers, each with one table: `api/problems.py` and `web/problems.py`. Anything that
is not a `HubError` is a bug.
"""

import os


class HubError(Exception):
    """A failure we expect and can explain to whoever asked."""

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).__name__
        self.headers: dict[str, str] = {}
        """What a door says besides, where its answers have headers."""


class Invalid(HubError):
    """What was asked makes no sense."""


class Unknown(HubError):
    """No such thing, or the asker may not know of it."""


class Denied(HubError):
    """The asker may know of it, but not do this."""


class Conflict(HubError):
    """It changed under the asker, or it is already so."""


class Gone(HubError):
    """It was here, and was removed on purpose."""


class Excessive(HubError):
    """Too big, too many, or too fast."""


class Unavailable(HubError):
    """A thing we depend on is down or damaged."""


def reason(error: OSError) -> str:
    """What the machine says of an error, as a part of a sentence."""
    return os.strerror(error.errno).lower() if error.errno else str(error)
