"""Settings come by flag, variable or file, and a wrong one is said to be wrong."""

from pathlib import Path

import pytest

from iriai.base import db
from iriai.base.errors import Invalid
from iriai.settings import Settings, load


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_file(tmp_path: Path):
    (tmp_path / "iriai.toml").write_text('port = 1\nhost = "file"\nsign_up = "open"\n')
    environ = {"IRIAI_PORT": "2", "IRIAI_HOST": "variable", "IRIAI_DATA": str(tmp_path)}
    made = load(environ=environ, port=3)
    assert (made.port, made.host, made.sign_up) == (3, "variable", "open")


@pytest.mark.parametrize(
    "environ",
    [
        {"IRIAI_PORT": "many"},
        {"IRIAI_PORT": "65536"},
        {"IRIAI_DATABASE_POOL": "4"},
        {"IRIAI_DATABASE_POOL": "1001"},
        {"IRIAI_RATE_LIMITS": "perhaps"},
        {"IRIAI_SIGN_UP": "closed"},
        {"IRIAI_SECRET": "short"},
        {"IRIAI_DATABASE_URL": "mysql://hub"},
        {"IRIAI_DATABASE_URL": "sqlite:///"},
        {"IRIAI_DEDUP_SCOPE": "galaxy"},
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(tmp_path: Path, environ: dict[str, str]):
    with pytest.raises(Invalid):
        load(environ={"IRIAI_DATA": str(tmp_path)} | environ)


@pytest.mark.parametrize(
    "line",
    [
        "trusted_proxies = 3",
        'outbound_allow = ["10.0.0.0/8", 7]',
        'outbound_allow = "10.0.0.1/8"',
        "cache = 5",
        "secret = 5",
        "store_url = 5",
        "database_url = 7",
        "data = []",
        'port = "²"',
        "port = true",
        "database_pool = 2.5",
        "port = -1",
        "rate_limits = 1.5",
        'base_url = "hub.example.org"',
        'base_url = "ftp://hub.example.org"',
        'base_url = "https://"',
        'base_url = "https://hub.example.org?x"',
        'base_url = "http://hub:many"',
        "publishers = {a = 1}",
        'contact = "the office"',
        'contact = "javascript:alert(1)"',
    ],
)
def test_a_line_of_the_file_that_cannot_be_is_refused_by_file_and_name(tmp_path: Path, line: str):
    (tmp_path / "iriai.toml").write_text(f"{line}\n")
    name = line.partition(" ")[0]
    with pytest.raises(Invalid, match=f"^{tmp_path}/iriai.toml: {name} is ") as refused:
        load(environ={"IRIAI_DATA": str(tmp_path)})
    assert "\n" not in refused.value.message


def test_the_pool_is_a_number_and_by_default_what_an_engine_takes(tmp_path: Path):
    (tmp_path / "iriai.toml").write_text("database_pool = 8\n")
    assert load(environ={"IRIAI_DATA": str(tmp_path)}).database_pool == 8
    assert Settings().database_pool == db.CONNECTIONS
    engine = db.connect("sqlite:///" + str(tmp_path / "x.db"), 8)
    assert "Pool size: 4" in engine.pool.status()
    held = [engine.connect() for _ in range(8)]
    assert "Current Checked out connections: 8" in engine.pool.status()
    for each in held:
        each.close()
    engine.dispose()


def test_a_list_in_the_file_is_the_words_of_a_variable(tmp_path: Path):
    (tmp_path / "iriai.toml").write_text(
        'outbound_allow = ["10.0.0.0/8", "fd00::/8"]\nrate_limits = false\nport = 80\n'
    )
    made = load(environ={"IRIAI_DATA": str(tmp_path)})
    assert (made.outbound_allow, made.rate_limits, made.port) == ("10.0.0.0/8 fd00::/8", False, 80)
    with pytest.raises(Invalid, match=r"^IRIAI_BASE_URL: base_url is the whole address"):
        load(environ={"IRIAI_BASE_URL": "hub.example.org"})
    with pytest.raises(Invalid, match=r"^base_url is the whole address"):
        load(environ={}, base_url="hub.example.org")


def test_a_misspelt_setting_in_the_file_is_named(tmp_path: Path):
    (tmp_path / "iriai.toml").write_text("prot = 1\n")
    with pytest.raises(Invalid, match="'prot', which is not a setting"):
        load(environ={"IRIAI_DATA": str(tmp_path)})


def test_a_file_that_was_asked_for_must_be_there_and_be_toml(tmp_path: Path):
    with pytest.raises(Invalid, match="no settings file"):
        load(environ={}, config=tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("port =\n")
    with pytest.raises(Invalid, match="not valid TOML"):
        load(environ={}, config=tmp_path / "bad.toml")


def test_a_folder_is_named_without_steps_back(tmp_path: Path):
    (tmp_path / "there").mkdir()
    given = load(environ={}, data=tmp_path / "there" / ".." / "data")
    assert given.data == tmp_path.resolve() / "data"
    assert ".." not in given.database + given.store
    assert load(environ={}, data=Path("data")).data == Path("data")


def test_no_secret_is_shown_when_settings_are_printed():
    made = Settings(
        secret="ab" * 32,
        store_url="s3://key:hidden@bucket",
        database_url="postgresql+psycopg://ada:hidden@host/db",
    )
    assert "abab" not in repr(made)
    assert "hidden" not in repr(made)


def test_without_a_base_url_the_hub_is_where_it_listens():
    assert Settings(host="0.0.0.0", port=80).url == "http://127.0.0.1:80"
    assert Settings(host="::1", port=80).url == "http://[::1]:80"
    assert Settings(base_url="https://hub.example/").url == "https://hub.example"
