"""What is kept of large bytes.

Content: `objects` (by SHA-256), `xet_files` (by Xet hash) and `xorbs`, with edges from files to the
xorbs that hold their chunks. Provenance: `repo_objects` (what a repository may read) and
`repo_xorbs` (what was sent in its name). Uploads: `shards` with the chunks by which they can be
found, and multipart uploads that are not complete yet. Repositories are only numbers here; this
part lies below them.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from iriai.base.db import BigId, Table

HEX = String(64)


class Xorb(Table):
    """Up to 64 MiB of chunks. `asserted_at`: when somebody last sent or named it."""

    __tablename__ = "xorbs"
    __table_args__ = (Index("ix_xorbs_state_asserted_at", "state", "asserted_at"),)
    hash: Mapped[str] = mapped_column(HEX, primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    chunk_count: Mapped[int]
    raw_bytes: Mapped[int] = mapped_column(BigInteger)
    body_bytes: Mapped[int] = mapped_column(BigInteger)
    first_repo_id: Mapped[int] = mapped_column(BigId)
    created_at: Mapped[datetime]
    asserted_at: Mapped[datetime]
    condemned_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    chunk_table: Mapped[bytes] = mapped_column(LargeBinary)


class XetFile(Table):
    """A file as terms. Its SHA-256 was computed here, from its chunks."""

    __tablename__ = "xet_files"
    hash: Mapped[str] = mapped_column(HEX, primary_key=True)
    sha256: Mapped[str] = mapped_column(HEX, index=True)
    size: Mapped[int] = mapped_column(BigInteger)
    damaged: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    terms: Mapped[bytes] = mapped_column(LargeBinary)


class FileXorb(Table):
    """A file has chunks in a xorb. The foreign key keeps a xorb from going before its files."""

    __tablename__ = "file_xorbs"
    file_hash: Mapped[str] = mapped_column(
        HEX, ForeignKey("xet_files.hash", ondelete="CASCADE"), primary_key=True
    )
    xorb_hash: Mapped[str] = mapped_column(
        HEX, ForeignKey("xorbs.hash"), primary_key=True, index=True
    )


class StoredBytes(Table):
    """An object by SHA-256: kept whole, as a Xet file, or for a while as both."""

    __tablename__ = "objects"
    __table_args__ = (Index("ix_objects_blob_state_asserted_at", "blob_state", "asserted_at"),)
    sha256: Mapped[str] = mapped_column(HEX, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    blob_state: Mapped[str] = mapped_column(String(16))
    xet_hash: Mapped[str | None] = mapped_column(HEX, ForeignKey("xet_files.hash"), index=True)
    created_at: Mapped[datetime]
    asserted_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]


class RepoObject(Table):
    """Provenance: this repository may read this object."""

    __tablename__ = "repo_objects"
    repo_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(
        HEX, ForeignKey("objects.sha256"), primary_key=True, index=True
    )
    origin: Mapped[str] = mapped_column(String(16))
    linked_at: Mapped[datetime]


class RepoXorb(Table):
    """Provenance: a writer of this repository sent this xorb."""

    __tablename__ = "repo_xorbs"
    repo_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    xorb_hash: Mapped[str] = mapped_column(
        HEX, ForeignKey("xorbs.hash", ondelete="CASCADE"), primary_key=True, index=True
    )
    sent_at: Mapped[datetime]


class Shard(Table):
    """One registered upload. The shard itself lies in the store, for a rebuild of the database."""

    __tablename__ = "shards"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    repo_id: Mapped[int] = mapped_column(BigId, index=True)
    account_id: Mapped[int | None] = mapped_column(BigId)
    key: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]


class ShardXorb(Table):
    """A xorb of an upload, by its place in it."""

    __tablename__ = "shard_xorbs"
    shard_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("shards.id", ondelete="CASCADE"), primary_key=True
    )
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    xorb_hash: Mapped[str] = mapped_column(
        HEX, ForeignKey("xorbs.hash", ondelete="CASCADE"), index=True
    )


class DedupChunk(Table):
    """A chunk by which an upload can be found."""

    __tablename__ = "dedup_chunks"
    chunk_hash: Mapped[str] = mapped_column(HEX, primary_key=True)
    shard_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("shards.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Multipart(Table):
    """An upload in parts, not complete yet."""

    __tablename__ = "multiparts"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    repo_id: Mapped[int] = mapped_column(BigId)
    sha256: Mapped[str] = mapped_column(HEX)
    size: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(index=True)


class Part(Table):
    """A part that has come."""

    __tablename__ = "multipart_parts"
    multipart_id: Mapped[str] = mapped_column(
        String(32), ForeignKey("multiparts.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    etag: Mapped[str] = mapped_column(HEX)
