"""The files of a repository: folders, single files, and pictures on a route of their own."""

from datetime import timedelta

from starlette.responses import Response

from iriai.base.errors import Excessive, Unknown
from iriai.base.routing import Access
from iriai.cards.files import range_reader
from iriai.repos import queries as repos
from iriai.repos import withheld
from iriai.repos.git.entries import Entry, File
from iriai.repos.rules import Kind, Repo
from iriai.web import links, viewing
from iriai.web.door import Ask, get, see
from iriai.web.repository import (
    Named,
    change,
    frame,
    is_branch,
    listed,
    may_propose,
    named,
    of_each_kind,
    place,
)
from iriai.web.texts import gettext as _
from iriai.web.viewing import View

ENTRIES_A_PAGE = 500
FIRST_LINE_MAX = 10_000_000
PICTURE_POLICY = "default-src 'none'; sandbox"
A_MINUTE = int(timedelta(minutes=1).total_seconds())


def tree(ask: Ask, kind: Kind, full_name: str) -> Response:
    """A folder at a revision."""
    rev, path = place(ask)
    after = ask.query("after") or None
    with ask.ground.read() as tx:
        repo, sha = repos.readable_at(tx, ask.actor, kind, full_name, rev)
        refs = repos.refs(tx, repo)
    objects = repos.objects(ask.ground, repo.id)
    if path and isinstance(objects.entry(sha, path), File):
        return see(links.repo(repo, "blob", rev=rev, path=path))
    page = objects.tree(sha, path, after=after, limit=ENTRIES_A_PAGE)
    newest = objects.last_commits(sha, path)
    with ask.ground.read() as tx:
        files = named(tx, repo, [entry for entry in page.entries if isinstance(entry, File)])
    entries = [_entry(entry, files, newest) for entry in page.entries]
    entries.sort(key=lambda entry: (not entry.folder, entry.name))
    here = links.repo(repo, "tree", rev=rev, path=path)
    latest = objects.log(sha, limit=1, path=path or None)
    return ask.page(
        "repository/tree.html",
        **frame(ask, repo, rev=rev, path=path),
        twin=links.twin(repo, "tree", rev=rev, path=path),
        refs=listed(refs),
        may_commit=is_branch(rev, refs) and may_propose(ask, repo),
        entries=entries,
        count=len(entries),
        commit=change(latest[0]) if latest else None,
        newer=here if after else None,
        older=links.with_query(here, after=page.after) if page.after else None,
    )


def _entry(entry: Entry, files: dict[str, Named], newest: dict) -> Named:  # type: ignore[type-arg]
    name = entry.path.rsplit("/", 1)[-1]
    made = files.get(entry.path) or Named(name=name, path=entry.path, folder=True)
    commit = newest.get(name)
    if commit is None:
        return made
    return Named(
        made.name,
        made.path,
        made.folder,
        made.size,
        made.oid,
        made.stored,
        made.sha256,
        made.xet_hash,
        change(commit),
    )


def blob(ask: Ask, kind: Kind, full_name: str) -> Response:
    """A file at a revision."""
    rev, path = place(ask)
    with ask.ground.read() as tx:
        repo, sha = repos.readable_at(tx, ask.actor, kind, full_name, rev)
        withheld.require_served(tx, repo, path)
        refs = repos.refs(tx, repo)
    objects = repos.objects(ask.ground, repo.id)
    file = objects.entry(sha, path)
    if not isinstance(file, File):
        return see(links.repo(repo, "tree", rev=rev, path=path))
    with ask.ground.read() as tx:
        shown = named(tx, repo, [file])[path]
    latest = objects.log(sha, limit=1, path=path)
    return ask.page(
        "repository/blob.html",
        **frame(ask, repo, rev=rev, path=path),
        twin=links.twin(repo, "tree", rev=rev, path=path.rpartition("/")[0]),
        refs=listed(refs),
        may_commit=is_branch(rev, refs) and may_propose(ask, repo),
        file=shown,
        commit=change(latest[0]) if latest else None,
        view=_view(ask, repo, file, rev),
    )


def _view(ask: Ask, repo: Repo, file: File, rev: str) -> View:
    """The way this file is shown."""
    path, plain = file.path, ask.query("plain") == "1"
    here = links.repo(repo, "blob", rev=rev, path=path)
    if viewing.has_header(path) and file.size:
        read = range_reader(ask.ground, repo.id, file)
        if read is None:
            return viewing.nothing(_("The bytes of this file are not here."))
        return viewing.tensors(path, read, file.size)
    if viewing.is_image(path):
        if file.size > viewing.IMAGE_BYTES_MAX:
            return viewing.nothing(_("This picture is too large to show."))
        return viewing.picture(links.repo(repo, "image", rev=rev, path=path))
    if viewing.is_table(path) and file.size and not plain:
        table = _table(ask, repo, file, here)
        if table.kind == "table" or not _has_source(file):
            return table
    if not _is_short(file):
        kept_large = _("This is a large object, or no text in UTF-8; it can be downloaded.")
        too_long = _("This file is too large to show; it can be downloaded.")
        return viewing.nothing(too_long if file.lfs is None else kept_large)
    data = repos.objects(ask.ground, repo.id).blob(file.oid)
    if viewing.is_markdown(path) and not plain:
        view = viewing.markdown(
            data,
            files=links.repo(repo, "image", rev=rev) + "/",
            pages=links.repo(repo, "blob", rev=rev) + "/",
            folder=path.rpartition("/")[0],
        )
        view.facts |= _other(links.with_query(here, plain="1"), _("Source"))
        return view
    return _text(ask, path, data, file.oid, here, plain=plain)


def _table(ask: Ask, repo: Repo, file: File, here: str) -> View:
    """The first rows, with a way to the text behind them where there is one."""
    read = range_reader(ask.ground, repo.id, file)
    if read is None:
        return viewing.nothing(_("The bytes of this file are not here."))
    view = viewing.table(file.path, read, file.size)
    if _has_source(file):
        view.editable = file.size <= viewing.EDIT_BYTES_MAX
        view.facts |= _other(links.with_query(here, plain="1"), _("Source"))
    return view


def _is_short(file: File) -> bool:
    return file.lfs is None and file.size <= viewing.TEXT_BYTES_MAX


def _has_source(file: File) -> bool:
    """Whether there is a text behind a table, short enough to be shown."""
    return _is_short(file) and not file.path.lower().endswith(".parquet")


def _text(ask: Ask, path: str, data: bytes, oid: str, here: str, *, plain: bool) -> View:
    view = viewing.text(path, data, oid=oid, first=ask.number("from", 1, most=FIRST_LINE_MAX))
    if plain:
        view.facts |= _other(here, _("Rendered"))
    if view.kind == "text":
        kept = "1" if plain else None
        for name, line in (("newer", view.before), ("older", view.after)):
            view.facts[name] = (
                links.with_query(here, plain=kept, **{"from": line}) if line else None
            )
    return view


def _other(where: str, name: str) -> dict[str, object]:
    return {"rendered": True, "other": where, "other_name": name}


def image(ask: Ask, kind: Kind, full_name: str) -> Response:
    """A picture, and nothing but a picture: its bytes tell its type, and nothing in it runs."""
    rev, path = place(ask)
    with ask.ground.read() as tx:
        repo, sha = repos.readable_at(tx, ask.actor, kind, full_name, rev)
        withheld.require_served(tx, repo, path)
    file = repos.objects(ask.ground, repo.id).entry(sha, path)
    if not isinstance(file, File):
        raise Unknown("There is no such picture.", code="EntryNotFound")
    if file.size > viewing.IMAGE_BYTES_MAX:
        raise Excessive("This picture is too large to show; download it instead.")
    headers = {
        "ETag": f'"{file.etag}"',
        "Cache-Control": f"private, max-age={A_MINUTE}",
        "Content-Security-Policy": PICTURE_POLICY,
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if ask.request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    read = range_reader(ask.ground, repo.id, file)
    if read is None:
        raise Unknown("The bytes of this picture are not here.", code="ObjectMissing")
    data = read(0, file.size)
    return Response(data, headers=headers, media_type=viewing.image_type(data))


ROUTES = [
    *of_each_kind(get, "/tree/{rest:path}", tree, access=Access.REPO_READ),
    *of_each_kind(get, "/blob/{rest:path}", blob, access=Access.REPO_READ),
    *of_each_kind(get, "/image/{rest:path}", image, access=Access.REPO_READ),
]
