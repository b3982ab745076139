"""`hf://` as a file system: every method of `HfFileSystem`, on a repository."""

from pathlib import Path

from huggingface_hub import HfFileSystem, errors

from .frame import WEIGHTS, At, drive, refused

LARGE = WEIGHTS * 64


def there(at: At) -> "tuple[HfFileSystem, str]":
    """A file system and a dataset in it."""
    name = at.repo(
        {"data/text.txt": b"line 1\nline 2\n", "data/binary.bin": LARGE}, repo_type="dataset"
    )
    return HfFileSystem(endpoint=at.url, token=at.token, skip_instance_cache=True), (
        f"datasets/{name}"
    )


def names(*every: str) -> "list[str]":
    """The claims of these methods."""
    return [f"HfFileSystem.{name}" for name in every]


@drive(
    *names("ls", "listdir", "find", "glob", "walk", "tree", "expand_path", "info", "exists"),
    *names("lexists", "isdir", "isfile", "size", "sizes", "stat", "du", "disk_usage"),
    *names("resolve_path", "invalidate_cache", "checksum", "ukey", "modified", "created"),
)
def look(at: At) -> None:
    fs, root = there(at)
    data = f"{root}/data"
    text, binary = f"{data}/text.txt", f"{data}/binary.bin"
    assert sorted(fs.ls(root, detail=False)) == [f"{root}/.gitattributes", data]
    assert sorted(fs.listdir(data, detail=False)) == [binary, text]
    detailed = {each["name"]: each for each in fs.ls(data, detail=True)}
    assert (detailed[binary]["size"], detailed[binary]["type"]) == (len(LARGE), "file")
    assert detailed[binary]["lfs"]["size"] == len(LARGE)
    assert fs.find(root) == [f"{root}/.gitattributes", binary, text]
    assert set(fs.find(root, detail=True)) == {f"{root}/.gitattributes", binary, text}
    assert fs.glob(f"{root}/**/*.txt") == [text]
    assert fs.glob(f"{root}@main/data/*.txt") == [f"{root}@main/data/text.txt"]
    walked = list(fs.walk(root))
    assert walked[0][1:] == (["data"], [".gitattributes"])
    assert "text.txt" in fs.tree(root)
    assert sorted(fs.expand_path(f"{data}/*")) == [binary, text]
    assert fs.info(text)["size"] == 14
    assert fs.info(root)["type"] == "directory"
    assert fs.exists(text)
    assert fs.lexists(text)
    assert not fs.exists(f"{data}/none")
    assert not fs.exists("datasets/ada/there-is-none")
    assert fs.isdir(data)
    assert not fs.isdir(text)
    assert fs.isfile(text)
    assert fs.size(binary) == len(LARGE)
    assert fs.sizes([text, binary]) == [14, len(LARGE)]
    assert fs.stat(text)["name"] == text
    assert fs.du(data) == fs.disk_usage(data) == 14 + len(LARGE)
    resolved = fs.resolve_path(text)
    assert (resolved.repo_type, resolved.path_in_repo) == ("dataset", "data/text.txt")
    fs.invalidate_cache()
    assert fs.checksum(text)
    assert fs.ukey(text)
    assert fs.modified(text) is not None
    with refused(NotImplementedError):
        fs.created(text)
    with refused(FileNotFoundError):
        fs.ls(f"{data}/none")
    with refused(FileNotFoundError):
        fs.info("datasets/ada/there-is-none")
    with refused(FileNotFoundError):
        fs.ls(f"{root}@none")
    private = f"datasets/{at.repo({'a': b'a'}, repo_type='dataset', private=True)}"
    other = HfFileSystem(endpoint=at.url, token=at.bob_token, skip_instance_cache=True)
    assert not other.exists(private)


@drive(
    *names("cat", "cat_file", "cat_ranges", "head", "tail", "open", "read_block"),
    *names("read_bytes", "read_text", "get", "get_file", "download", "get_mapper"),
    *names("url", "sign"),
)
def read(at: At) -> None:
    fs, root = there(at)
    text, binary = f"{root}/data/text.txt", f"{root}/data/binary.bin"
    assert fs.cat(text) == b"line 1\nline 2\n"
    assert fs.cat([text])[text] == b"line 1\nline 2\n"
    assert fs.cat_file(binary) == LARGE
    assert fs.cat_file(binary, start=100, end=200) == LARGE[100:200]
    assert fs.cat_ranges([text, binary], [0, 5], [4, 9]) == [b"line", LARGE[5:9]]
    assert fs.head(text, 4) == b"line"
    assert fs.tail(text, 4) == b"e 2\n"
    assert fs.read_block(text, 0, 7) == b"line 1\n"
    assert fs.read_bytes(text) == b"line 1\nline 2\n"
    assert fs.read_text(text) == "line 1\nline 2\n"
    with fs.open(text, "r") as file:
        assert file.readlines() == ["line 1\n", "line 2\n"]
    with fs.open(binary, block_size=0) as stream:
        assert stream.read() == LARGE
    with fs.open(binary, "rb") as file:
        file.seek(-10, 2)
        assert file.read() == LARGE[-10:]
        file.seek(1000)
        assert file.read(3) == LARGE[1000:1003]
    for get in (fs.get, fs.get_file, fs.download):
        local = at.path(f"{get.__name__}.bin")
        get(binary, str(local))
        assert local.read_bytes() == LARGE
    assert fs.get_mapper(f"{root}/data")["text.txt"] == b"line 1\nline 2\n"
    assert fs.url(text) == f"{at.url}/{root}/resolve/main/data/text.txt"
    with refused(NotImplementedError):
        fs.sign(text)
    with refused(FileNotFoundError):
        fs.cat_file(f"{root}/none")
    with refused(FileNotFoundError):
        fs.open(f"{root}/none", "r")


@drive(
    *names("pipe", "pipe_file", "put", "put_file", "upload", "write_bytes", "write_text", "touch"),
    *names("cp", "cp_file", "copy", "mv", "move", "rename", "rm", "rm_file", "delete"),
    *names("makedir", "makedirs", "mkdir", "mkdirs", "rmdir"),
    *names("start_transaction"),
)
def write(at: At) -> None:
    fs, root = there(at)
    local = at.path("local.bin", LARGE)
    fs.pipe(f"{root}/piped", b"1")
    fs.pipe_file(f"{root}/piped", b"2")
    assert fs.cat_file(f"{root}/piped") == b"2"
    for number, put in enumerate((fs.put, fs.put_file, fs.upload)):
        put(str(local), f"{root}/put-{number}.bin")
        assert fs.size(f"{root}/put-{number}.bin") == len(LARGE)
    fs.write_bytes(f"{root}/written", b"bytes")
    fs.write_text(f"{root}/written", "text")
    assert fs.cat_file(f"{root}/written") == b"text"
    with fs.open(f"{root}/opened.txt", "w") as file:
        file.write("opened")
    with refused(NotImplementedError, says="Appending"):
        fs.open(f"{root}/opened.txt", "a")
    assert fs.cat_file(f"{root}/opened.txt") == b"opened"
    for number, copy in enumerate((fs.cp, fs.copy, fs.cp_file)):
        copy(f"{root}/put-0.bin", f"{root}/copy-{number}.bin")
        assert fs.cat_file(f"{root}/copy-{number}.bin") == LARGE
    for number, move in enumerate((fs.mv, fs.move, fs.rename)):
        move(f"{root}/copy-{number}.bin", f"{root}/moved-{number}.bin")
        assert fs.exists(f"{root}/moved-{number}.bin")
        assert not fs.exists(f"{root}/copy-{number}.bin")
    fs.rm(f"{root}/moved-0.bin")
    fs.delete(f"{root}/moved-1.bin")
    fs.rm_file(f"{root}/moved-2.bin")
    fs.rm(f"{root}/data", recursive=True)
    assert not fs.glob(f"{root}/moved-*")
    assert not fs.exists(f"{root}/data/text.txt")
    for make in (fs.mkdir, fs.makedir, fs.makedirs, fs.mkdirs, fs.rmdir):
        make(f"{root}/folder")
    fs.touch(f"{root}/touched")
    assert fs.size(f"{root}/touched") == 0
    with refused(NotImplementedError, says="Transactional commits"):
        fs.start_transaction()
    with refused(errors.EntryNotFoundError):
        fs.rm(f"{root}/none")
    bob = HfFileSystem(endpoint=at.url, token=at.bob_token, skip_instance_cache=True)
    with refused(403):
        bob.pipe_file(f"{root}/x", b"x")
    fs.makedirs(f"{root}/folder", exist_ok=True)


@drive(
    *names("to_json", "from_json", "to_dict", "from_dict", "current", "unstrip_protocol"),
    *names("clear_instance_cache", "end_transaction"),
)
def itself(at: At) -> None:
    fs, root = there(at)
    assert isinstance(HfFileSystem.from_json(fs.to_json()), HfFileSystem)
    assert isinstance(HfFileSystem.from_dict(fs.to_dict()), HfFileSystem)
    assert isinstance(HfFileSystem.current(), HfFileSystem)
    assert fs.unstrip_protocol(root) == f"hf://{root}"
    HfFileSystem.clear_instance_cache()
    with refused(NotImplementedError, says="Transactional commits"):
        fs.end_transaction()
    assert Path(root).name


@drive(*names("ls", "open", "pipe_file", "rm"))
def revisions_and_buckets(at: At) -> None:
    fs, root = there(at)
    name = root.removeprefix("datasets/")
    at.api.create_pull_request(name, "please", repo_type="dataset")
    at.put(name, {"pr.txt": b"pr"}, revision="refs/pr/1", repo_type="dataset")
    assert fs.ls(f"{root}@refs/pr/1/pr.txt", detail=False)
    assert fs.open(f"{root}@refs/pr/1/pr.txt").read() == b"pr"
    assert not fs.exists(f"{root}/pr.txt")
    at.api.create_branch(name, branch="a/branch", repo_type="dataset")
    assert fs.ls(f"{root}@a%2Fbranch/data", detail=False)
    bucket = f"buckets/{at.api.create_bucket(at.name()).bucket_id}"
    fs.pipe_file(f"{bucket}/sub/a.txt", b"in a bucket")
    assert fs.ls(bucket, detail=False) == [f"{bucket}/sub"]
    assert fs.open(f"{bucket}/sub/a.txt").read() == b"in a bucket"
    fs.rm(f"{bucket}/sub/a.txt")
    fs.invalidate_cache()
    assert not fs.exists(f"{bucket}/sub/a.txt")
