"""An upload by Xet is judged when it begins and when it is kept: hashing takes long."""

import pytest
from sqlalchemy import func, select
from tests.api.xet_clients import Upload

from iriai.api.xet import uploads
from iriai.base.errors import HubError
from iriai.blobs import passes, receiving
from iriai.blobs.tables import RepoObject


def objects(ground) -> int:
    with ground.read() as tx:
        return tx.connection.execute(select(func.count()).select_from(RepoObject)).scalar_one()


@pytest.mark.parametrize("revoked", [False, True])
def test_who_loses_their_token_while_their_files_are_hashed_registers_nothing(
    doors, tmp_path, revoked
):
    ada, raw = doors.person("ada")
    repo = doors.repo(ada, "tiny")
    granted = doors.ask("GET", f"/api/models/{repo.full_name}/xet-write-token/main", token=raw).json
    now = int(doors.ground.clock().timestamp())
    held = passes.opened(doors.ground.secret, granted["accessToken"], now=now, write=True)
    upload = Upload.of(1)
    (tmp_path / "xorb").write_bytes(upload.body)
    (tmp_path / "shard").write_bytes(upload.shard)
    receiving.receive_xorb(doors.ground, repo.id, upload.name, tmp_path / "xorb")
    before = objects(doors.ground)

    def meanwhile(_verified, _total):
        if revoked:
            body = {"credentials": [raw]}
            assert doors.ask("POST", "/api/credentials/revoke", body=body).status == 202

    if not revoked:
        assert uploads._register(doors.ground, held, tmp_path / "shard", meanwhile)
        assert objects(doors.ground) == before + 1
        return
    with pytest.raises(HubError):
        uploads._register(doors.ground, held, tmp_path / "shard", meanwhile)
    assert objects(doors.ground) == before
    assert not (tmp_path / "shard").exists()
    assert list(doors.ground.store.entries("shards/")) == []
