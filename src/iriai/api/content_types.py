"""As what a file of a repository may be sent: never as something that runs on the hub's own origin.

What people upload is hostile. Pictures, sound and plain text may be shown in place; whatever a
browser would run (HTML, SVG, XML, PDF) is a download, and all of it is sandboxed besides.
"""

from iriai.base.headers import disposition

BINARY = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"

SHOWN = {
    "aac": "audio/aac",
    "avif": "image/avif",
    "flac": "audio/flac",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "png": "image/png",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
    "webp": "image/webp",
}
"""Endings that a browser may show in place."""

_READ = """
    bib c cfg conf cpp css csv go h ini ipynb java jinja js jsonl lock log md mjs py r rs rst sh sql
    srt toml ts tsv txt vtt yaml yml
"""
READ = frozenset(_READ.split())
"""Endings that are sent as plain text, whatever they would mean elsewhere."""

DOWNLOADED = {
    "html": TEXT,
    "htm": TEXT,
    "xhtml": TEXT,
    "xml": TEXT,
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "json": "application/json",
}
"""Endings with a type that only an attachment may have. A README's picture may still be an SVG."""

SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def headers(path: str, *, as_download: bool) -> dict[str, str]:
    """The type of a file, and whether a browser may show it."""
    name = path.rpartition("/")[2]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    kind = SHOWN.get(ending) or (TEXT if ending in READ or name.startswith(".") else "")
    shown = bool(kind)
    kind = kind or DOWNLOADED.get(ending, BINARY)
    inline = (shown or ending == "json") and not as_download
    return {
        "Content-Type": kind,
        "Content-Disposition": disposition(name, inline=inline),
        "Content-Security-Policy": SANDBOX,
        "X-Content-Type-Options": "nosniff",
    }
