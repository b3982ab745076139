"""What a webhook is sent: version 3 of the payload that `_webhooks_payload.py` reads. Pure."""

from collections.abc import Mapping
from typing import Any

import orjson

from iriai.discussions.rules import Discussion, Event
from iriai.repos.rules import Repo
from iriai.webhooks.rules import Domain, Happening, updated_refs

VERSION = 3

Shape = dict[str, Any]


def body(told: Shape, webhook_key: str) -> str:
    """The JSON that one webhook is sent."""
    return orjson.dumps({**told, "webhook": {"id": webhook_key, "version": VERSION}}).decode()


def told(  # noqa: PLR0917 - what happened, where, and what stands there now
    url: str,
    happening: Happening,
    verb: str,
    facts: Mapping[str, Any],
    repo: Repo,
    discussion: Discussion | None = None,
    comment: Event | None = None,
) -> Shape:
    """What happened, for any webhook. Read by `WebhookPayload`."""
    shape: Shape = {
        "event": {"action": happening.action, "scope": happening.scope},
        "repo": repository(url, repo),
    }
    if happening.domain is Domain.REPO:
        shape["repo"] |= {"headSha": repo.head, "head_sha": repo.head}
    if discussion is not None:
        shape["discussion"] = discussed(url, repo, discussion)
        if comment is not None:
            shape["comment"] = said(url, repo, discussion, comment)
    if happening.action == "move":
        shape["movedTo"] = {"name": repo.full_name, "owner": object_id(repo.owner_id)}
        if isinstance(earlier := facts.get("earlier"), str):
            shape["repo"]["name"] = earlier.removeprefix(repo.kind.prefix)
    if happening.scope == "repo.content":
        shape["updatedRefs"] = updated_refs(verb, facts)
    if happening.scope == "repo.config":
        shape["updatedConfig"] = config(facts.get("settings") or {})
    return shape


def repository(url: str, repo: Repo) -> Shape:
    """A repository. Read by `WebhookPayloadRepo`."""
    return {
        "type": repo.kind.value,
        "name": repo.full_name,
        **object_id(repo.id),
        "private": repo.is_private,
        "owner": object_id(repo.owner_id),
        "url": {
            "web": f"{url}/{repo.address}",
            "api": f"{url}/api/{repo.kind.value}s/{repo.full_name}",
        },
    }


def discussed(url: str, repo: Repo, found: Discussion) -> Shape:
    """A discussion or pull request. Read by `WebhookPayloadDiscussion`."""
    where = repository(url, repo)["url"]
    tail = f"/discussions/{found.number}"
    shape: Shape = {
        **object_id(found.id),
        "num": found.number,
        "title": found.title,
        "url": {"web": where["web"] + tail, "api": where["api"] + tail},
        "status": found.status.value,
        "author": object_id(found.author_id or 0),
        "isPullRequest": found.is_pull_request,
        "pinned": False,
    }
    if found.is_pull_request:
        shape["changes"] = {"base": found.base}
        if found.merge_sha is not None:
            shape["changes"]["mergeCommitId"] = found.merge_sha
    return shape


def said(url: str, repo: Repo, discussion: Discussion, found: Event) -> Shape:
    """A comment; what was hidden is not told. Read by `WebhookPayloadComment`."""
    hidden = bool(found.data.get("hidden"))
    where = discussed(url, repo, discussion)["url"]["web"]
    shape: Shape = {
        "id": found.key,
        "author": object_id(found.author_id or 0),
        "hidden": hidden,
        "url": {"web": f"{where}#event-{found.key}"},
    }
    if not hidden:
        shape["content"] = found.data.get("raw", "")
    return shape


def config(settings: Mapping[str, Any]) -> Shape:
    """Which settings were changed, and to what."""
    shape: Shape = {}
    if "visibility" in settings:
        shape |= {"private": settings["visibility"] == "private"}
        shape |= {"visibility": settings["visibility"]}
    if "gated" in settings:
        shape["gated"] = settings["gated"] or False
    if "discussions_disabled" in settings:
        shape["discussionsDisabled"] = settings["discussions_disabled"]
    return shape


def object_id(number: int) -> Shape:
    """A row's id, as 24 hex digits. Read by `ObjectId`."""
    return {"id": f"{number:024x}"}
