// Drives of `@huggingface/hub`: `node hub.mjs OUT [DRIVE…]`. Writes what was seen as JSON.
//
// As in frame.py beside this: a drive claims functions, every call of an exported function is
// noted, and what is said of a function is what was seen while its drives ran.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as real from "@huggingface/hub";

const [out, ...chosen] = process.argv.slice(2);
const hubUrl = process.env.HF_ENDPOINT;
const accessToken = process.env.HF_TOKEN;
const bob = process.env.BOB_TOKEN;
const isClass = (value) => /^class/.test(Function.prototype.toString.call(value));
const names = Object.keys(real).filter(
  (name) => typeof real[name] === "function" && !isClass(real[name]) && !name.startsWith("__"),
);
let seen = {};
const note = (name, error) => {
  const status = error?.statusCode;
  const word = !error ? "works" : status === 501 ? "501" : "refused";
  (seen[name] ??= []).push(word);
};
const hub = Object.fromEntries(names.map((name) => [name, noting(name, real[name])]));
function noting(name, call) {
  return (...given) => {
    let result;
    try {
      result = call(...given);
    } catch (error) {
      note(name, error);
      throw error;
    }
    if (result?.[Symbol.asyncIterator]) return drawn(name, result);
    if (typeof result?.then !== "function") return note(name), result;
    return result.then(
      (value) => (note(name), value),
      (error) => {
        note(name, error);
        throw error;
      },
    );
  };
}
async function* drawn(name, from) {
  try {
    const last = yield* from;
    note(name);
    return last;
  } catch (error) {
    note(name, error);
    throw error;
  }
}
const collect = async (all) => {
  const found = [];
  for await (const each of all) found.push(each);
  return found;
};
const ok = (value, what) => {
  if (!value) throw new Error(`not so: ${what}`);
};
const same = (one, other) => {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
  if (a !== b) throw new Error(`${a} is not ${b}`);
};
const refused = async (status, call) => {
  try {
    await call();
  } catch (error) {
    if (status && error.statusCode !== status) throw new Error(`${error} is no ${status}`);
    return error;
  }
  throw new Error(`was not refused with ${status}`);
};
let number = 0;
let drive = "";
const named = () => `ada/js-${drive}-${++number}`;
const folder = mkdtempSync(join(tmpdir(), "hub-js-"));
process.env.HF_HUB_CACHE = join(folder, "cache");
const large = Buffer.alloc(300_000, "abcdefgh12345");
const blob = (content) => new Blob([content]);
async function repo(files = {}, type = "model") {
  const name = named();
  const at = { hubUrl, accessToken, repo: { type, name } };
  await real.createRepo({ ...at, ...(type === "space" ? { sdk: "static" } : {}) });
  const operations = Object.entries(files).map(([path, content]) => ({
    operation: "addOrUpdate",
    path,
    content: blob(content),
  }));
  if (operations.length) await real.commit({ ...at, title: "files", operations });
  return at;
}
async function bucket() {
  const name = named();
  await fetch(`${hubUrl}/api/buckets/${name}`, {
    method: "POST",
    body: "{}",
    headers: { Authorization: `Bearer ${accessToken}`, "Content-Type": "application/json" },
  });
  return { hubUrl, accessToken, repo: { type: "bucket", name } };
}
const paths = async (at, more = {}) =>
  (await collect(real.listFiles({ ...at, recursive: true, ...more })))
    .filter((each) => each.type === "file")
    .map((each) => each.path)
    .sort();
const gone = { hubUrl, accessToken, repo: "ada/there-is-none" };

const drives = {
  who: [["whoAmI", "checkRepoAccess", "repoExists", "createRepo", "deleteRepo"], async () => {
    same((await hub.whoAmI({ hubUrl, accessToken })).name, "ada");
    await refused(401, () => hub.whoAmI({ hubUrl, accessToken: `hf_${"x".repeat(34)}` }));
    for (const type of ["model", "dataset", "space"]) {
      const name = named();
      const at = { hubUrl, accessToken, repo: { type, name } };
      const sdk = type === "space" ? { sdk: "static" } : {};
      const made = await hub.createRepo({ ...at, private: true, ...sdk });
      const prefix = type === "model" ? "" : `${type}s/`;
      same(made.repoUrl, `${hubUrl}/${prefix}${name}`);
      await refused(409, () => hub.createRepo({ ...at, ...sdk }));
      ok(await hub.repoExists(at), "it exists");
      await hub.checkRepoAccess(at);
      await refused(404, () => hub.checkRepoAccess({ ...at, accessToken: bob }));
      ok(!(await hub.repoExists({ ...at, accessToken: bob })), "bob sees it not");
      await hub.deleteRepo(at);
      ok(!(await hub.repoExists(at)), "it is gone");
      await refused(404, () => hub.deleteRepo(at));
    }
    await refused(403, () => hub.createRepo({ hubUrl, accessToken, repo: "bob/x" }));
  }],
  commits: [["commit", "commitIter", "listCommits", "countCommits", "deleteFile", "deleteFiles"],
    async () => {
      const at = await repo({ "a.txt": "a", "b.txt": "b", "c.txt": "c" });
      const operations = [{ operation: "addOrUpdate", path: "d.bin", content: blob(large) }];
      const made = await hub.commit({ ...at, title: "one", operations });
      same(made.commit.url, `${hubUrl}/${at.repo.name}/commit/${made.commit.oid}`);
      const events = await collect(
        hub.commitIter({ ...at, title: "two", operations: [{ operation: "delete", path: "c.txt" }] }),
      );
      ok(events.length, "events");
      await hub.deleteFile({ ...at, path: "a.txt" });
      await hub.deleteFiles({ ...at, paths: ["b.txt"] });
      same(await paths(at), [".gitattributes", "d.bin"]);
      const titles = (await collect(hub.listCommits(at))).map((each) => each.title);
      same(titles.length, 6);
      same(titles.at(-1), "initial commit");
      same(await hub.countCommits(at), 6);
      const pr = await hub.commit({
        ...at, accessToken: bob, title: "please", isPullRequest: true,
        operations: [{ operation: "addOrUpdate", path: "pr.txt", content: blob("pr") }],
      });
      same(pr.pullRequestUrl, `${hubUrl}/${at.repo.name}/discussions/1`);
      await refused(403, () => hub.commit({ ...at, accessToken: bob, title: "x", operations }));
      await refused(412, () =>
        hub.commit({ ...at, title: "x", parentCommit: made.commit.oid, operations: [
          { operation: "addOrUpdate", path: "late", content: blob("late") },
        ] }));
      await refused(404, () => collect(hub.listCommits(gone)));
      await refused(404, () => collect(hub.listCommits({ ...at, revision: "none" })));
      await refused(404, () => hub.commit({ ...gone, title: "x", operations }));
    }],
  uploads: [["uploadFile", "uploadFiles", "uploadFilesWithProgress"], async () => {
    const at = await repo({}, "dataset");
    const file = (path, content = path) => ({ path, content: blob(content) });
    await hub.uploadFile({ ...at, file: file("a b/ü.txt") });
    await hub.uploadFiles({ ...at, files: [file("b.txt"), file("big.bin", large)] });
    const events = await collect(
      hub.uploadFilesWithProgress({ ...at, files: [file("c.txt"), file("d.bin", large)], useXet: true }),
    );
    ok(events.some((each) => each.event === "fileProgress"), "progress");
    same(await paths(at), [".gitattributes", "a b/ü.txt", "b.txt", "big.bin", "c.txt", "d.bin"]);
    await refused(403, () => hub.uploadFile({ ...at, accessToken: bob, file: file("x") }));
  }],
  files: [["listFiles", "pathsInfo", "fileExists", "fileDownloadInfo", "downloadFile"], async () => {
    const at = await repo({ "a.txt": "text", "sub/é b.bin": large });
    same(await paths(at), [".gitattributes", "a.txt", "sub/é b.bin"]);
    const flat = (await collect(hub.listFiles({ ...at, expand: true }))).map((each) => each.path);
    same(flat.sort(), [".gitattributes", "a.txt", "sub"]);
    const found = await hub.pathsInfo({ ...at, paths: ["a.txt", "none"], expand: true });
    same(found.map((each) => each.path), ["a.txt"]);
    ok(found[0].lastCommit.id, "its last commit");
    ok(await hub.fileExists({ ...at, path: "a.txt" }), "is there");
    ok(!(await hub.fileExists({ ...at, path: "none" })), "is not there");
    const info = await hub.fileDownloadInfo({ ...at, path: "sub/é b.bin" });
    same(info.size, large.length);
    same(await hub.fileDownloadInfo({ ...at, path: "none" }), null);
    same(await (await hub.downloadFile({ ...at, path: "a.txt" })).text(), "text");
    for (const xet of [true, false]) {
      const got = await hub.downloadFile({ ...at, path: "sub/é b.bin", xet });
      ok(large.equals(Buffer.from(await got.arrayBuffer())), "the same bytes");
    }
    same(await hub.downloadFile({ ...at, path: "none" }), null);
    const part = await hub.downloadFile({ ...at, path: "sub/é b.bin", xet: false });
    same(await part.slice(8, 13).text(), large.toString().slice(8, 13));
    await refused(404, () => collect(hub.listFiles({ ...at, revision: "none" })));
    await refused(404, () => collect(hub.listFiles(gone)));
  }],
  cache: [["downloadFileToCacheDir", "snapshotDownload", "scanCacheDir", "scanCachedRepo",
    "scanRefsDir", "scanSnapshotDir", "getBlobStat", "getRepoFolderName", "getHFHubCachePath",
    "parseRepoType"], async () => {
    const at = await repo({ "a.txt": "text", "sub/b.bin": large });
    const cacheDir = join(folder, "cache");
    const path = await hub.downloadFileToCacheDir({ ...at, path: "a.txt", cacheDir });
    same(readFileSync(path, "utf8"), "text");
    const snapshot = await hub.snapshotDownload({ ...at, cacheDir });
    ok(large.equals(readFileSync(join(snapshot, "sub/b.bin"))), "the same bytes");
    const scanned = await hub.scanCacheDir(cacheDir);
    same(scanned.repos.length, 1);
    const of = join(cacheDir, hub.getRepoFolderName(at.repo));
    same((await hub.scanCachedRepo(of)).id.name, at.repo.name);
    const refs = new Map();
    await hub.scanRefsDir(join(of, "refs"), refs);
    same(refs.size, 1);
    const blobs = new Map();
    await hub.scanSnapshotDir(snapshot, [], blobs);
    ok((await hub.getBlobStat(join(snapshot, "a.txt"), new Map())).size, "a size");
    ok(hub.getHFHubCachePath(), "a path");
    same(hub.parseRepoType("datasets"), "dataset");
    await refused(404, () => hub.snapshotDownload({ ...gone, cacheDir }));
  }],
  copies: [["copyFile", "copyFileIter", "copyFiles", "copyFilesIter", "copyFolder",
    "copyFolderIter", "relativeUnderFolder"], async () => {
    const files = { "data/a.bin": large, "data/b.bin": large + "2", "data/t": "t" };
    const from = await repo(files, "dataset");
    const to = await bucket();
    const source = (path) => ({ repo: from.repo, path });
    const target = (path) => ({ repo: to.repo, path });
    const base = { hubUrl, accessToken };
    await hub.copyFile({ ...base, source: source("data/a.bin"), destination: target("1.bin") });
    await collect(
      hub.copyFileIter({ ...base, source: source("data/b.bin"), destination: target("2.bin") }),
    );
    const pairs = (path) => [{ source: source("data/a.bin"), destinationPath: path }];
    await hub.copyFiles({ ...base, destination: to.repo, files: pairs("3.bin") });
    await collect(hub.copyFilesIter({ ...base, destination: to.repo, files: pairs("4.bin") }));
    await hub.copyFolder({ ...base, source: source("data"), destination: target("folder") });
    await collect(
      hub.copyFolderIter({ ...base, source: source("data"), destination: target("again") }),
    );
    const found = await paths(to);
    for (const path of ["1.bin", "2.bin", "3.bin", "4.bin", "folder/a.bin", "again/t"])
      ok(found.includes(path), `${path} in ${found}`);
    same(hub.relativeUnderFolder("a/b/c", "a"), "b/c");
  }],
  branches: [["createBranch", "deleteBranch"], async () => {
    const at = await repo({ "a.txt": "a" });
    await hub.createBranch({ ...at, branch: "dev" });
    await hub.createBranch({ ...at, branch: "empty", empty: true });
    same(await paths(at, { revision: "dev" }), [".gitattributes", "a.txt"]);
    same(await paths(at, { revision: "empty" }), []);
    await refused(409, () => hub.createBranch({ ...at, branch: "dev" }));
    await hub.createBranch({ ...at, branch: "dev", overwrite: true });
    await hub.deleteBranch({ ...at, branch: "dev" });
    await refused(null, () => hub.deleteBranch({ ...at, branch: "dev" }));
    await refused(403, () => hub.createBranch({ ...at, accessToken: bob, branch: "x" }));
  }],
  lists: [["listModels", "listDatasets", "listSpaces", "modelInfo", "datasetInfo", "spaceInfo"],
    async () => {
      const card = "---\nlicense: mit\ntags: [of-js]\n---\n# A card\n";
      const list = { model: hub.listModels, dataset: hub.listDatasets, space: hub.listSpaces };
      const info = { model: hub.modelInfo, dataset: hub.datasetInfo, space: hub.spaceInfo };
      for (const type of ["model", "dataset", "space"]) {
        const at = await repo({ "README.md": card }, type);
        const { name } = at.repo;
        const search = { owner: "ada", tags: ["of-js"] };
        const found = await collect(list[type]({ hubUrl, accessToken, search }));
        same(found.map((each) => each.name), [name]);
        const asked = { hubUrl, accessToken, additionalFields: ["author", "cardData"] };
        const [first] = await collect(list[type]({ ...asked, search, limit: 1 }));
        same([first.author, first.cardData.license], ["ada", "mit"]);
        const whole = await info[type]({ ...asked, name });
        same([whole.name, whole.author], [name, "ada"]);
        const head = await info[type]({ ...asked, name, revision: "main", additionalFields: ["sha"] });
        same(head.sha.length, 40);
        const every = real[`${type.toUpperCase()}_EXPANDABLE_KEYS`];
        const full = await info[type]({ ...asked, name, additionalFields: every });
        same([full.sha, full.disabled, full.task], [head.sha, false, undefined]);
        const [row] = await collect(list[type]({ ...asked, search, additionalFields: every }));
        same(row.sha, head.sha);
        await refused(404, () => info[type]({ ...asked, name: "ada/there-is-none" }));
      }
      const none = { query: "there-is-none-like-it", owner: "ada" };
      same(await collect(hub.listModels({ hubUrl, accessToken, search: none })), []);
      for (const sort of ["createdAt", "downloads", "likes", "lastModified"])
        await collect(hub.listModels({ hubUrl, accessToken, sort, limit: 3 }));
    }],
  collections: [["createCollection", "listCollections", "deleteCollection"], async () => {
    const title = `Of JavaScript ${named()}`;
    const made = await hub.createCollection({
      hubUrl, accessToken, collection: { title, namespace: "ada", private: false },
    });
    ok(made.slug.startsWith("ada/of-javascript"), made.slug);
    const mine = await collect(hub.listCollections({ hubUrl, search: { owner: ["ada"] } }));
    ok(mine.some((each) => each.slug === made.slug), "listed");
    const q = await collect(hub.listCollections({ hubUrl, search: { q: title } }));
    same(q.map((each) => each.slug), [made.slug]);
    await refused(403, () => hub.deleteCollection({ hubUrl, accessToken: bob, slug: made.slug }));
    await hub.deleteCollection({ hubUrl, accessToken, slug: made.slug });
    await refused(404, () => hub.deleteCollection({ hubUrl, accessToken, slug: made.slug }));
  }],
  tensors: [["parseSafetensorsMetadata", "parseSafetensorsShardFilename", "validateTensorEntry",
    "assertSafeShardFilename", "encodeShardFilename", "parseTotalParameters", "globMatch",
    "computeNumOfParamsByDtypeSingleFile", "getQuantizationMultiplier", "isQuantizedTensor",
    "matchesCompressedTensorsTarget"], async () => {
    const tensor = { dtype: "F32", shape: [2, 2], data_offsets: [0, 16] };
    const head = Buffer.from(JSON.stringify({ a: tensor }));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(head.length));
    const file = Buffer.concat([length, head, Buffer.alloc(16)]);
    const shard = "model-00001-of-00001.safetensors";
    const at = await repo({ "model.safetensors": file, [shard]: file, "model.safetensors.index.json":
      JSON.stringify({ metadata: {}, weight_map: { a: shard } }) });
    const asked = { ...at, computeParametersCount: true };
    const whole = await hub.parseSafetensorsMetadata(asked);
    same([whole.sharded, whole.parameterCount], [false, { F32: 4 }]);
    const parts = await hub.parseSafetensorsMetadata({ ...asked, path: "model.safetensors.index.json" });
    same([parts.sharded, parts.parameterCount], [true, { F32: 4 }]);
    same(hub.parseSafetensorsShardFilename(shard).total, "00001");
    hub.validateTensorEntry("f", "a", tensor, file.length);
    hub.assertSafeShardFilename(shard);
    same(hub.encodeShardFilename("a b"), "a%20b");
    same(hub.parseTotalParameters("4", 8), 4);
    ok(hub.globMatch("a*", "ab"), "matches");
    hub.computeNumOfParamsByDtypeSingleFile({ a: tensor });
    hub.getQuantizationMultiplier("a", "F32", undefined);
    hub.isQuantizedTensor("a", { modules_to_not_convert: [] });
    hub.matchesCompressedTensorsTarget("Linear", "a.weight");
    await refused(null, () => hub.parseSafetensorsMetadata(gone));
  }],
  oauth: [["oauthLoginUrl", "oauthHandleRedirect", "oauthHandleRedirectIfPresent"], async () => {
    const localStorage = {};
    const window = { location: { href: `${hubUrl}/callback` } };
    globalThis.window = window;
    const url = new URL(await hub.oauthLoginUrl({
      hubUrl, clientId: "26be6b09-91b0-4d65-b3cb-a36d6ad2b8cf", redirectUrl: `${hubUrl}/callback`,
      scopes: "openid profile", localStorage,
    }));
    same(url.origin + url.pathname, `${hubUrl}/oauth/authorize`);
    const back = `${hubUrl}/callback?code=wrong&state=${encodeURIComponent(url.searchParams.get("state"))}`;
    const verifier = localStorage.codeVerifier;
    const nonce = localStorage.nonce;
    ok(verifier && nonce, "kept");
    const ended = await refused(null, () =>
      hub.oauthHandleRedirect({ redirectedUrl: back, codeVerifier: verifier, nonce, hubUrl }));
    ok(!/fetch failed/.test(String(ended)), String(ended));
    same(await hub.oauthHandleRedirectIfPresent({ redirectedUrl: `${hubUrl}/callback`, hubUrl,
      codeVerifier: verifier, nonce }), false);
    note("oauthHandleRedirect");
  }],
  streams: [["streamJson"], async () => {
    const stream = new Response('{"a": 1}').body;
    ok((await collect(hub.streamJson(stream))).length, "events");
  }],
  buckets: [["commitIterBucket"], async () => {
    const at = await bucket();
    const operations = [{ operation: "addOrUpdate", path: "a/b.bin", content: blob(large) }];
    await collect(hub.commitIterBucket({ ...at, operations }));
    same(await paths(at), ["a/b.bin"]);
    const got = await real.downloadFile({ ...at, path: "a/b.bin" });
    ok(large.equals(Buffer.from(await got.arrayBuffer())), "the same bytes");
  }],
  jobs: [["cancelJob", "createScheduledJob", "deleteScheduledJob", "duplicateJob", "getJob",
    "getScheduledJob", "listJobHardware", "listJobs", "listScheduledJobs", "resumeScheduledJob",
    "runJob", "runScheduledJob", "streamJobEvents", "streamJobLogs", "streamJobMetrics",
    "suspendScheduledJob"], async () => {
    const jobSpec = { dockerImage: "python:3.12", command: ["true"], flavor: "cpu-basic" };
    const given = {
      hubUrl, accessToken, namespace: "ada", jobId: "687f", scheduledJobId: "687f",
      schedule: "@hourly", jobSpec, ...jobSpec,
    };
    for (const name of drives.jobs[0]) {
      const error = await refused(501, async () => {
        const result = await hub[name](given);
        if (result?.[Symbol.asyncIterator]) await collect(result);
      });
      ok(/This hub does not run jobs/.test(error.message), `${name}: ${error.message}`);
    }
  }],
};

const report = {
  version: JSON.parse(readFileSync("node_modules/@huggingface/hub/package.json")).version,
  functions: names,
  drives: Object.fromEntries(Object.entries(drives).map(([name, [claims]]) => [name, claims])),
  ran: {},
};
const run = chosen[0] === "none" ? [] : chosen.length ? chosen : Object.keys(drives);
for (drive of run) {
  seen = {};
  let failure = null;
  try {
    await drives[drive][1]();
  } catch (error) {
    failure = `${error?.stack ?? error}\n${error?.data ? JSON.stringify(error.data) : ""}`;
  }
  report.ran[drive] = { failure, came_to: seen };
}
writeFileSync(out, JSON.stringify(report));
process.exit(0);
