"""A bucket: its files and folders, to look at and to download; making, filling and deleting one."""

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid
from iriai.base.routing import Access
from iriai.buckets import actions, queries, rules, sending
from iriai.buckets.rules import Bucket, Folder, Remove
from iriai.buckets.sending import Sent
from iriai.commons import enactment
from iriai.identity import queries as identity
from iriai.identity.rules import may_create
from iriai.web import forms, links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive)
NEW = "/buckets/new"


def bucket(ask: Ask) -> Response:
    """The files and folders of one level, some at a time."""
    return _level(ask)


def _level(ask: Ask, *, error: HubError | None = None) -> Response:
    full_name = _name(ask)
    path = ask.part("path").strip("/") if "path" in ask.request.path_params else ""
    after = ask.query("after")[: rules.PREFIX_LENGTH_MAX + 1]
    with ask.ground.read() as tx:
        found = queries.bucket(tx, ask.actor, full_name)
        if found.full_name != full_name and error is None:
            return see(links.bucket(found.full_name, "tree" if path else "", path))
        prefix = rules.clean_prefix(f"{path}/" if path else "")
        page = queries.listing(tx, found, prefix, recursive=False, after=after)
    if path and not page.entries and not after:
        raise rules.unknown_file(path)
    here = links.bucket(found.full_name, "tree" if path else "", path)
    return ask.page(
        "bucket/tree.html",
        status=problems.status(error) if error else 200,
        twin=f"/api{links.bucket(found.full_name, 'tree')}",
        bucket=found,
        path=path,
        entries=[(each, isinstance(each, Folder)) for each in page.entries],
        first=links.with_query(here) if after else "",
        older=links.with_query(here, after=page.after) if page.after else "",
        may_write=rules.may_write(ask.actor, found),
        may_administer=rules.may_administer(ask.actor, found),
        form=ask.form,
        fault=error.message if error else "",
        files_max=forms.FILES_MAX,
    )


def change(ask: Ask) -> Response:
    """Send files, remove one, or delete the bucket; the form says which."""
    with ask.ground.read() as tx:
        found = queries.bucket(tx, ask.actor, _name(ask))
    act = {"send": _send, "remove": _remove, "delete": _delete}.get(ask.form.get("act"))
    try:
        if act is None:
            raise Invalid("This form is not known here.")
        return see(act(ask, found))
    except SAID_IN_THE_FORM as error:
        return _level(ask, error=error)


def _send(ask: Ask, found: Bucket) -> str:
    if not ask.form.files:
        raise Invalid("Choose at least one file.")
    if len(ask.form.files) > forms.FILES_MAX:
        raise Excessive(f"Send at most {forms.FILES_MAX} files at once.")
    folder = ask.form.get("folder").strip("/ ")
    prefix = f"{folder}/" if folder else ""
    sent = [
        Sent(prefix + each.filename, each.path, each.size, each.sha256) for each in ask.form.files
    ]
    for each in sent:
        _require_path(each.path)
    done = sending.send(ask.ground, ask.actor, found, sent)
    if done.failures:
        raise Invalid(f"{done.failures[0].path}: {done.failures[0].error}")
    return links.bucket(found.full_name, "tree" if folder else "", folder)


def _remove(ask: Ask, found: Bucket) -> str:
    path = ask.form.get("path")
    _require_path(path)
    with ask.ground.write() as tx:
        actions.batch(tx, ask.actor, found, [Remove(path)])
    return links.bucket(found.full_name)


def _delete(ask: Ask, found: Bucket) -> str:
    if ask.form.get("confirm").strip() != found.full_name:
        raise Invalid(f"To delete it, write its name: {found.full_name}")
    with ask.ground.write() as tx:
        enactment.delete_bucket(tx, ask.actor, found)
    return links.account(found.owner)


def _require_path(path: str) -> None:
    fault = rules.path_fault(path)
    if fault is not None:
        raise Invalid(f"{path[:200]}: {fault}")


def new(ask: Ask) -> Response:
    """The form for a new bucket."""
    return _new(ask)


def create(ask: Ask) -> Response:
    """Make it."""
    form = ask.form
    try:
        with ask.ground.write() as tx:
            made = enactment.create_bucket(
                tx,
                ask.actor,
                owner=form.get("owner"),
                name=form.get("name").strip(),
                is_private=form.get("visibility") == "private",
            )
    except SAID_IN_THE_FORM as error:
        return _new(ask, error)
    return see(links.bucket(made.full_name))


def _new(ask: Ask, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        belongs = identity.whoami(tx, ask.actor).organisations
    owners = [ask.actor.name, *(each.name for each in belongs if may_create(ask.actor, each.id))]
    return ask.page(
        "bucket/new.html",
        status=problems.status(error) if error else 200,
        action=NEW,
        heading=_("New bucket"),
        owners=owners,
        form=ask.form,
        fault=error.message if error else "",
    )


def _name(ask: Ask) -> str:
    return f"{ask.part('namespace')}/{ask.part('bucket')}"


_ONE = "/buckets/{namespace}/{bucket}"
ROUTES = [
    get(NEW, new, access=Access.SIGNED_IN),
    post(NEW, create, access=Access.SIGNED_IN),
    get(_ONE, bucket, access=Access.ANYONE),
    post(_ONE, change, access=Access.SIGNED_IN, size_max=forms.UPLOAD_BYTES_MAX),
    get(f"{_ONE}/tree/{{path:path}}", bucket, access=Access.ANYONE),
]
