"""Asking for access and being let in; webhooks."""

from huggingface_hub import WebhookWatchedItem, errors

from .frame import At, drive, refused

HTTP = errors.HfHubHTTPError


@drive(
    "HfApi.list_pending_access_requests",
    "HfApi.list_accepted_access_requests",
    "HfApi.list_rejected_access_requests",
    "HfApi.grant_access",
    "HfApi.accept_access_request",
    "HfApi.reject_access_request",
    "HfApi.cancel_access_request",
)
def gates(at: At) -> None:
    for kind in ("model", "dataset"):
        name, of = at.repo({"config.json": b"{}"}, repo_type=kind), {"repo_type": kind}
        at.api.update_repo_settings(name, gated="manual", **of)
        lists = {
            "pending": at.api.list_pending_access_requests,
            "accepted": at.api.list_accepted_access_requests,
            "rejected": at.api.list_rejected_access_requests,
        }

        def waiting(name: str = name, of: dict = of, lists: dict = lists) -> "dict[str, list[str]]":
            return {
                status: [each.username for each in asked(name, **of)]
                for status, asked in lists.items()
            }

        assert waiting() == {"pending": [], "accepted": [], "rejected": []}
        at.api.grant_access(name, "bob", **of)
        assert waiting() == {"pending": [], "accepted": ["bob"], "rejected": []}
        at.bob.hf_hub_download(name, "config.json", **of)
        for again in (at.api.grant_access, at.api.accept_access_request):
            with refused(HTTP):
                again(name, "bob", **of)
        at.api.cancel_access_request(name, "bob", **of)
        assert waiting() == {"pending": ["bob"], "accepted": [], "rejected": []}
        with refused(HTTP):
            at.api.cancel_access_request(name, "bob", **of)
        with refused(errors.GatedRepoError, 403, "GatedRepo", says="not in the authorized list"):
            at.bob.hf_hub_download(name, "never-read.json", **of)
        at.api.reject_access_request(name, "bob", rejection_reason="Say more.", **of)
        assert waiting() == {"pending": [], "accepted": [], "rejected": ["bob"]}
        with refused(HTTP):
            at.api.reject_access_request(name, "bob", rejection_reason=None, **of)
        at.api.accept_access_request(name, "bob", **of)
        (found,) = at.api.list_accepted_access_requests(name, **of)
        assert (found.username, found.status) == ("bob", "accepted")
        assert found.timestamp is not None
        for asked in lists.values():
            with refused(HTTP, 403):
                list(asked(name, token=at.bob_token, **of))
        with refused(HTTP, 403):
            at.api.grant_access(name, "ada", token=at.bob_token, **of)
        with refused(HTTP, 404):
            at.api.grant_access(name, "nobody-here", **of)
        with refused(HTTP, 404):
            at.api.accept_access_request(name, "nobody-here", **of)
    with refused(HTTP):
        list(at.api.list_pending_access_requests(at.repo()))
    with refused(errors.RepositoryNotFoundError):
        list(at.api.list_pending_access_requests(at.name()))


WATCHED = [{"type": "user", "name": "julien-c"}, WebhookWatchedItem("org", "HuggingFaceH4")]


@drive(
    "HfApi.create_webhook",
    "HfApi.get_webhook",
    "HfApi.list_webhooks",
    "HfApi.update_webhook",
    "HfApi.enable_webhook",
    "HfApi.disable_webhook",
    "HfApi.delete_webhook",
)
def webhooks(at: At) -> None:
    url = "https://webhook.site/test"
    made = at.api.create_webhook(
        url=url, watched=WATCHED, domains=["repo", "discussion"], secret="my-secret"
    )
    assert (made.url, made.secret, made.disabled) == (url, "my-secret", False)
    assert made.domains == ["repo", "discussion"]
    assert [(each.type, each.name) for each in made.watched] == [
        ("user", "julien-c"),
        ("org", "HuggingFaceH4"),
    ]
    assert at.api.get_webhook(made.id) == made
    assert made in at.api.list_webhooks()
    changed = at.api.update_webhook(
        made.id, url=f"{url}/new", watched=[{"type": "user", "name": "bob"}], domains=["repo"]
    )
    assert (changed.url, changed.domains) == (f"{url}/new", ["repo"])
    assert at.api.disable_webhook(made.id).disabled is True
    assert at.api.enable_webhook(made.id).disabled is False
    assert at.bob.list_webhooks() == []
    for asked in (at.bob.get_webhook, at.bob.delete_webhook, at.bob.disable_webhook):
        with refused(HTTP, 404):
            asked(made.id)
    at.api.delete_webhook(made.id)
    for asked in (at.api.get_webhook, at.api.delete_webhook, at.api.enable_webhook):
        with refused(HTTP, 404):
            asked(made.id)
    with refused(HTTP):
        at.api.create_webhook(url="ftp://example.org", watched=WATCHED)
    with refused(HTTP):
        at.nobody.create_webhook(url=url, watched=WATCHED)
    with refused(ValueError):
        at.api.create_webhook(watched=WATCHED)
