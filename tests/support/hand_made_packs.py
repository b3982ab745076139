"""Packs that no git would make, object by object."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from iriai.repos.git import formats
from iriai.repos.git.packs import PackWriter

WHO = formats.signature("Ada", "ada@example.org", datetime(2026, 1, 5, tzinfo=UTC))


@dataclass
class HandMade:
    """A pack in the making. `write` gives its file."""

    folder: Path

    def __post_init__(self):
        self.writer = PackWriter(self.folder)

    def blob(self, content=b"hello\n"):
        return self.writer.add("blob", content)

    def tree(self, *rows):
        """Rows of (mode, name, oid), in the order given, whatever git says of it."""
        return self.writer.add("tree", formats.tree_bytes(rows))

    def commit(self, tree, parents=(), message="A change"):
        body = formats.commit_bytes(tree, parents, WHO, WHO, message)
        return self.writer.add("commit", body).hex()

    def tag(self, target, name="v1"):
        return self.writer.add("tag", formats.tag_bytes(target, name, WHO, "A tag")).hex()

    def write(self):
        packed = self.writer.finish()
        path = self.folder / f"made-{packed.name}.pack"
        if isinstance(packed.pack, bytes):
            path.write_bytes(packed.pack)
        else:
            packed.pack.rename(path)
        return path


FILE, PROGRAM, FOLDER, LINK, SUBMODULE = b"100644", b"100755", b"40000", b"120000", b"160000"

HOSTILE_NAMES = {
    "parent folder": b"..",
    "this folder": b".",
    "slash": b"a/b",
    "git folder": b".git",
    "git folder, upper case": b".GIT",
    "git folder, short": b"git~1",
    "git folder, ignorable character": b".g\xe2\x80\x8cit",
    "git modules": b".gitmodules",
    "backslashes": b"..\\x",
    "bad UTF-8": b"a\xff",
    "line break": b"a\nb",
    "right-to-left override": "a\u202egpj.exe".encode(),
    "device": b"CON",
    "device with an ending": b"aux.txt",
    "trailing dot": b"a.",
    "trailing space": b"a ",
    "stream": b"a:b",
    "option": b"-rf",
    "control character": b"a\x01b",
    "endless": b"a" * 4096,
    "not composed": "e\u0301".encode(),
    "redirection": b"a<b",
}
"""Names that a file may not have, by what is wrong with them (faults.md, S6)."""
