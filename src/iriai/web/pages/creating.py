"""New repositories, from a form."""

from functools import partial

from starlette.responses import Response

from iriai.base.errors import Conflict, Denied, Excessive, HubError, Invalid
from iriai.base.routing import Access
from iriai.cards.vocabulary import LICENCES
from iriai.commons import enactment
from iriai.identity import queries as identity
from iriai.identity.rules import may_create
from iriai.repos.actions import Add
from iriai.repos.rules import Kind, Repo, Visibility
from iriai.web import links, problems
from iriai.web.door import Ask, get, post, see
from iriai.web.texts import gettext as _

SAID_IN_THE_FORM = (Invalid, Denied, Conflict, Excessive)
PATHS = {Kind.MODEL: "/new", Kind.DATASET: "/new-dataset", Kind.SPACE: "/new-space"}
SDKS = ("static", "gradio", "docker")


def new(ask: Ask, *, kind: Kind) -> Response:
    """The form."""
    return _new(ask, kind)


def create(ask: Ask, *, kind: Kind) -> Response:
    """Make it, with a first card where a licence was chosen."""
    form = ask.form
    try:
        licence = form.get("licence").strip().lower()
        if licence and licence not in LICENCES:
            raise Invalid("Choose a licence from the list, or leave it empty.")
        sdk = form.get("sdk") if form.get("sdk") in SDKS else None
        repo = enactment.create_repository(
            ask.ground,
            ask.actor,
            kind=kind,
            owner=form.get("owner"),
            name=form.get("name"),
            visibility=Visibility.PRIVATE
            if form.get("visibility") == "private"
            else Visibility.PUBLIC,
            sdk=(sdk or SDKS[0]) if kind is Kind.SPACE else None,
        )
        if licence:
            enactment.commit(
                ask.ground,
                ask.actor,
                repo,
                operations=[Add("README.md", _readme(repo, licence))],
                title=_("Start the card"),
            )
    except SAID_IN_THE_FORM as error:
        return _new(ask, kind, error)
    return see(links.repo(repo))


def _readme(repo: Repo, licence: str) -> bytes:
    lines = ["---", f"license: {licence}", *([f"sdk: {repo.sdk}"] if repo.sdk else []), "---", ""]
    return "\n".join([*lines, f"# {repo.name}", ""]).encode()


def _new(ask: Ask, kind: Kind, error: HubError | None = None) -> Response:
    with ask.ground.read() as tx:
        belongs = identity.whoami(tx, ask.actor).organisations
    owners = [ask.actor.name, *(each.name for each in belongs if may_create(ask.actor, each.id))]
    words = {
        Kind.MODEL: (
            _("New model"),
            _("Weights, configuration and a card, with their whole history."),
        ),
        Kind.DATASET: (
            _("New dataset"),
            _("Data files and a card that says where they come from."),
        ),
        Kind.SPACE: (
            _("New space"),
            _("The files of a demonstration. This hub keeps and shows them; it does not run them."),
        ),
    }
    heading, about = words[kind]
    return ask.page(
        "repository/new.html",
        status=problems.status(error) if error else 200,
        kind=kind.value,
        heading=heading,
        about=about,
        button=_("Make it"),
        action=PATHS[kind],
        owners=owners,
        licences=LICENCES,
        form=ask.form,
        fault=error.message if error else "",
    )


ROUTES = [
    *(get(path, partial(new, kind=kind), access=Access.SIGNED_IN) for kind, path in PATHS.items()),
    *(
        post(path, partial(create, kind=kind), access=Access.SIGNED_IN)
        for kind, path in PATHS.items()
    ),
]
