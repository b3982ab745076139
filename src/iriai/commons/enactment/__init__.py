"""Decisions become acts here, and nowhere else: the only caller of powers.

What an organisation or a commons holds is touched as a whole only by a decision. Doors call this
package for these acts, and for every commit and push too, because those can move what a commons
protects. `registry` knows how each typed action of a charter is done; the modules beside it do it.
"""

from iriai.commons.enactment import alone, booking, operator
from iriai.commons.enactment import charter as _charter  # noqa: F401 - registers
from iriai.commons.enactment import children as _children  # noqa: F401 - registers
from iriai.commons.enactment import people as _people  # noqa: F401 - registers
from iriai.commons.enactment import pot as _pot  # noqa: F401 - registers
from iriai.commons.enactment import removals as _removals  # noqa: F401 - registers
from iriai.commons.enactment import resources as _resources  # noqa: F401 - registers
from iriai.commons.enactment import statements as _statements  # noqa: F401 - registers
from iriai.commons.enactment.buckets import (
    change_bucket,
    create_bucket,
    delete_bucket,
    move_bucket,
)
from iriai.commons.enactment.carrying import carry_out, carry_out_all
from iriai.commons.enactment.charter import found, hold_what_is_due, publish_charter
from iriai.commons.enactment.deciding import decide, may_take_out, propose_url
from iriai.commons.enactment.landing import commit, explained, merge, push, refresh_card
from iriai.commons.enactment.proposing import clean_action, propose, rival
from iriai.commons.enactment.registry import Decision, Payload, can_enact, enacts, lands
from iriai.commons.enactment.repositories import (
    change_settings,
    create_repository,
    delete_repository,
    duplicate_repository,
    move_repository,
)
from iriai.commons.enactment.voted_on import change_status

__all__ = [
    "Decision",
    "Payload",
    "alone",
    "booking",
    "can_enact",
    "carry_out",
    "carry_out_all",
    "change_bucket",
    "change_settings",
    "change_status",
    "clean_action",
    "commit",
    "create_bucket",
    "create_repository",
    "decide",
    "delete_bucket",
    "delete_repository",
    "duplicate_repository",
    "enacts",
    "explained",
    "found",
    "hold_what_is_due",
    "lands",
    "may_take_out",
    "merge",
    "move_bucket",
    "move_repository",
    "operator",
    "propose",
    "propose_url",
    "publish_charter",
    "push",
    "refresh_card",
    "rival",
]
