"""What runs and has run: statements, sessions, locks. Who is no superuser sees his own.

Source: Redshift database developer guide, "STL views for logging", "SYS_QUERY_HISTORY", "STV_SESSIONS".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog.privileges import is_superuser
from localaws.warehouse.catalog.system.facts import Facts
from localaws.warehouse.catalog.system.view import SystemView
from localaws.warehouse.conflicts import LOCKS
from localaws.warehouse.history import Ran

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

Rows = Iterable[Sequence[Any]]
_PIECE = 200  # characters of a statement's text in a row of STL_QUERYTEXT
_SHORT = 4000  # and in one of STL_QUERY and SYS_QUERY_HISTORY
_QUERIES = ("SELECT", "INSERT", "UPDATE", "DELETE", "COPY", "UNLOAD", "CTAS", "MERGE", "REFRESH MATERIALIZED VIEW")


def _seen(session: Session, statements: Iterable[Ran]) -> Iterator[Ran]:
    users = session.node.users
    everything = is_superuser(session) or bool(
        session.user in users and users.get(session.user).get("syslog")
    )  # fmt: skip
    return (each for each in statements if everything or each.user == session.user)


def _queries(session: Session) -> Rows:
    facts = Facts(session)
    for each in _seen(session, session.node.history.done()):
        if each.kind in _QUERIES:
            yield (
                facts.user_id(each.user), each.query, each.label, each.transaction, each.process, each.database,
                each.text[:_SHORT], each.start, each.end, int(bool(each.error)), 0, 0, "manual",
            )  # fmt: skip


def _texts(session: Session) -> Rows:
    facts = Facts(session)
    for each in _seen(session, session.node.history.done()):
        if each.kind in _QUERIES:
            for place in range(0, len(each.text), _PIECE):
                yield (facts.user_id(each.user), each.transaction, each.process, each.query, place // _PIECE,
                       each.text[place : place + _PIECE])  # fmt: skip


def _log(session: Session) -> Rows:
    """ "SVL_QLOG"."""
    facts = Facts(session)
    for each in _seen(session, session.node.history.done()):
        if each.kind in _QUERIES:
            yield (facts.user_id(each.user), each.query, each.transaction, each.process, each.start, each.end,
                   each.microseconds, int(bool(each.error)), each.label, each.text[:60], None, None)  # fmt: skip


def _other_texts(session: Session) -> Rows:
    """DDL and utilities ("STL_DDLTEXT", "STL_UTILITYTEXT")."""
    facts = Facts(session)
    for each in _seen(session, session.node.history.done()):
        if each.kind not in _QUERIES:
            for place in range(0, len(each.text), _PIECE):
                yield (facts.user_id(each.user), each.transaction, each.process, each.label, each.start, each.end,
                       place // _PIECE, each.text[place : place + _PIECE])  # fmt: skip


def _history(session: Session) -> Rows:
    facts, history = Facts(session), session.node.history
    for each in _seen(session, [*history.done(), *history.running()]):
        status = "running" if not each.end else "canceled" if each.cancelled else "failed" if each.error else "success"
        yield (
            facts.user_id(each.user), each.query, each.label, each.transaction, each.process, each.database, each.kind,
            status, False, each.start, each.end or None, each.microseconds, 0, each.microseconds, each.error,
            max(each.rows, 0), 0, each.text[:_SHORT], "16.0", "dev", "default", each.user,
        )  # fmt: skip


def _history_texts(session: Session) -> Rows:
    facts = Facts(session)
    for each in _seen(session, session.node.history.done()):
        for place in range(0, len(each.text), _SHORT):
            yield (facts.user_id(each.user), each.query, each.transaction, each.process, each.start, place // _SHORT,
                   each.text[place : place + _SHORT])  # fmt: skip


def _running(session: Session) -> Rows:
    facts = Facts(session)
    for each in _seen(session, session.node.history.running()):
        yield (facts.user_id(each.user), 0, "Running", each.start, each.microseconds, each.user, each.database,
               each.text[:600], each.process)  # fmt: skip


def _sessions(session: Session) -> Rows:
    everything = is_superuser(session)
    for user, database, process, since in session.node.sessions():
        if everything or user == session.user:
            yield since, process, user, database


def _session_history(session: Session) -> Rows:
    facts = Facts(session)
    for since, process, user, database in _sessions(session):
        yield facts.user_id(user), process, since, None, user, database, "connected"


def _transactions(session: Session) -> Rows:
    for transaction in session.node.conflicts.active():
        for (database, relation), mode in transaction.locks.items():
            yield (transaction.user, database, transaction.number, transaction.process, None, LOCKS[mode], "relation",
                   relation, True)  # fmt: skip
        if transaction.waits:
            (database, relation), mode = transaction.waits
            yield (transaction.user, database, transaction.number, transaction.process, None, LOCKS[mode], "relation",
                   relation, False)  # fmt: skip


VIEWS = {
    "stl_query": SystemView(
        ["userid INTEGER", "query INTEGER", "label VARCHAR", "xid BIGINT", "pid INTEGER", "database VARCHAR",
         "querytxt VARCHAR", "starttime TIMESTAMP", "endtime TIMESTAMP", "aborted INTEGER", "insert_pristine INTEGER",
         "concurrency_scaling_status INTEGER", "query_group VARCHAR"],
        _queries,
    ),
    "stl_querytext": SystemView(
        ["userid INTEGER", "xid BIGINT", "pid INTEGER", "query INTEGER", "sequence INTEGER", "text VARCHAR"], _texts
    ),
    "svl_qlog": SystemView(
        ["userid INTEGER", "query INTEGER", "xid BIGINT", "pid INTEGER", "starttime TIMESTAMP", "endtime TIMESTAMP",
         "elapsed BIGINT", "aborted INTEGER", "label VARCHAR", "substring VARCHAR", "source_query INTEGER",
         "concurrency_scaling_status_txt VARCHAR"],
        _log,
    ),
    "stl_ddltext": SystemView(
        ["userid INTEGER", "xid BIGINT", "pid INTEGER", "label VARCHAR", "starttime TIMESTAMP", "endtime TIMESTAMP",
         "sequence INTEGER", "text VARCHAR"],
        _other_texts,
    ),
    "sys_query_history": SystemView(
        ["user_id INTEGER", "query_id BIGINT", "query_label VARCHAR", "transaction_id BIGINT", "session_id INTEGER",
         "database_name VARCHAR", "query_type VARCHAR", "status VARCHAR", "result_cache_hit BOOLEAN",
         "start_time TIMESTAMP", "end_time TIMESTAMP", "elapsed_time BIGINT", "queue_time BIGINT",
         "execution_time BIGINT", "error_message VARCHAR", "returned_rows BIGINT", "returned_bytes BIGINT",
         "query_text VARCHAR", "redshift_version VARCHAR", "usage_limit VARCHAR", "compute_type VARCHAR",
         "username VARCHAR"],
        _history,
    ),
    "sys_query_text": SystemView(
        ["user_id INTEGER", "query_id BIGINT", "transaction_id BIGINT", "session_id INTEGER", "start_time TIMESTAMP",
         "sequence INTEGER", "text VARCHAR"],
        _history_texts,
    ),
    "stv_recents": SystemView(
        ["userid INTEGER", "slice INTEGER", "status VARCHAR", "starttime TIMESTAMP", "duration BIGINT",
         "user_name VARCHAR", "db_name VARCHAR", "query VARCHAR", "pid INTEGER"],
        _running,
    ),
    "stv_sessions": SystemView(
        ["starttime TIMESTAMP", "process INTEGER", "user_name VARCHAR", "db_name VARCHAR"], _sessions
    ),
    "sys_session_history": SystemView(
        ["user_id INTEGER", "session_id INTEGER", "start_time TIMESTAMP", "end_time TIMESTAMP", "user_name VARCHAR",
         "database_name VARCHAR", "status VARCHAR"],
        _session_history,
    ),
    "svv_transactions": SystemView(
        ["txn_owner VARCHAR", "txn_db VARCHAR", "xid BIGINT", "pid INTEGER", "txn_start TIMESTAMP",
         "lock_mode VARCHAR", "lockable_object_type VARCHAR", "relation BIGINT", "granted BOOLEAN"],
        _transactions,
    ),
}  # fmt: skip
