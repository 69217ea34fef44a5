"""Worker processes for cold imports: they read and decode, the caller writes."""

import gc
import multiprocessing
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.sharedctypes import Synchronized
from typing import TYPE_CHECKING, Any

import msgspec

from store.records import Batch
from tracker.sources.base import Options, Piece, ReadState, Source

if TYPE_CHECKING:
    from tracker.ingest import Work

_PIPE_BYTES = 1 << 20


class _Parcel(msgspec.Struct, array_like=True, gc=False):
    """What a worker sends: a piece of a file, or that the file is done."""

    index: int
    batch: Batch | None
    state: ReadState | None
    from_start: bool
    problem: str | None


def read_in_processes(
    sources: Sequence[Source], work: Sequence["Work"], options: Options, workers: int
) -> Iterator[tuple[int, Piece | None, str | None]]:
    """Like `tracker.ingest.read_here`, from several processes; files of different workers interleave."""
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("fork" if "fork" in methods else "spawn")
    following = context.Value("i", 0)
    pipes: list[Connection] = []
    processes = []
    for _ in range(min(workers, len(work))):
        ours, theirs = context.Pipe(duplex=False)
        _widen(ours)
        process = context.Process(
            target=_worker, args=(list(sources), list(work), options, following, theirs), daemon=True
        )
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    decode = msgspec.msgpack.Decoder(_Parcel).decode
    ended: set[int] = set()
    try:
        while pipes:
            for pipe in wait(pipes):
                assert isinstance(pipe, Connection)
                try:
                    parcel = decode(pipe.recv_bytes())
                except EOFError:
                    pipes.remove(pipe)
                    continue
                if parcel.batch is None or parcel.state is None:
                    ended.add(parcel.index)
                    yield parcel.index, None, parcel.problem
                else:
                    yield parcel.index, Piece(parcel.batch, parcel.state, parcel.from_start), None
    finally:
        for process in processes:
            process.join(timeout=0.5 if pipes else None)
            if process.is_alive():
                process.terminate()
    if len(ended) < len(work):
        # A worker died (memory, a signal): what it left is read here.
        from tracker.ingest import read_here

        rest = [index for index in range(len(work)) if index not in ended]
        for position, piece, problem in read_here(sources, [work[index] for index in rest], options):
            yield rest[position], piece, problem


def _worker(
    sources: list[Source],
    work: list["Work"],
    options: Options,
    following: "Synchronized[int]",
    pipe: Connection,
) -> None:
    gc.disable()
    encode = msgspec.msgpack.Encoder().encode
    while True:
        with following.get_lock():
            index = following.value
            following.value += 1
        if index >= len(work):
            break
        one = work[index]
        problem = None
        try:
            for piece in sources[one.source].read(one.file, one.state, options):
                pipe.send_bytes(encode(_Parcel(index, piece.batch, piece.state, piece.from_start, None)))
        except FileNotFoundError:
            pass
        except OSError as error:
            problem = f"{one.file.path}: {error.strerror or error}"
        pipe.send_bytes(encode(_Parcel(index, None, None, False, problem)))
    pipe.close()


def _widen(pipe: Connection) -> None:
    """Let workers run ahead of the writer: the default pipe holds less than one file's records (Linux only)."""
    try:
        import fcntl

        fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except (ImportError, AttributeError, OSError):
        return
