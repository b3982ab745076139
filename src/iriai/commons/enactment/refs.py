"""Branches and tags of what is not one person's alone.

What a commons holds keeps its past, and so does, from the day on which its members decide, what it
will hold once the notice is over.
"""

from functools import partial

from iriai.commons.enactment.deciding import is_promised
from iriai.repos import actions as repos

create_branch = partial(repos.create_branch, promised=is_promised)
create_empty_branch = partial(repos.create_empty_branch, promised=is_promised)
delete_branch = partial(repos.delete_branch, promised=is_promised)
delete_tag = partial(repos.delete_tag, promised=is_promised)
