"""What people ask for later: what waits for them, what every run did, and every write with its reason."""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import msgspec

from qbsf.report import AttentionItem, Failure, LastRun, Record, Report, Requests, Run, Summary
from qbsf.state.codec import dump, instant, pack
from qbsf.state.known import KnownKeys
from qbsf.state.store import State

LAST_SUCCESS = "last_success_at"
"""The fact of the state that tells when a pass last went well, by this machine's clock."""

_RECORD = msgspec.json.Decoder(Record)

LATE = "late:"
"""How the keys of late invoices begin."""


@dataclass(frozen=True)
class WriteEntry:
    """One write that qbsf made: which run, when by Salesforce's clock, and the record with old and new values."""

    run_id: str
    at: datetime
    record: Record


class Journal:
    """The tables of attention, runs and writes."""

    def __init__(self, state: State) -> None:
        self._db = state.db
        self._waiting = KnownKeys(state, "SELECT key FROM attention")
        self._late = KnownKeys(state, f"SELECT key FROM attention WHERE key LIKE '{LATE}%'")  # noqa: S608 - its own text

    def attend(self, key: str, record: Record, fingerprint: str, now: datetime) -> None:
        """A record waits for a person; since when, and whether it was acknowledged, stays while its facts do."""
        row = self._db.execute("SELECT since, fingerprint, acknowledged, record FROM attention WHERE key = ?", (key,))
        known = row.fetchone()
        same = known is not None and known[1] == fingerprint
        same_reason = known is not None and json.loads(known[3])["reason"] == record.reason
        since = known[0] if known is not None and same_reason else instant(now)
        self._db.execute(
            "INSERT OR REPLACE INTO attention VALUES (?, ?, ?, ?, ?)",
            (key, since, fingerprint, encode_record(record), known[2] if same else None),
        )
        self._waiting.add(key)
        if key.startswith(LATE):
            self._late.add(key)

    def attention_facts(self, key: str) -> tuple[str, str] | None:
        """(reason, fingerprint) of what waits for a person under a key."""
        if key not in self._waiting:
            return None
        row = self._db.execute("SELECT record, fingerprint FROM attention WHERE key = ?", (key,)).fetchone()
        return None if row is None else (json.loads(row[0])["reason"], row[1])

    def settle(self, key: str) -> None:
        """It waits for nobody any more."""
        if key in self._waiting:
            self._db.execute("DELETE FROM attention WHERE key = ?", (key,))
            self._waiting.remove(key)
            self._late.remove(key)

    def settle_late(self, opportunity_id: str, keep: Collection[str] = ()) -> None:
        """Settle what waits about further invoices of an Opportunity, but these keys."""
        if self._late:
            for key in self._late.beginning(late_key(opportunity_id)):
                if key not in keep:
                    self.settle(key)

    def attention(self) -> tuple[AttentionItem, ...]:
        """Everything that waits for a person, the oldest first; acknowledged items too."""
        rows = self._db.execute("SELECT record, since, acknowledged FROM attention ORDER BY since, key")
        return tuple(
            AttentionItem(decode_record(row[0]), datetime.fromisoformat(row[1]), row[2] is not None, row[2] or "")
            for row in rows
        )

    def wrote(self, run_id: str, at: datetime, record: Record) -> None:
        """Remember a write."""
        self.wrote_all(run_id, at, [(record, encode_record(record))])

    def wrote_all(self, run_id: str, at: datetime, records: Iterable[tuple[Record, str]]) -> None:
        """Remember writes: their records, each with its text (`encode_record`)."""
        self._db.executemany(
            "INSERT INTO writes (run_id, at, opportunity_id, invoice_ids, record) VALUES (?, ?, ?, ?, ?)",
            [
                (
                    run_id,
                    instant(at),
                    record.opportunity_id,
                    " ".join([f"{i.id} {i.number}" for i in record.invoices]),
                    body,
                )
                for record, body in records
            ],
        )

    def writes(self, since: datetime | None = None) -> tuple[WriteEntry, ...]:
        """Every write that is remembered, made at `since` or later, the oldest first."""
        rows = self._db.execute(
            "SELECT run_id, at, record FROM writes WHERE at >= ? ORDER BY id", (instant(since) if since else "",)
        )
        return tuple(WriteEntry(row[0], datetime.fromisoformat(row[1]), decode_record(row[2])) for row in rows)

    def writes_after(self, number: int) -> tuple[WriteEntry, ...]:
        """The writes that were remembered after the one of this number, the oldest first."""
        rows = self._db.execute("SELECT run_id, at, record FROM writes WHERE id > ? ORDER BY id", (number,))
        return tuple(WriteEntry(row[0], datetime.fromisoformat(row[1]), decode_record(row[2])) for row in rows)

    def newest_write(self) -> int:
        """The number of the newest write that is remembered, 0 where there is none."""
        number: int = self._db.execute("SELECT COALESCE(MAX(id), 0) FROM writes").fetchone()[0]
        return number

    def ran(self, report: Report) -> None:
        """Keep what a writing pass did."""
        run = {**asdict(report.run), "started_at": instant(report.run.started_at)}
        run["finished_at"] = instant(report.run.finished_at)
        body = {
            "run": run,
            "summary": asdict(report.summary),
            "requests": asdict(report.requests),
            "exit_code": report.exit_code,
            "error": asdict(report.error) if report.error else None,
        }
        self._db.execute(
            "INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", (report.run.id, instant(report.run.started_at), dump(body))
        )

    def last_run(self) -> LastRun | None:
        row = self._db.execute("SELECT body FROM runs ORDER BY started_at DESC, rowid DESC LIMIT 1").fetchone()
        if row is None:
            return None
        body = json.loads(row[0])
        run = body["run"]
        run["started_at"] = datetime.fromisoformat(run["started_at"])
        run["finished_at"] = datetime.fromisoformat(run["finished_at"])
        error = body["error"]
        return LastRun(
            Run(**run),
            Summary(**body["summary"]),
            Requests(**body["requests"]),
            body["exit_code"],
            Failure(**error) if error else None,
        )

    def prune(self, before: datetime) -> None:
        """Forget runs and writes older than `log.history_days`."""
        self._db.execute("DELETE FROM writes WHERE at < ?", (instant(before),))
        self._db.execute("DELETE FROM runs WHERE started_at < ?", (instant(before),))


def late_key(opportunity_id: str, invoice_id: str = "") -> str:
    """The key under which a further invoice of an Opportunity waits; without one, what those keys begin with."""
    return f"{LATE}{opportunity_id}:{invoice_id}"


def encode_record(record: Record) -> str:
    return pack(record)


def decode_record(body: str) -> Record:
    return _RECORD.decode(body)
