"""The exact words of the wire, each with the client function that reads it.

Names and types here belong to the clients (`huggingface_hub`, `@huggingface/hub`): change one only
together with them. Domain facts go in, what orjson can write comes out.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

from iriai.api import address
from iriai.buckets.rules import Bucket
from iriai.identity.queries import Belonging, Member, OrganisationOverview, PersonOverview
from iriai.identity.rules import Act, Actor, Reach, Subject, may
from iriai.repos import signing
from iriai.repos.git.entries import Commit, Entry, File
from iriai.repos.rules import CONVERTS, HEADS, MAIN, PULLS, TAGS, Ref, Repo
from iriai.social.rules import Figures

Shape = dict[str, Any]

PARAGRAPH_ENDS = re.compile(r"\n[ \t\r]*\n")
ROLE_OF_REACH = {Reach.READ: "read", Reach.WRITE: "write", Reach.FINE_GRAINED: "fineGrained"}


def moment(at: datetime) -> str:
    """`2026-11-23T03:10:00.000Z`, the one form that `utils/_datetime.py: parse_datetime` reads."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def object_id(number: int) -> str:
    """A row's id as the 24 hex digits that clients call `_id`."""
    return f"{number:024x}"


def avatar(name: str) -> str:
    """The picture of an account, as clients know it of this kind: relative to the hub."""
    return f"/avatars/{quote(name)}.svg"


# -- files -------------------------------------------------------------------------------------


UNSCANNED: Shape = {"status": "unscanned", "avScan": None, "pickleImportScan": None}
"""What is known of a file's safety: this hub scans none. Read by `hf_api.BlobSecurityInfo`."""


def tree_entry(entry: Entry, *, xet_hash: str | None = None, last: Commit | None = None) -> Shape:
    """One row of a tree. Read by `hf_api.RepoFile`, `RepoFolder` and hub.js `listFiles`."""
    if isinstance(entry, File):
        shape: Shape = {
            "type": "file",
            "oid": entry.oid,
            "size": entry.size,
            "path": entry.path,
        }
        if entry.lfs:
            shape["lfs"] = {
                "oid": entry.lfs.sha256,
                "size": entry.lfs.size,
                "pointerSize": entry.lfs.pointer_size,
            }
        if xet_hash:
            shape["xetHash"] = xet_hash
    else:
        shape = {"type": "directory", "oid": entry.oid, "size": 0, "path": entry.path}
    if last:
        shape["lastCommit"] = {
            "id": last.sha,
            "title": last.title,
            "date": moment(last.committer.at),
        }
        if isinstance(entry, File):
            shape["securityFileStatus"] = UNSCANNED
    return shape


def named_sibling(path: str) -> Shape:
    """One file of a repository's info. Read by `hf_api.RepoSibling`."""
    return {"rfilename": path}


def whole_sibling(file: File) -> Shape:
    """The same with `blobs=true`."""
    shape = named_sibling(file.path) | {"size": file.size, "blobId": file.oid}
    if file.lfs:
        shape["lfs"] = {
            "sha256": file.lfs.sha256,
            "size": file.lfs.size,
            "pointerSize": file.lfs.pointer_size,
        }
    return shape


# -- refs and commits --------------------------------------------------------------------------


def refs(found: Iterable[Ref], *, pull_requests: bool) -> Shape:
    """All refs, main first. Read by `hf_api.list_repo_refs`; llama.cpp takes the branch `main`."""
    families: dict[str, list[Shape]] = {HEADS: [], CONVERTS: [], TAGS: [], PULLS: []}
    for each in sorted(found, key=lambda ref: (ref.name != MAIN, ref.name)):
        for prefix, rows in families.items():
            if each.name.startswith(prefix):
                name = each.name.removeprefix(prefix)
                rows.append({"name": name, "ref": each.name, "targetCommit": each.commit})
    shape = {
        "branches": families[HEADS],
        "converts": families[CONVERTS],
        "tags": families[TAGS],
    }
    if pull_requests:
        shape["pullRequests"] = families[PULLS]
    return shape


def commit(found: Commit, *, formatted: bool) -> Shape:
    """One commit of a history. Read by `hf_api.list_repo_commits` and hub.js `listCommits`."""
    authors = (found.author.name, *signing.credited(found.description))
    shape: Shape = {
        "id": found.sha,
        "title": found.title,
        "message": found.description,
        "authors": [{"user": each, "avatar": ""} for each in dict.fromkeys(authors)],
        "date": moment(found.committer.at),
    }
    if formatted:
        shape["formatted"] = {"title": escape(found.title), "message": prose(found.description)}
    return shape


def prose(text: str) -> str:
    """A plain text as HTML: its paragraphs and line ends are kept, and nothing in it is a tag."""
    paragraphs = (each.strip("\n") for each in PARAGRAPH_ENDS.split(text.strip()))
    return "".join(f"<p>{escape(each)}</p>".replace("\n", "<br>") for each in paragraphs if each)


def landed(base: str, repo: Repo, sha: str, pull_number: int | None) -> Shape:
    """What a commit answers. Read by `_commit_api._send_commit`, which builds `CommitInfo`."""
    where = address.repo_url(base, repo.kind, repo.full_name)
    return {
        "success": True,
        "commitOid": sha,
        "commitUrl": address.commit_url(base, repo.kind, repo.full_name, sha),
        "pullRequestUrl": f"{where}/discussions/{pull_number}" if pull_number else None,
        "hookOutput": "",
    }


# -- people and organisations ------------------------------------------------------------------


def whoami(actor: Actor, me: PersonOverview) -> Shape:
    """Who the token belongs to. Read by `hf_api.whoami`, `_login` and the client's CLI."""
    account, made_at = me.account, actor.scope.token_made_at
    knows = may(actor, Act.KNOW_EMAIL, Subject(account.id))
    return {
        "type": "user",
        "id": object_id(account.id),
        "name": account.name,
        "fullname": account.fullname or account.name,
        "email": account.email if knows else None,
        "emailVerified": knows and account.email is not None,
        "canPay": False,
        "billingMode": "postpaid",  # nobody pays; the clients know of this and "prepaid"
        "periodEnd": None,
        "isPro": False,
        "avatarUrl": avatar(me.account.name),
        "orgs": [belonging(each) for each in me.organisations],
        "auth": {
            "type": "access_token",
            "accessToken": {
                "displayName": actor.scope.token_name or "session",
                "role": ROLE_OF_REACH.get(actor.scope.reach, "write"),
                "createdAt": moment(made_at) if made_at else None,
            }
            | _fine_grained(actor),
        },
    }


def _fine_grained(actor: Actor) -> Shape:
    """What a fine-grained token may do, as `hf auth whoami` and hub.js show it."""
    if actor.scope.reach is not Reach.FINE_GRAINED:
        return {}
    scoped = [
        {
            "entity": {
                "_id": object_id(grant.repo_id or grant.account_id or 0),
                "type": "repo" if grant.repo_id else "account",
            },
            "permissions": sorted(grant.acts),
        }
        for grant in actor.scope.grants
        if not grant.anywhere
    ]
    anywhere = sorted({act for grant in actor.scope.grants if grant.anywhere for act in grant.acts})
    gated = Act.READ_GATED in anywhere
    return {"fineGrained": {"canReadGatedRepos": gated, "global": anywhere, "scoped": scoped}}


def belonging(found: Belonging) -> Shape:
    """An organisation of somebody's. Read by `hf_api.whoami` users and `hf_api.Organization`."""
    return {
        "type": "org",
        "id": object_id(found.id),
        "name": found.name,
        "fullname": found.fullname or found.name,
        "email": None,
        "canPay": False,
        "periodEnd": None,
        "isEnterprise": False,
        "avatarUrl": avatar(found.name),
        "roleInOrg": found.role.value,
    }


def person(found: PersonOverview, counts: Mapping[str, int], figures: Figures) -> Shape:
    """A person as others see them. Read by `hf_api.User`."""
    return {
        "_id": object_id(found.account.id),
        "user": found.account.name,
        "fullname": found.account.fullname or found.account.name,
        "details": found.account.bio,
        "avatarUrl": avatar(found.account.name),
        "type": "user",
        "isPro": False,
        "isFollowing": figures.is_followed,
        "numModels": counts.get("model", 0),
        "numDatasets": counts.get("dataset", 0),
        "numSpaces": counts.get("space", 0),
        "numDiscussions": counts.get("discussions", 0),
        "numLikes": figures.likes,
        "numFollowers": figures.followers,
        "numFollowing": figures.following,
        "createdAt": moment(found.account.created_at),
        "orgs": [
            {
                "name": each.name,
                "fullname": each.fullname or each.name,
                "avatarUrl": avatar(each.name),
            }
            for each in found.organisations
        ],
    }


def organisation(found: OrganisationOverview, counts: Mapping[str, int], figures: Figures) -> Shape:
    """An organisation as others see it. Read by `hf_api.Organization`."""
    return {
        "_id": object_id(found.account.id),
        "name": found.account.name,
        "fullname": found.account.fullname or found.account.name,
        "details": found.account.bio,
        "avatarUrl": avatar(found.account.name),
        "type": "org",
        "isVerified": False,
        "isFollowing": figures.is_followed,
        "numUsers": found.members_count,
        "numModels": counts.get("model", 0),
        "numDatasets": counts.get("dataset", 0),
        "numSpaces": counts.get("space", 0),
        "numFollowers": figures.followers,
        "plan": None,
    }


def member(found: Member) -> Shape:
    """Somebody in an organisation. Read by `hf_api.User` (`list_organization_members`)."""
    return {
        "_id": object_id(found.id),
        "user": found.name,
        "fullname": found.fullname or found.name,
        "avatarUrl": avatar(found.name),
        "isPro": False,
        "type": "user",
        "role": found.role.value,
    }


def storage_row(kept: Repo | Bucket, used: int, whole: int) -> Shape:
    """A repository or bucket and its bytes. Read by `hf_api.RepoStorageInfo` (`hf repos ls`)."""
    if isinstance(kept, Repo):
        kind, visibility = kept.kind.value, kept.visibility.value
    else:
        kind, visibility = "bucket", "private" if kept.is_private else "public"
    return {
        "id": kept.full_name,
        "type": kind,
        "updatedAt": moment(kept.updated_at),
        "visibility": visibility,
        "storage": used,
        "storagePercent": round(100 * used / whole, 4) if whole else 0,
    }
