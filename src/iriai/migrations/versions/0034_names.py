"""A repository is found by its name alone, whoever owns it: searches show it before mentions."""

from alembic import op

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_index("ix_repos_kind_name_key", "repos", ["kind", "name_key"])
