"""What a later line may need from the earlier lines of a transcript."""

import msgspec

from store.records import Event


class Carry(msgspec.Struct, array_like=True):
    """Carried over between reads: stored in the ledger with the file's offset."""

    session: str = ""
    first_seen_at: int | None = None  # time of the file's first dated row: older lines further on are copies
    own_start_at: int | None = None
    cwd: str | None = None
    branch: str | None = None
    version: str | None = None
    entrypoint: str | None = None
    turn: str | None = None
    last_at: int | None = None  # of the latest line, whatever its order in time
    earliest_at: int | None = None
    latest_at: int | None = None
    asked_at: dict[str, int] = {}  # chain -> time of its latest prompt or tool result
    retries: int = 0
    output_words: bytes = b""  # of the agent's latest text
    has_output: bool = False
    recent: list[str] = []  # line ids since the latest answer: a prompt that hangs elsewhere is a rewind
    inline_chains: dict[str, str] = {}  # line id -> chain, for sidechains without an agent id
    chains: dict[str, int] = {}  # chain -> first time
    awaited: dict[str, str] = {}  # tool uses whose result tells more than its size
    tracked: bool = False  # the file has had an answer with a line id
    parent: str | None = None  # session of the latest copied line: what this one was forked from
    parent_at: int | None = None
    awaits_reply: bool = False  # the agent has said nothing since the latest prompt
    teams: list[str] = []  # agent teams that the session was in
    teammate: str | None = None  # its name there
    folder: str | None = None  # the project that the latest prompt was typed in
    caveat: str | None = None  # id of the latest line that says so of a command: it stays with the client
    mates: dict[str, str] = {}  # teammate's name -> chain, for those at work within the session
    nameless: dict[str, str] = {}  # line id (within progress records: chain) -> name made up for its answer
    rewind: tuple[str, Event] | None = None  # the latest prompt hangs on a line that may yet follow, else it is one
    opening_title: str | None = None  # what the user called the session before the first prompt
    old_title: str | None = None  # what it was called before the `/clear` that the file begins with
