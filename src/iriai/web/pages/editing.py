"""Changing files from the browser: edit, new, upload, delete. Each is a real commit.

The form names the commit it was opened on, so that a change made meanwhile by somebody else is not
overwritten unseen. Large and binary files go to the store as large objects, as the clients' do.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid, Unavailable, Unknown
from iriai.base.routing import Access
from iriai.blobs import receiving
from iriai.cards import reading
from iriai.commons import enactment
from iriai.repos import queries as repos
from iriai.repos import room, rules, withheld
from iriai.repos.actions import Add, AddLarge, DeleteFile, Operation
from iriai.repos.git.entries import EXECUTABLE_MODE, File
from iriai.repos.large import SAMPLE_LENGTH
from iriai.repos.operations import README
from iriai.repos.queries import Candidate
from iriai.repos.rules import Kind, Repo
from iriai.web import forms, links, problems, viewing
from iriai.web.door import Ask, get, post, see
from iriai.web.forms import Upload
from iriai.web.repository import frame, of_each_kind, place, require_branch
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive, Unavailable)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a change goes."""

    repo: Repo
    rev: str
    path: str
    sha: str


def edit(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The form to edit a text file."""
    target = _target(ask, kind, full_name)
    text, _ending = _text(ask, target)
    return _edit(ask, target, text=text)


def keep_edit(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Commit an edited file; its line ends stay what they were."""
    target = _target(ask, kind, full_name)
    sent = ask.form.get("text")
    try:
        _before, line_end = _text(ask, target)
        _require_sound_card(target.repo, target.path, sent)
        content = sent.replace("\r\n", "\n").replace("\n", line_end).encode()
        runs = _file(ask, target).mode == EXECUTABLE_MODE
        change = Add(target.path, content, executable=runs)
        return _commit(ask, target, [change], _("Change {path}"))
    except SAID_IN_THE_FORM as error:
        return _edit(ask, target, text=sent, error=error)


def new(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The form to write a new text file; a path that names a file is a suggestion for its name."""
    return _new(ask, _target(ask, kind, full_name), text="")


def keep_new(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Commit a new file."""
    target = _target(ask, kind, full_name)
    sent = ask.form.get("text")
    try:
        path = rules.clean_path(ask.form.get("path").strip())
        if _is_there(ask, target, path):
            raise Conflict("There is a file of this name; edit that one, or choose another name.")
        _require_sound_card(target.repo, path, sent)
        content = sent.replace("\r\n", "\n").encode()
        made = Target(target.repo, target.rev, path, target.sha)
        return _commit(ask, made, [Add(path, content)], _("Add {path}"))
    except SAID_IN_THE_FORM as error:
        return _new(ask, target, text=sent, error=error)


def upload(ask: Ask, kind: Kind, full_name: str) -> Response:
    """The form to upload files with."""
    return _upload(ask, _target(ask, kind, full_name))


def keep_upload(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Commit uploaded files, all of them at once."""
    target = _target(ask, kind, full_name)
    try:
        folder = rules.clean_folder(ask.form.get("folder").strip().strip("/"))
        if not ask.form.files:
            raise Invalid("Choose at least one file.")
        if len(ask.form.files) > forms.FILES_MAX:
            raise Excessive(f"Upload at most {forms.FILES_MAX} files at once.")
        prefix = f"{folder}/" if folder else ""
        named = {rules.clean_path(prefix + each.filename): each for each in ask.form.files}
        made = Target(target.repo, target.rev, folder, target.sha)
        title = _("Upload {path}") if len(named) == 1 else _("Upload {count} files")
        words = {"path": next(iter(named)), "count": len(named)}
        return _commit(ask, made, _received(ask, target, named), title.format(**words))
    except SAID_IN_THE_FORM as error:
        return _upload(ask, target, error=error)


def delete(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Ask once more before a file is deleted."""
    target = _target(ask, kind, full_name)
    _file(ask, target)
    return _delete(ask, target)


def keep_delete(ask: Ask, kind: Kind, full_name: str) -> Response:
    """Commit the deletion of a file."""
    target = _target(ask, kind, full_name)
    try:
        return _commit(ask, target, [DeleteFile(target.path)], _("Delete {path}"))
    except SAID_IN_THE_FORM as error:
        return _delete(ask, target, error=error)


def _target(ask: Ask, kind: Kind, full_name: str) -> Target:
    """The branch and path of this address, for somebody who may change or propose."""
    rev, path = place(ask)
    with ask.ground.read() as tx:
        repo, sha = repos.readable_at(tx, ask.actor, kind, full_name, rev)
        refs = repos.refs(tx, repo)
        rules.require_propose(ask.actor, repo)
    require_branch(rev, refs)
    return Target(repo, rev, path, sha)


def _file(ask: Ask, target: Target) -> File:
    with ask.ground.read() as tx:
        withheld.require_served(tx, target.repo, target.path)
    found = repos.objects(ask.ground, target.repo.id).entry(target.sha, target.path)
    if not isinstance(found, File):
        raise Invalid("This is a folder.")
    return found


def _is_there(ask: Ask, target: Target, path: str) -> bool:
    try:
        repos.objects(ask.ground, target.repo.id).entry(target.sha, path)
    except Unknown:
        return False
    return True


def _text(ask: Ask, target: Target) -> tuple[str, str]:
    """A file's text, and how its lines end."""
    file = _file(ask, target)
    if file.lfs or file.size > viewing.EDIT_BYTES_MAX:
        raise Invalid("This file is too large to edit here: download it, and upload it changed.")
    data = repos.objects(ask.ground, target.repo.id).blob(file.oid)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Invalid("This is not a text file.") from None
    return text, "\r\n" if "\r\n" in text else "\n"


def _require_sound_card(repo: Repo, path: str, text: str) -> None:
    """Refuse a card whose first lines say what the hub cannot take, as clients are refused."""
    if path != README:
        return
    errors = reading.validation(text.replace("\r\n", "\n"), repo.kind.value).errors
    if errors:
        said = _(
            "Nothing was committed. What stands between the lines --- of the card is not sound:"
        )
        raise Invalid(" ".join([said, *errors]))


def _received(ask: Ask, target: Target, named: dict[str, Upload]) -> Iterator[Operation]:
    """Each uploaded file as part of a commit, the large ones kept in the store first."""
    modes = repos.preupload(ask.ground, target.repo, target.sha, _candidates(named))
    large = {mode.path for mode in modes if mode.large}
    for path, each in named.items():
        if path in large:
            receiving.receive_object(
                ask.ground,
                target.repo.id,
                each.sha256,
                each.size,
                each.path,
                room.asking(target.repo),
            )
            yield AddLarge(path, each.sha256, each.size)
        else:
            yield Add(path, each.path)


def _candidates(named: dict[str, Upload]) -> list[Candidate]:
    found = []
    for path, each in named.items():
        with each.path.open("rb") as file:
            found.append(Candidate(path, each.size, file.read(SAMPLE_LENGTH)))
    return found


def _commit(ask: Ask, target: Target, operations: Iterable[Operation], usual: str) -> Response:
    """Land the change and go where it can be seen."""
    form = ask.form
    propose = form.get("way") == "propose"
    parent = form.get("parent")
    landed = enactment.commit(
        ask.ground,
        ask.actor,
        target.repo,
        operations=operations,
        revision=target.rev,
        title=form.get("title").strip() or usual.format(path=target.path),
        description=form.get("description"),
        parent=parent if rules.FULL_SHA.fullmatch(parent) else None,
        create_pr=propose,
    )
    if landed.number is not None:
        return see(links.repo(target.repo, "discussions", str(landed.number)))
    return see(links.repo(target.repo, "commit", rev=landed.sha))


def _page(
    ask: Ask, target: Target, template: str, error: HubError | None, **facts: object
) -> Response:
    return ask.page(
        template,
        **frame(ask, target.repo, rev=target.rev, path=target.path),
        status=problems.status(error) if error else 200,
        fault=error.message if error else "",
        form=ask.form,
        action=ask.request.scope["path"],
        parent=target.sha,
        **facts,
    )


def _edit(ask: Ask, target: Target, *, text: str, error: HubError | None = None) -> Response:
    return _page(
        ask,
        target,
        "repository/edit.html",
        error,
        heading=_("Edit {path}").format(path=target.path),
        new=False,
        text=text,
        markdown=viewing.is_markdown(target.path),
        suggestion=_("Change {path}").format(path=target.path),
        button=_("Commit the change"),
        back=links.repo(target.repo, "blob", rev=target.rev, path=target.path),
    )


def _new(ask: Ask, target: Target, *, text: str, error: HubError | None = None) -> Response:
    is_name = "." in target.path.rsplit("/", 1)[-1]
    folder = target.path if is_name or not target.path else target.path + "/"
    return _page(
        ask,
        target,
        "repository/edit.html",
        error,
        heading=_("New file"),
        new=True,
        folder=folder,
        text=text,
        markdown=viewing.is_markdown(target.path),
        suggestion=_("Add a file"),
        button=_("Commit the file"),
        back=links.repo(target.repo, "tree", rev=target.rev),
    )


def _upload(ask: Ask, target: Target, error: HubError | None = None) -> Response:
    return _page(
        ask,
        target,
        "repository/upload.html",
        error,
        folder=target.path,
        files_max=forms.FILES_MAX,
        bytes_max=forms.UPLOAD_BYTES_MAX,
        suggestion=_("Upload files"),
        button=_("Upload and commit"),
        back=links.repo(target.repo, "tree", rev=target.rev, path=target.path),
    )


def _delete(ask: Ask, target: Target, error: HubError | None = None) -> Response:
    return _page(
        ask,
        target,
        "repository/delete_file.html",
        error,
        suggestion=_("Delete {path}").format(path=target.path),
        button=_("Delete the file"),
        back=links.repo(target.repo, "blob", rev=target.rev, path=target.path),
    )


ROUTES = [
    *of_each_kind(get, "/edit/{rest:path}", edit, access=Access.SIGNED_IN),
    *of_each_kind(
        post, "/edit/{rest:path}", keep_edit, access=Access.SIGNED_IN, size_max=forms.EDIT_BYTES_MAX
    ),
    *of_each_kind(get, "/new/{rest:path}", new, access=Access.SIGNED_IN),
    *of_each_kind(
        post, "/new/{rest:path}", keep_new, access=Access.SIGNED_IN, size_max=forms.EDIT_BYTES_MAX
    ),
    *of_each_kind(get, "/upload/{rest:path}", upload, access=Access.SIGNED_IN),
    *of_each_kind(
        post,
        "/upload/{rest:path}",
        keep_upload,
        access=Access.SIGNED_IN,
        size_max=forms.UPLOAD_BYTES_MAX,
    ),
    *of_each_kind(get, "/delete/{rest:path}", delete, access=Access.SIGNED_IN),
    *of_each_kind(post, "/delete/{rest:path}", keep_delete, access=Access.SIGNED_IN),
]
