"""What a file is written in, told by its name. Pure."""

LANGUAGES = {
    "bash": "bash", "c": "c", "cfg": "ini", "cpp": "cpp", "css": "css", "cu": "cpp", "go": "go",
    "h": "c", "hpp": "cpp", "html": "html", "ini": "ini", "java": "java", "jl": "julia",
    "js": "javascript", "json": "json", "jsonl": "json", "jinja": "jinja", "lua": "lua",
    "md": "markdown", "mjs": "javascript", "proto": "protobuf", "py": "python", "pyi": "python",
    "r": "r", "rs": "rust", "sh": "bash", "sql": "sql", "swift": "swift", "tex": "latex",
    "toml": "toml", "ts": "typescript", "xml": "xml", "svg": "xml", "yaml": "yaml", "yml": "yaml",
    "ipynb": "json", "ndjson": "json", "dockerfile": "docker", "makefile": "make",
}  # fmt: skip
"""File name endings (or whole names) and the highlighter for each."""

MARKDOWN = ("md", "markdown")
IMAGES = ("png", "jpg", "jpeg", "gif", "webp")


def ending(path: str) -> str:
    """What follows the last dot of a file's name, or the whole name where there is none."""
    name = path.rsplit("/", 1)[-1].lower()
    return name.rsplit(".", 1)[-1]


def language(path: str) -> str | None:
    """The highlighter for a file, if there is one."""
    return LANGUAGES.get(ending(path))
