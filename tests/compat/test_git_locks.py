"""`git lfs lock`, `locks` and `unlock`, and a push past somebody else's lock."""

import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

from tests.support.git import Git


@pytest.fixture
def git(each_hub, tmp_path):
    def of(name):
        folder = tmp_path / name
        folder.mkdir()
        made = Git(folder, each_hub.env)
        made("config", "--global", "user.name", name)
        made("config", "--global", "user.email", f"{name}@example.org")
        made("lfs", "install", "--skip-repo")
        return made

    return of


def test_a_file_is_locked_seen_by_others_and_let_go(each_hub, git):
    api = HfApi(endpoint=each_hub.url, token=each_hub.token)
    bob = each_hub.person("bob")
    each_hub.run("org", "add", "studio", "--member", "ada:admin", "--member", "bob:write")
    api.create_repo("studio/scene")
    here, there = (
        of_person.clone(f"http://u:{token}@127.0.0.1:{each_hub.port}/studio/scene", "clone")
        for of_person, token in ((git("ada"), each_hub.token), (git("bob"), bob))
    )
    here.write("a.psd", b"layers" * 1_000)
    here("lfs", "track", "*.psd", "--lockable")
    here("add", ".")
    here("commit", "-m", "A scene")
    here("push")
    here("lfs", "lock", "a.psd")
    assert "ada" in here("lfs", "locks")
    there("pull")
    assert "a.psd" in there("lfs", "locks")
    there("config", "lfs.locksverify", "true")
    (there.folder / "a.psd").chmod(0o644)
    there.write("a.psd", b"mine" * 1_000)
    there("commit", "-am", "Mine")
    refused = there("push", check=False)
    assert refused.returncode != 0
    assert "a.psd - ada" in refused.stdout
    there("config", "lfs.locksverify", "false")
    refused = there("push", check=False)
    assert refused.returncode != 0
    assert "locked by ada" in refused.stderr
    assert "git lfs unlock a.psd" in refused.stderr
    with pytest.raises(HfHubHTTPError, match="locked by ada") as caught:
        HfApi(endpoint=each_hub.url, token=bob).delete_file("a.psd", "studio/scene")
    assert caught.value.response.status_code == 403
    unlocked = there("lfs", "unlock", "a.psd", check=False)
    assert "ada holds this lock" in unlocked.stdout + unlocked.stderr
    here("lfs", "unlock", "a.psd")
    assert "a.psd" not in there("lfs", "locks")
    there("push")
