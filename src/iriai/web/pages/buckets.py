"""A bucket: its files and folders, to look at and to download."""

from starlette.responses import Response

from iriai.base.routing import Access
from iriai.buckets import queries, rules
from iriai.buckets.rules import Folder
from iriai.web import links
from iriai.web.door import Ask, get, see


def bucket(ask: Ask) -> Response:
    """The files and folders of one level, some at a time."""
    full_name = f"{ask.part('namespace')}/{ask.part('bucket')}"
    path = ask.part("path").strip("/") if "path" in ask.request.path_params else ""
    after = ask.query("after").replace("\x00", "")[: rules.PREFIX_LENGTH_MAX + 1]
    with ask.ground.read() as tx:
        found = queries.bucket(tx, ask.actor, full_name)
        if found.full_name != full_name:
            return see(links.bucket(found.full_name, "tree" if path else "", path))
        prefix = rules.clean_prefix(f"{path}/" if path else "")
        page = queries.listing(tx, found, prefix, recursive=False, after=after)
    if path and not page.entries and not after:
        raise rules.unknown_file(path)
    here = links.bucket(found.full_name, "tree" if path else "", path)
    return ask.page(
        "bucket/tree.html",
        twin=f"/api{links.bucket(found.full_name, 'tree')}",
        bucket=found,
        path=path,
        entries=[(each, isinstance(each, Folder)) for each in page.entries],
        first=links.with_query(here) if after else "",
        older=links.with_query(here, after=page.after) if page.after else "",
    )


ROUTES = [
    get("/buckets/{namespace}/{bucket}", bucket, access=Access.ANYONE),
    get("/buckets/{namespace}/{bucket}/tree/{path:path}", bucket, access=Access.ANYONE),
]
