"""A COPY at work: rows into the table, all or none, and each that is rejected on record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

import duckdb

from localaws.lake.quoting import internal, literal, name, own
from localaws.warehouse.errors import CANCELLED, INTERNAL, RedshiftError
from localaws.warehouse.loading import columnar, documents, fields, records
from localaws.warehouse.loading.documents import JsonPath
from localaws.warehouse.loading.files import File, Folder, files_of
from localaws.warehouse.loading.history import Entry
from localaws.warehouse.loading.reasons import Reject, reason_of
from localaws.warehouse.loading.request import Copy
from localaws.warehouse.loading.target import Target
from localaws.warehouse.loading.values import checked, listed, raw, strict, value
from localaws.warehouse.statements.transactions import using

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_stages = count()


@dataclass
class Outcome:
    """What a load has come to; *lines* by the URI of the file, where that is known."""

    rows: int = 0
    rejects: list[Reject] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)


class Load:
    """*copy* into *target*, in the transaction of *session*."""

    def __init__(self, session: Session, copy: Copy, target: Target) -> None:
        self._session, self._copy, self._target = session, copy, target
        self._paths: list[JsonPath] = []
        self._enough = max(copy.most_errors, 1)

    def run(self) -> Outcome:
        """Raises RedshiftError where nothing is loaded; what was rejected is on record then."""
        copy, target = self._copy, self._target
        files = files_of(self._ask("read", uri=copy.source, manifest="MANIFEST" in copy.flags))
        try:
            if not files:
                prefix = copy.source.removeprefix("s3://").partition("/")[2]
                raise RedshiftError(INTERNAL, f"The specified S3 prefix '{prefix}' does not exist")
            files = [file for file in files if file.size]
            with Folder(self._session.node.databases.scratch) as folder, self._entry() as entry:
                outcome = self._load(files, folder)
                status = "completed" if len(outcome.rejects) < self._enough else "failed"
                places = {each.name: place for place, each in enumerate(target.fields, 1)}
                entry.rejected(target.relation.id, outcome.rejects, places)
                sizes = [(file.uri, file.size) for file in files]
                entry.loaded(target.name, copy.source, copy.format.lower(), sizes, outcome.lines, outcome.rows,
                             outcome.rejects, status)  # fmt: skip
        finally:
            for file in files:
                if file.path.is_relative_to(self._session.node.databases.scratch):  # one that lay encrypted
                    file.path.unlink(missing_ok=True)
        if status == "failed":
            said = f"Load into table '{target.name}' failed.  Check 'stl_load_errors' system table for details."
            raise RedshiftError(INTERNAL, said)
        return outcome

    @contextmanager
    def _entry(self) -> Iterator[Entry]:
        entry = Entry(self._session)
        try:
            yield entry
        finally:
            entry.close()

    def _ask(self, question: str, **arguments: Any) -> Any:
        copy, session = self._copy, self._session
        return session.node.lab.ask(question, rights=copy.rights, user=session.user, region=copy.region, **arguments)

    def _load(self, files: list[File], folder: Folder) -> Outcome:
        copy, targets = self._copy, self._target.fields
        if not files:
            return Outcome()
        if copy.is_columnar:
            if copy.format == "ORC":
                files = [columnar.orc_as_parquet(file, folder) for file in files]
            query = columnar.values(self._session, files, targets, "FILLRECORD" in copy.flags)
            return Outcome(self._insert(query))
        if copy.format == "AVRO":
            files = [documents.avro_as_json(file, folder) for file in files]
        if copy.format in ("JSON", "AVRO"):
            document = None
            if copy.paths.startswith("s3://"):
                document = self._ask("text", uri=copy.paths)
            self._paths = documents.paths_of(copy, targets, document)
            relation = documents.quick(copy, files, targets, self._paths)
        else:
            relation = fields.quick(copy, files, len(targets))
        if relation is not None:
            for plain in (True, False):
                try:
                    return Outcome(self._insert(strict(targets, copy, relation, plain)))
                except duckdb.InterruptException:
                    raise
                except duckdb.Error:
                    pass  # something is wrong with a record, and it is to be found which
        return self._load_carefully(files, folder)

    def _load_carefully(self, files: list[File], folder: Folder) -> Outcome:
        copy, targets = self._copy, self._target.fields
        outcome, relations = Outcome(), list[str]()
        for file in files:
            path = folder.new(".parquet")
            left = self._enough - len(outcome.rejects)
            try:
                scanned, rejects = records.write(self._records(file, folder), file.uri, len(targets), path, left,
                                                  self._check)  # fmt: skip
            except (OSError, EOFError):
                raise RedshiftError(
                    INTERNAL, f"{file.uri} cannot be read: it is no {copy.packed or copy.format.lower()} file"
                ) from None
            outcome.lines[file.uri] = scanned
            relation = f"read_parquet({literal(str(path))})"
            relations.append(f"SELECT * FROM {relation}")
            rejects += self._wrong(file, relation)
            outcome.rejects += sorted(rejects, key=lambda reject: reject.line)
            if len(outcome.rejects) >= self._enough:
                del outcome.rejects[self._enough :]
                return outcome
        rows = checked(targets, copy, f"({' UNION ALL '.join(relations)})")
        values = ", ".join(value(place) for place in range(len(targets)))
        outcome.rows = self._insert(f"SELECT {values} FROM ({rows}) WHERE {own('wrong')} IS NULL")
        return outcome

    def _check(self) -> None:
        """Raises RedshiftError once the statement is cancelled."""
        if self._session.is_cancelled():
            raise RedshiftError(CANCELLED, "Query cancelled on user's request")

    def _records(self, file: File, folder: Folder) -> Iterator[records.Record]:
        copy, targets = self._copy, self._target.fields
        if copy.format in ("JSON", "AVRO"):
            return documents.records(copy, file, targets, self._paths)
        return records.of_text(copy, file, [each.name for each in targets])

    def _wrong(self, file: File, relation: str) -> list[Reject]:
        """The records of *relation* that have a value which is none of its column."""
        targets = self._target.fields
        texts = ", ".join(raw(place) for place in range(len(targets)))
        wrong, line, written = own("wrong"), name(records.LINE), name(records.RAW)
        found = self._reading(
            f"SELECT {wrong}, {line}, {written}, {texts} FROM ({checked(targets, self._copy, relation)}) "
            f"WHERE {wrong} IS NOT NULL ORDER BY {line} LIMIT {self._enough}"
        )
        rejects = []
        for place, number, text, *values in found:
            code, reason = reason_of(targets[place], self._copy, values[place])
            position = max(text.find(values[place]), 0) if values[place] else 0
            rejects.append(Reject(file.uri, number, text, code, reason, targets[place], values[place] or "", position))
        return rejects

    def _reading(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of files alone: not in the session's transaction, which an error would end."""
        with self._session.beside() as cursor:
            return cursor.execute(sql).fetchall()

    def _insert(self, query: str) -> int:
        """Put the rows of *query* into the table, all or none; returns how many. Raises duckdb.Error."""
        target, session = self._target, self._session
        into = f"INSERT INTO {target.sql} ({listed(target.fields)})"
        if session.status == "I" and "NOLOAD" not in self._copy.flags:
            with using(session, writes=[target.relation]):
                return int(session.execute(f"{into} {query}")[0][0])
        # An error within the session's transaction would end it: the rows are read beside it.
        stage = name(internal(f"stage{next(_stages)}"))
        with session.beside() as beside:
            beside.execute(f"ATTACH ':memory:' AS {stage}")
            try:
                beside.execute(f"CREATE TABLE {stage}.staged AS {query}")
                if "NOLOAD" in self._copy.flags:
                    return int(beside.execute(f"SELECT count(*) FROM {stage}.staged").fetchall()[0][0])
                with using(session, writes=[target.relation]):
                    return int(session.execute(f"{into} SELECT * FROM {stage}.staged")[0][0])
            finally:
                beside.execute(f"DETACH {stage}")
