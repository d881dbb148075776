from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

import vitrine
from vitrine.errors import BlobNotFound, DigestDiffers, Invalid, StoreFull, TooLarge
from vitrine.storage.local import LocalStore
from vitrine.storage.store import BlobStore

GIB = 1 << 30
CONTENT = os.urandom(3_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return LocalStore(tmp_path / "store")


async def chunked(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def load(store: BlobStore, digest: str = DIGEST, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([chunk async for chunk in store.read(digest, start=start, length=length)])


def fetch_files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "store").rglob("*") if path.is_file()]


async def test_what_was_written_is_read_back_whole_and_in_parts(store: BlobStore) -> None:
    assert await store.write(DIGEST, chunked(CONTENT), limit_bytes=GIB) == len(CONTENT)
    assert await store.find_size(DIGEST) == len(CONTENT)
    assert await load(store) == CONTENT
    assert await load(store, start=1_500_000, length=1_200_000) == CONTENT[1_500_000:2_700_000]
    assert await load(store, start=len(CONTENT) - 5, length=100) == CONTENT[-5:]
    assert await load(store, start=len(CONTENT) + 5) == b""
    async with store.local_path(DIGEST) as path:
        assert path.read_bytes() == CONTENT


async def test_an_empty_content_is_a_content(store: BlobStore) -> None:
    digest = hashlib.sha256(b"").hexdigest()
    assert await store.write(digest, chunked(b""), limit_bytes=0) == 0
    assert await store.find_size(digest) == 0
    assert await load(store, digest) == b""


@pytest.mark.parametrize("received", [0, 1, 70_000, 2_999_999])
async def test_an_upload_cut_anywhere_leaves_nothing(store: BlobStore, tmp_path: Path, received: int) -> None:
    async def cut() -> AsyncIterator[bytes]:
        async for chunk in chunked(CONTENT[:received]):
            yield chunk
        raise ConnectionResetError("the client went away")

    with pytest.raises(ConnectionResetError):
        await store.write(DIGEST, cut(), limit_bytes=GIB)
    assert await store.find_size(DIGEST) is None
    assert fetch_files(tmp_path) == []


async def test_a_cancelled_upload_leaves_nothing(store: BlobStore, tmp_path: Path) -> None:
    reached = asyncio.Event()

    async def stall() -> AsyncIterator[bytes]:
        yield CONTENT[:2_000_000]
        reached.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(store.write(DIGEST, stall(), limit_bytes=GIB))
    await reached.wait()
    assert await store.find_size(DIGEST) is None
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert fetch_files(tmp_path) == []


async def test_a_body_with_another_digest_is_refused_and_its_digest_told(
    store: BlobStore, tmp_path: Path
) -> None:
    with pytest.raises(DigestDiffers) as caught:
        await store.write("0" * 64, chunked(CONTENT), limit_bytes=GIB)
    assert caught.value.facts["got"] == DIGEST
    assert fetch_files(tmp_path) == []


async def test_a_content_that_is_stored_is_verified_again_but_not_rewritten(store: BlobStore) -> None:
    await store.write(DIGEST, chunked(CONTENT), limit_bytes=GIB)
    async with store.local_path(DIGEST) as path:
        before = path.stat()
    assert await store.write(DIGEST, chunked(CONTENT), limit_bytes=GIB) == len(CONTENT)
    with pytest.raises(DigestDiffers):
        await store.write(DIGEST, chunked(CONTENT + b"!"), limit_bytes=GIB)
    after = path.stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, before.st_size)
    assert after.st_mtime_ns > before.st_mtime_ns  # young again, for whoever collects old unused ones


async def test_eight_writers_of_one_content_at_once_all_succeed(store: BlobStore, tmp_path: Path) -> None:
    sizes = await asyncio.gather(*(store.write(DIGEST, chunked(CONTENT), limit_bytes=GIB) for _ in range(8)))
    assert set(sizes) == {len(CONTENT)}
    assert len(fetch_files(tmp_path)) == 1
    assert await load(store) == CONTENT


async def test_a_body_beyond_the_limit_is_refused_before_it_has_all_come(
    store: BlobStore, tmp_path: Path
) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65_536
            yield bytes(65_536)

    with pytest.raises(TooLarge):
        await store.write(DIGEST, endless(), limit_bytes=1_000_000)
    assert taken < 1_100_000
    assert fetch_files(tmp_path) == []
    assert await store.write(DIGEST, chunked(CONTENT), limit_bytes=len(CONTENT)) == len(CONTENT)


async def test_a_full_disk_refuses_contents_and_keeps_nothing_of_them(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    store = LocalStore(tmp_path / "store", reserve_bytes=free + GIB)
    with pytest.raises(StoreFull):
        await store.write(DIGEST, chunked(CONTENT), limit_bytes=GIB)
    assert fetch_files(tmp_path) == []


async def test_a_deleted_content_is_gone_and_may_be_deleted_again(store: BlobStore) -> None:
    await store.write(DIGEST, chunked(CONTENT), limit_bytes=GIB)
    await store.delete(DIGEST)
    await store.delete(DIGEST)
    assert await store.find_size(DIGEST) is None
    with pytest.raises(BlobNotFound):
        await load(store)
    with pytest.raises(BlobNotFound):
        async with store.local_path(DIGEST):
            pass


async def test_a_reader_keeps_what_it_reads_although_it_is_deleted_meanwhile(store: BlobStore) -> None:
    await store.write(DIGEST, chunked(CONTENT), limit_bytes=GIB)
    reading = store.read(DIGEST)
    first = await anext(reading)
    await store.delete(DIGEST)
    assert first + b"".join([chunk async for chunk in reading]) == CONTENT


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "é" * 64])
async def test_what_is_no_digest_never_reaches_the_disk(store: BlobStore, digest: str) -> None:
    with pytest.raises(Invalid):
        await store.write(digest, chunked(CONTENT), limit_bytes=GIB)
    with pytest.raises(Invalid):
        await load(store, digest)
    with pytest.raises(Invalid):
        await store.find_size(digest)
    with pytest.raises(Invalid):
        await store.delete(digest)


def test_what_a_dead_process_left_is_swept_after_a_day(tmp_path: Path) -> None:
    LocalStore(tmp_path / "store")
    old, young = (tmp_path / "store" / "incoming" / name for name in ("old", "young"))
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    day_ago = time.time() - 25 * 3600
    os.utime(old, (day_ago, day_ago))
    LocalStore(tmp_path / "store")
    assert fetch_files(tmp_path) == [young]


MEASURE = """
import asyncio, hashlib, resource, sys
from pathlib import Path
from vitrine.storage.local import LocalStore

MIB = 1 << 20
block = bytes(range(256)) * 256
digest = hashlib.sha256()
for _ in range(200 * 16):
    digest.update(block)

async def chunks():
    for _ in range(200 * 16):
        yield block

async def main():
    store = LocalStore(Path(sys.argv[1]))
    await store.write(hashlib.sha256(block).hexdigest(), one(), limit_bytes=MIB)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    size = await store.write(digest.hexdigest(), chunks(), limit_bytes=200 * MIB)
    read = 0
    async for chunk in store.read(digest.hexdigest()):
        read += len(chunk)
    assert size == read == 200 * MIB
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

async def one():
    yield block

asyncio.run(main())
"""


def test_200_mb_pass_through_in_constant_memory() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest would keep its own
        done = run_python(MEASURE, folder)
    assert done.returncode == 0, done.stderr
    grown_bytes = int(done.stdout) * (1 if sys.platform == "darwin" else 1024)
    assert grown_bytes < 16 << 20


def run_python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    path: Iterable[str] = filter(None, [str(Path(vitrine.__file__).parents[1]), os.environ.get("PYTHONPATH")])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
