"""How a reader says no."""


class Refused(Exception):
    """The bytes are not what they claim to be; the message is a sentence for a person."""
