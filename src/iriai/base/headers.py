"""Small, exact pieces of HTTP headers. Pure."""

from urllib.parse import quote

ATTR_CHAR = "!#$&+-.^_`|~"
"""What RFC 8187 lets stand unescaped beside letters and digits."""


def disposition(filename: str, *, inline: bool = False) -> str:
    """A Content-Disposition that names a file, in any script, and cannot end the header."""
    kind = "inline" if inline else "attachment"
    name = filename.rsplit("/", 1)[-1]
    plain = "".join(each if " " <= each <= "~" and each not in '"\\' else "_" for each in name)
    escaped = quote(name, safe=ATTR_CHAR, errors="replace")
    return f"{kind}; filename*=UTF-8''{escaped}; filename=\"{plain}\""
