"""How somebody signs in when a password is not enough, and how they decide that it is not.

Between password and second factor there is no session, only a step good for one account, ten
minutes and a few tries. Whoever changes their factors shows their password first, and is signed out
everywhere else by it.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update

from iriai.base import credentials, passwords
from iriai.base.errors import Conflict, Denied, HubError, Unknown
from iriai.base.events import HUB
from iriai.base.tx import Ground, Tx
from iriai.identity import admission
from iriai.identity import queries as identity
from iriai.identity.admission import SignedIn
from iriai.identity.rules import OPERATOR, Act, Actor, Subject, require_may, require_signed_in
from iriai.identity.tables import Account, Session
from iriai.signin import steps
from iriai.signin.factors import passkeys, queries, rules
from iriai.signin.factors.passkeys import Key
from iriai.signin.factors.tables import Authenticator, Passkey, RecoveryCode
from iriai.signin.steps import Purpose

CHALLENGE_BYTES = 32
NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Halfway:
    """The password was right; a second factor is to follow. `raw` leads there."""

    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody's factors were changed: their new session, and codes to write down if there are."""

    session: SignedIn
    recovery_codes: tuple[str, ...] = field(default=(), repr=False)


# -- signing in ---------------------------------------------------------------------------------


def sign_in(
    ground: Ground, *, name: str, password: str, device: str = "", before: str | None = None
) -> SignedIn | Halfway:
    """A session for a name and a password; halfway to one where a second factor is asked for."""
    proved = admission.prove_password(ground, name=name, password=password)
    with ground.write() as tx:
        if admission.require_unchanged(tx, proved).second_factor:
            return halfway(tx, proved)
        if before is not None:
            admission.close_session(tx, before)
        return admission.open_session(tx, proved, device=device)


def halfway(tx: Tx, account: Account) -> Halfway:
    """The first factor was shown; what comes next is good only while the account stays as it is."""
    facts = {"challenge": _challenge(), "seal": _seal(account)}
    return Halfway(steps.begin(tx, Purpose.SECOND_FACTOR, account_id=account.id, facts=facts))


def finish_with_code(
    ground: Ground, *, raw: str, code: str, device: str = "", before: str | None = None
) -> SignedIn:
    """A session for a code: of an app, or of those for recovery. A try is counted in any case."""

    def work(tx: Tx) -> SignedIn | HubError:
        account = _halfway(tx, steps.count_try(tx, Purpose.SECOND_FACTOR, raw))
        trouble = _judge_code(tx, account.id, code)
        return trouble or _opened(tx, account, raw, device=device, before=before)

    return _settled(ground, work)


def finish_with_passkey(
    ground: Ground, *, raw: str, answer: str, device: str = "", before: str | None = None
) -> SignedIn:
    """A session for a passkey after the password."""

    def work(tx: Tx) -> SignedIn | HubError:
        left = steps.count_try(tx, Purpose.SECOND_FACTOR, raw)
        account = _halfway(tx, left)
        _use_passkey(tx, answer, challenge=left.facts["challenge"], account_id=account.id)
        return _opened(tx, account, raw, device=device, before=before)

    return _settled(ground, work)


def begin_with_passkey(tx: Tx) -> str:
    """Begin to sign in with a passkey alone. Returns the secret that leads to its question."""
    return steps.begin(tx, Purpose.PASSKEY, facts={"challenge": _challenge()})


def sign_in_with_passkey(
    ground: Ground, *, raw: str, answer: str, device: str = "", before: str | None = None
) -> SignedIn:
    """A session for a passkey alone: it has checked who holds it, so it is both factors."""
    with ground.write() as tx:
        left = steps.take(tx, Purpose.PASSKEY, raw)
    with ground.write() as tx:
        person = _use_passkey(tx, answer, challenge=left.facts["challenge"])
        account = tx.session.get(Account, person)
        if account is None or account.deleted_at is not None:
            raise Denied("This passkey does not open an account here.", code="Passkey")
        if before is not None:
            admission.close_session(tx, before)
        return admission.open_session(tx, account, device=device)


def question(tx: Tx, raw: str, *, second: bool) -> str | None:
    """What the browser is to ask a passkey at this step, in JSON; None where it has none to ask."""
    here = passkeys.place(tx.ground.settings.url)
    left = steps.look(tx, Purpose.SECOND_FACTOR if second else Purpose.PASSKEY, raw)
    if here is None:
        return None
    known = [each.credential_id for each in queries.passkeys_of(tx, left.account_id or 0)]
    if second and not known:
        return None
    return passkeys.to_use(here, challenge=passkeys.read(left.facts["challenge"]), known=known)


# -- changing one's factors ---------------------------------------------------------------------


def prove(ground: Ground, actor: Actor, *, password: str, session: str) -> None:
    """See that it is the person themselves, and not somebody at their open browser."""
    with ground.read() as tx:
        require_may(actor, Act.SECURE, Subject(require_signed_in(actor)))
        kept = tx.session.get_one(Account, actor.id).password
        if kept is None:
            queries.require_fresh(tx, actor, session)
            return
    if not passwords.matches(kept, password):
        raise Denied("The password is not this one.", code="WrongCredentials")


def begin_authenticator(tx: Tx, actor: Actor) -> str:
    """Begin to set up a code app. Returns its secret, in base 32, to be read from a picture."""
    mine = _own(actor)
    kept = tx.session.get(Authenticator, mine, with_for_update=True)
    if kept is not None and kept.confirmed_at is not None:
        raise Conflict("You have a code app already; remove it first.")
    if kept is None:
        kept = Authenticator(account_id=mine, nonce=secrets.token_hex(NONCE_BYTES), last_step=0)
        tx.session.add(kept)
    return rules.secret(tx.ground.secret, kept.nonce)


def confirm_authenticator(tx: Tx, actor: Actor, *, code: str, device: str = "") -> Changed:
    """Use a code app from now on, if it shows the right code."""
    mine = _own(actor)
    kept = tx.session.get(Authenticator, mine, with_for_update=True)
    if kept is None or kept.confirmed_at is not None:
        raise Conflict("Begin again to set up a code app.")
    step = rules.step_of(
        rules.secret(tx.ground.secret, kept.nonce), code, now=tx.now, last_step=kept.last_step
    )
    if step is None:
        raise Denied("This is not the code that is shown now.", code="WrongCode")
    kept.confirmed_at, kept.last_step, kept.failures = tx.now, step, 0
    return _changed(tx, actor, device=device)


def remove_authenticator(tx: Tx, actor: Actor, *, device: str = "") -> Changed:
    """Do without a code app."""
    tx.connection.execute(delete(Authenticator).where(Authenticator.account_id == _own(actor)))
    return _changed(tx, actor, device=device)


def begin_passkey(tx: Tx, actor: Actor) -> tuple[str, str]:
    """Begin to add a passkey: the secret that leads on, and the question to the browser."""
    mine, here = _own(actor), passkeys.place(tx.ground.settings.url)
    if here is None:
        raise Conflict("Passkeys need this hub to have a name and HTTPS.", code="Passkey")
    rules.clean_passkey_name("", [each.name for each in queries.passkeys_of(tx, mine)])
    challenge = _challenge()
    raw = steps.begin(tx, Purpose.NEW_PASSKEY, account_id=mine, facts={"challenge": challenge})
    known = [each.credential_id for each in queries.passkeys_of(tx, mine)]
    asked = passkeys.to_make(
        here,
        challenge=passkeys.read(challenge),
        account_id=mine,
        name=actor.name,
        known=known,
    )
    return raw, asked


def add_passkey(
    ground: Ground, actor: Actor, *, raw: str, answer: str, name: str, device: str = ""
) -> Changed:
    """Add the passkey that the browser made."""
    mine = _own(actor)
    with ground.write() as tx:
        left = steps.take(tx, Purpose.NEW_PASSKEY, raw)
    here = passkeys.place(ground.settings.url)
    if here is None or left.account_id != mine:
        raise Denied("This question was put to somebody else.", code="Passkey")
    key = passkeys.made(here, answer, challenge=passkeys.read(left.facts["challenge"]))
    with ground.write() as tx:
        taken = [each.name for each in queries.passkeys_of(tx, mine)]
        if _passkey(tx, key.credential_id) is not None:
            raise Conflict("This passkey is known already.")
        tx.session.add(
            Passkey(
                account_id=mine,
                credential_id=key.credential_id,
                public_key=key.public_key,
                sign_count=key.count,
                name=rules.clean_passkey_name(name, taken),
                created_at=tx.now,
            )
        )
        return _changed(tx, actor, device=device)


def remove_passkey(tx: Tx, actor: Actor, *, passkey_id: int, device: str = "") -> Changed:
    """Forget a passkey."""
    gone = tx.connection.execute(
        delete(Passkey).where(Passkey.id == passkey_id, Passkey.account_id == _own(actor))
    )
    if gone.rowcount != 1:
        raise Unknown("You have no such passkey.", code="PasskeyNotFound")
    return _changed(tx, actor, device=device)


def renew_recovery_codes(tx: Tx, actor: Actor, *, device: str = "") -> Changed:
    """New recovery codes; those before are worthless."""
    mine = _own(actor)
    tx.connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == mine))
    return _changed(tx, actor, device=device)


def reset(tx: Tx, actor: Actor, *, person: str) -> None:
    """Take every second factor from an account, as whoever operates the machine; sessions end."""
    if actor is not OPERATOR:
        raise Denied("Only whoever operates the machine can do this.")
    found = identity.person(tx, person)
    tx.connection.execute(delete(Authenticator).where(Authenticator.account_id == found.id))
    tx.connection.execute(delete(Passkey).where(Passkey.account_id == found.id))
    _follow(tx, found.id)
    tx.connection.execute(delete(Session).where(Session.account_id == found.id))
    subject = f"account/{found.name}"
    tx.record(HUB, actor.name, "changed", subject, fields=["second factor"])


# -- how ----------------------------------------------------------------------------------------


def _judge_code(tx: Tx, account_id: int, code: str) -> HubError | None:
    """None where the code is right (it is spent then), else what is wrong."""
    if rules.is_recovery_code(code):
        digest = credentials.digest(rules.clean_recovery_code(code))
        spent = tx.connection.execute(
            update(RecoveryCode)
            .where(
                RecoveryCode.digest == digest,
                RecoveryCode.account_id == account_id,
                RecoveryCode.used_at.is_(None),
            )
            .values(used_at=tx.now)
        )
        return None if spent.rowcount == 1 else _wrong_code()
    kept = tx.session.get(Authenticator, account_id, with_for_update=True)
    if kept is None or kept.confirmed_at is None:
        return _wrong_code()
    if rules.is_paused(kept.failures, kept.failed_at, now=tx.now):
        return Denied(
            "Too many codes were wrong. Use a recovery code or a passkey, or wait half an hour.",
            code="WrongCode",
        )
    step = rules.step_of(
        rules.secret(tx.ground.secret, kept.nonce), code, now=tx.now, last_step=kept.last_step
    )
    if step is None:
        kept.failures, kept.failed_at = kept.failures + 1, tx.now
        return _wrong_code()
    kept.last_step, kept.failures = step, 0
    return None


def _use_passkey(tx: Tx, answer: str, *, challenge: str, account_id: int | None = None) -> int:
    """Whose passkey gave this answer. It is written down how often it was used by now."""
    here = passkeys.place(tx.ground.settings.url)
    found = _passkey(tx, passkeys.named(answer))
    if here is None or found is None or account_id not in (None, found.account_id):
        raise Denied("This passkey does not open this account.", code="Passkey")
    key = Key(found.credential_id, found.public_key, found.sign_count)
    found.sign_count = passkeys.used(here, answer, challenge=passkeys.read(challenge), key=key)
    found.last_used_at = tx.now
    return found.account_id


def _passkey(tx: Tx, credential_id: bytes) -> Passkey | None:
    asked = select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    return tx.session.scalar(asked)


def _halfway(tx: Tx, left: steps.Left) -> Account:
    """The account of a step, as long as it is what it was when the step began."""
    account = tx.session.get(Account, left.account_id or 0)
    same = account is not None and account.deleted_at is None
    if not same or account is None or _seal(account) != left.facts["seal"]:
        raise Denied("This account was changed meanwhile; sign in again.", code="WrongCredentials")
    return account


def _opened(tx: Tx, account: Account, raw: str, *, device: str, before: str | None) -> SignedIn:
    steps.take(tx, Purpose.SECOND_FACTOR, raw)
    if before is not None:
        admission.close_session(tx, before)
    return admission.open_session(tx, account, device=device)


def _changed(tx: Tx, actor: Actor, *, device: str) -> Changed:
    """After a change: the account asks for what it has, other sessions end, this one is new."""
    mine = _own(actor)
    tx.flush()
    codes = _follow(tx, mine)
    tx.connection.execute(delete(Session).where(Session.account_id == mine))
    opened = admission.open_session(tx, tx.session.get_one(Account, mine), device=device)
    tx.record(HUB, actor.name, "changed", f"account/{actor.name}", fields=["second factor"])
    return Changed(opened, codes)


def _follow(tx: Tx, account_id: int) -> tuple[str, ...]:
    """Ask for a second factor where there is one; then there are recovery codes, and else none."""
    tx.session.expire_all()
    asks = queries.has_authenticator(tx, account_id) or bool(queries.passkeys_of(tx, account_id))
    tx.connection.execute(
        update(Account).where(Account.id == account_id).values(second_factor=asks)
    )
    if not asks:
        tx.connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
        return ()
    if queries.recovery_codes_count(tx, account_id):
        return ()
    tx.connection.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = ["".join(secrets.choice(rules.RECOVERY_LETTERS) for _ in range(rules.RECOVERY_LENGTH))
             for _ in range(rules.RECOVERY_CODES)]  # fmt: skip
    tx.session.add_all(
        RecoveryCode(account_id=account_id, digest=credentials.digest(code), created_at=tx.now)
        for code in codes
    )
    return tuple(rules.shown_recovery_code(code) for code in codes)


def _settled(ground: Ground, work: Callable[[Tx], SignedIn | HubError]) -> SignedIn:
    """Do it, keep what was counted even if the answer is no, then open or refuse."""
    with ground.write() as tx:
        try:
            done = work(tx)
        except Denied as refused:
            done = refused
    if isinstance(done, HubError):
        raise done
    return done


def _own(actor: Actor) -> int:
    mine = require_signed_in(actor)
    require_may(actor, Act.SECURE, Subject(mine))
    return mine


def _challenge() -> str:
    return passkeys.written(secrets.token_bytes(CHALLENGE_BYTES))


def _seal(account: Account) -> str:
    """What a step remembers of an account's password."""
    return hashlib.sha256((account.password or "").encode()).hexdigest()


def _wrong_code() -> Denied:
    return Denied("This code is not right, or was used already.", code="WrongCode")
