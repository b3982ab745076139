"""What one may do about a proposal, in whose name, and until when. Pure.

Whether its time is over is told by the clock. Whoever is of one institution counts once: their
second for its proposal is none, and one objection of theirs stands for all.
"""

from datetime import datetime

from iriai.base.errors import Conflict, Denied, Excessive
from iriai.commons.charter.rules import Procedure
from iriai.commons.membership.speaker import Speaker
from iriai.commons.proposals.rules import RIVALS_MAX, Kind, Proposal, State


def require_member(is_member: bool, commons: str) -> None:
    """Proposing, seconding and objecting are for members."""
    if not is_member:
        raise Denied(
            f"Only members of {commons} can do this. How one becomes a member stands on its page.",
            code="NotAMember",
        )


def require_elector(votes: int, commons: str) -> None:
    """Voting is for those who had a vote when it opened."""
    if votes < 1:
        raise Denied(f"You had no vote in {commons} when this vote opened.", code="NotAnElector")


def require_may_second(found: Proposal, speaker: Speaker, now: datetime) -> None:
    """One stands behind another's proposal, once, while it waits for that."""
    require_running(found, now)
    if found.state not in (State.OPEN, State.DELIBERATING):
        raise Conflict("This proposal is past the time for seconding.")
    if is_own(found, speaker):
        whose = "your own" if found.proposer_id == speaker.account_id else "your institution's"
        raise Conflict(f"This is {whose} proposal; somebody else must second it.")
    if speaker.counts_with(each.house for each in found.seconds):
        raise Conflict("You or your institution have seconded this already.")


def is_own(found: Proposal, speaker: Speaker) -> bool:
    """Whether a proposal is their own, or that of the institution they count with."""
    if found.proposer_id is None:
        return False
    return found.proposer_id == speaker.account_id or speaker.counts_with([found.institution_id])


def require_may_object(found: Proposal, speaker: Speaker, now: datetime) -> None:
    """Objections turn a lazy decision into a vote; elsewhere they are heard by who decides."""
    require_running(found, now)
    if found.state not in (State.OPEN, State.DELIBERATING):
        raise Conflict("It is too late to object here; what is open now is the vote.")
    if speaker.counts_with(each.house for each in found.objections):
        raise Conflict("Your objection, or your institution's, stands already.")


def require_may_rival(found: Proposal, now: datetime, *, strictest: Procedure) -> None:
    """A rival goes on the same ballot until deliberation ends, if this vote is strict enough."""
    require_running(found, now)
    if found.state is not State.DELIBERATING or found.seats or found.budget is not None:
        raise Conflict("Rival options can be added while a proposal is being discussed.")
    if sum(each.kind is Kind.RIVAL for each in found.options) >= RIVALS_MAX:
        raise Excessive(f"There are {RIVALS_MAX} rival options already.")
    terms = found.terms
    if (
        strictest.deliberate_days > terms.deliberate_days
        or strictest.vote_days > terms.vote_days
        or strictest.quorum_factor > terms.quorum_factor
        or strictest.ballot is not terms.ballot
    ):
        raise Denied(
            "This option needs a longer or stricter vote than this one; propose it by itself.",
            code="CharterSays",
        )


def may_withdraw(found: Proposal, speaker: Speaker) -> bool:
    """Whoever proposed it takes it back, and who speaks for the institution it came from."""
    own = found.proposer_id == speaker.account_id
    return own or (speaker.is_for_institution and found.institution_id == speaker.member_id)


def require_may_withdraw(found: Proposal, speaker: Speaker, now: datetime) -> None:
    """Whoever proposed it takes it back, until the vote opens."""
    require_running(found, now)
    if not may_withdraw(found, speaker):
        raise Denied("Only whoever proposed this can withdraw it.", code="Forbidden")
    if found.state not in (State.OPEN, State.DELIBERATING):
        raise Conflict("The vote is open; what stands on the ballot stays there.")


def require_may_vote(found: Proposal, now: datetime) -> None:
    """Ballots are taken from the opening up to the close, and not in the second of the close."""
    if found.state is not State.VOTING:
        raise Conflict("There is no vote on this proposal now.", code="NotVoting")
    require_running(found, now)


def require_running(found: Proposal, now: datetime) -> None:
    """Whether its time is over is told by the clock, not by whether anybody wrote it down yet."""
    if not found.is_running or (found.due_at is not None and now >= found.due_at):
        raise Conflict("The time for this is over.", code="TooLate")
