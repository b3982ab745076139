"""`user`, `token`, `org`: what an operator does with accounts, while the hub runs or not."""

import sys
from typing import TYPE_CHECKING

import click

from iriai.base.errors import Invalid
from iriai.cli import frame

if TYPE_CHECKING:
    from iriai.identity.rules import Role
    from iriai.settings import Settings

ROLES = ("read", "contributor", "write", "admin")


@click.group()
def user() -> None:
    """Add people; set a password; let somebody in who lost their second factor.

    Each is recorded in the hub's log as done by the operator.
    """


@user.command("add")
@click.argument("name")
@click.option("--fullname", default="", help="The name as people write it.")
@click.option("--email", default="", help="An address for writing to them; never shown.")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Read a password from standard input. Without one, they can use tokens but not sign in.",
)
@frame.located
def add_user(
    name: str, *, settings: "Settings", fullname: str, email: str, password_stdin: bool
) -> None:
    """Make an account called NAME.

    \b
    Examples:
        iriai user add ada --fullname "Ada Lovelace"
        pass show hub/ada | iriai user add ada --password-stdin
    """  # noqa: D301 - click's own mark
    from iriai.identity import actions
    from iriai.identity.rules import OPERATOR

    password = given_password() if password_stdin else None
    with frame.opened(settings) as ground:
        made = actions.add_person(
            ground, OPERATOR, name=name, fullname=fullname, email=email, password=password
        )
        click.echo(f"{made.name} has an account.")


@user.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read it from standard input, do not ask.")
@frame.located
def set_password(name: str, *, settings: "Settings", password_stdin: bool) -> None:
    """Give NAME a new password. They are signed out everywhere; their tokens stay."""
    from iriai.identity import actions
    from iriai.identity.rules import OPERATOR

    if password_stdin:
        password = given_password()
    else:
        password = click.prompt("New password", hide_input=True, confirmation_prompt=True)
    with frame.opened(settings) as ground:
        actions.set_password(ground, OPERATOR, person=name, password=password)
        click.echo(f"{name} has a new password.")


@user.command("reset-second-factor")
@click.argument("name")
@frame.located
def reset_second_factor(name: str, *, settings: "Settings") -> None:
    """Let NAME sign in with the password alone again.

    Their code app, passkeys and recovery codes are forgotten and they are signed out everywhere;
    their tokens stay. For who lost phone and recovery codes: see that it is really them who asks.
    """
    from iriai.identity.rules import OPERATOR
    from iriai.signin.factors import actions

    with frame.opened(settings) as ground, ground.write() as tx:
        actions.reset(tx, OPERATOR, person=name)
    click.echo(f"{name} signs in with the password alone.")


@user.command("sign-out")
@click.argument("name")
@click.option("--tokens", is_flag=True, help="Revoke their access tokens too, and shut apps out.")
@frame.located
def sign_out(name: str, *, settings: "Settings", tokens: bool) -> None:
    """Sign NAME out everywhere.

    For an account that was taken over.

    \b
    Example:
        iriai user sign-out ada --tokens && iriai user password ada
    """  # noqa: D301 - click's own mark
    from iriai.identity.rules import OPERATOR
    from iriai.signin.apps import actions

    with frame.opened(settings) as ground, ground.write() as tx:
        actions.end_everything(tx, OPERATOR, person=name, tokens=tokens)
    click.echo(f"{name} is signed out everywhere.")


@click.group()
def token() -> None:
    """Add access tokens.

    People make their own in their settings; this is for scripts and for getting started.
    """


@token.command("add")
@click.argument("user")
@click.option(
    "--role",
    type=click.Choice(["read", "write"]),
    default="read",
    show_default=True,
    help="Whether it may only read, or do all that its owner may.",
)
@click.option(
    "--name", default="command line", show_default=True, help="What the owner sees it called."
)
@click.option("--days", type=int, help="How many days it is good for.  [default: until revoked]")
@frame.located
def add_token(user: str, *, settings: "Settings", role: str, name: str, days: int | None) -> None:
    """Make an access token of USER's and print it, and nothing else.

    It is shown this once; the hub keeps only its SHA-256.

    \b
    Example:
        export HF_TOKEN=$(iriai token add ada --role write)
    """  # noqa: D301 - click's own mark
    from iriai.identity import actions
    from iriai.identity.rules import OPERATOR, Reach

    with frame.opened(settings) as ground, ground.write() as tx:
        minted = actions.mint_token(
            tx, OPERATOR, person=user, name=name, role=Reach(role), days=days
        )
    click.echo(minted.raw)


@click.group()
def org() -> None:
    """Add organisations, and people to them.

    People found their own on the web; this is for setting a hub up.
    """


@org.command("add")
@click.argument("name")
@click.option("--fullname", default="", help="The name as people write it.")
@click.option(
    "--member",
    "members",
    multiple=True,
    metavar="USER:ROLE",
    help=f"Somebody who belongs to it; ROLE is {', '.join(ROLES[:-1])} or {ROLES[-1]}. "
    "Give it once for each; an admin among them runs it.",
)
@click.option(
    "--private-by-default", is_flag=True, help="New repositories are private unless said otherwise."
)
@frame.located
def add_organisation(
    name: str,
    *,
    settings: "Settings",
    fullname: str,
    members: tuple[str, ...],
    private_by_default: bool,
) -> None:
    """Make an organisation called NAME.

    \b
    Example:
        iriai org add lab --fullname "The Lab" --member ada:admin --member bob:write
    """  # noqa: D301 - click's own mark
    from iriai.commons import actions
    from iriai.identity.rules import OPERATOR, Role

    roles = roles_of(members)
    with frame.opened(settings) as ground, ground.write() as tx:
        made = actions.found_organisation(
            tx,
            OPERATOR,
            name=name,
            fullname=fullname,
            members=roles,
            private_by_default=private_by_default,
        )
        click.echo(f"{made.name} is an organisation.")
        if Role.ADMIN not in roles.values():
            click.echo(unadministered(made.name, has_people=bool(roles)))


@org.command("member", short_help="Give USER a role in the organisation NAME.")
@click.argument("name")
@click.argument("member", metavar="USER:ROLE")
@frame.located
def add_member(name: str, *, settings: "Settings", member: str) -> None:
    """Give USER a role in the organisation NAME, or another than they have.

    ROLE is read, contributor, write or admin. It is recorded in the organisation's log as done by
    the operator. Where the members decide who belongs, it is refused.

    \b
    Example:
        iriai org member lab ada:admin
    """  # noqa: D301 - click's own mark
    from iriai.identity import actions
    from iriai.identity.rules import OPERATOR

    person, role = member_of(member, hint="USER:ROLE")
    with frame.opened(settings) as ground, ground.write() as tx:
        actions.set_role(tx, OPERATOR, organisation=name, person=person, role=role)
    click.echo(f"{person} has the role {role} in {name}.")


def unadministered(name: str, *, has_people: bool) -> str:
    """What an organisation without an admin needs, and the command for it."""
    way = f"iriai commons break-glass {name} administer USER --reason WHY"
    if not has_people:
        way = f"iriai org member {name} USER:admin"
    return f"Nobody administers it yet. Name somebody who does: {way}"


def roles_of(members: tuple[str, ...]) -> "dict[str, Role]":
    """People and their roles. To name somebody twice is refused: one role of two was meant."""
    from iriai.base.names import fold

    roles: dict[str, Role] = {}
    for each in members:
        name, role = member_of(each)
        if fold(name) in {fold(other) for other in roles}:
            raise click.BadParameter(
                f"{name} is named twice; a person has one role.", param_hint="--member"
            )
        roles[name] = role
    return roles


def member_of(text: str, hint: str = "--member") -> "tuple[str, Role]":
    """`USER:ROLE`, taken apart."""
    from iriai.identity import rules

    name, colon, role = text.partition(":")
    if not colon or not name:
        raise click.BadParameter(
            f"write it USER:ROLE, as in ada:admin, not {text!r}.", param_hint=hint
        )
    return name, rules.clean_role(role)


def given_password() -> str:
    """The first line of standard input."""
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Invalid("There is no password on standard input.")
    return password
