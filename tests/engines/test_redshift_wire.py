"""The server of a cluster holds to PostgreSQL's protocol, and nobody who does not gets anywhere.

Held to the PostgreSQL documentation, "Frontend/Backend Protocol", and to the Redshift management guide, "Quotas and
limits".
"""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import psycopg
import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.redshift_tools import PASSWORD, USER, Cluster, create

STARTUP = struct.pack("!i", 196608) + b"user\0" + USER.encode() + b"\0database\0dev\0\0"
SLOW = "SELECT count(*) FROM a AS x, a AS y, a AS z, a AS w WHERE mod(x.n * y.n + z.n * w.n, 97) = 96"


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "wire")
    with made.connect() as connection:
        connection.execute("CREATE TABLE a (n int)")
        for _ in range(2):
            connection.execute("INSERT INTO a VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)")
        for _ in range(4):
            connection.execute("INSERT INTO a SELECT n FROM a")
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="wire", SkipFinalClusterSnapshot=True)


def packet(body: bytes, size: int | None = None) -> bytes:
    return struct.pack("!i", len(body) + 4 if size is None else size) + body


def said(cluster: Cluster, *sent: bytes) -> bytes:
    """All that the server answers to these bytes before it closes the connection, or breaks it off."""
    answer = b""
    with socket.create_connection(("127.0.0.1", cluster.port), timeout=10) as client, suppress(OSError):
        for each in sent:
            client.sendall(each)
        client.shutdown(socket.SHUT_WR)
        while block := client.recv(1 << 16):
            answer += block
    return answer


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        packet(STARTUP, 1 << 30),
        packet(STARTUP, -5),
        packet(struct.pack("!i", 42) + b"x\0y\0\0"),
        packet(struct.pack("!i", 196608) + b"user"),
    ],
    ids=["another protocol", "too long", "negative", "unknown version", "no end"],
)
def test_what_is_no_beginning_ends_there(cluster: Cluster, sent: bytes) -> None:
    answer = said(cluster, sent)
    assert answer == b"" or (answer[:1] == b"E" and b"FATAL" in answer)


@pytest.mark.parametrize(
    "follows",
    [b"Q" + packet(b"SELECT 1\0"), b"p" + packet(b"wrong\0"), b"p" + packet(b"x", 1 << 28), b""],
    ids=["a query", "a wrong password", "a huge password", "nothing"],
)
def test_without_the_password_nothing_is_answered(cluster: Cluster, follows: bytes) -> None:
    asked = b"R" + struct.pack("!ii", 12, 5)  # for MD5 of the password
    answer = said(cluster, packet(STARTUP), follows)
    assert answer == b"" or answer.startswith(asked)  # what a broken connection still held is lost
    rest = answer[len(asked) + 4 :]
    assert rest == b"" or (rest[:1] == b"E" and b"FATAL" in rest)


def test_a_proof_is_good_for_one_connection_only(cluster: Cluster) -> None:
    """Each has a salt of its own, so that who has listened cannot say the same again."""
    salts = {said(cluster, packet(STARTUP))[9:13] for _ in range(4)}
    assert len(salts) == 4


def test_only_who_has_the_secret_cancels(cluster: Cluster) -> None:
    with cluster.connect() as running, cluster.connect() as other:
        failed: list[psycopg.Error] = []

        def run() -> None:
            try:
                running.execute(SLOW)
            except psycopg.Error as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        wrong = struct.pack("!iiI", 80877102, running.info.backend_pid, 1)
        said(cluster, packet(wrong))
        assert other.execute("SELECT 1").fetchone() == (1,)
        assert thread.is_alive() and not failed

        def stopped() -> bool:
            running.cancel_safe()
            thread.join(0.2)
            return not thread.is_alive()

        eventually(stopped)
        assert isinstance(failed[0], psycopg.errors.QueryCanceled)
        assert running.execute("SELECT 2").fetchone() == (2,)


def test_sixteen_clients_at_once(cluster: Cluster) -> None:
    """Each sees what all have committed, and nothing is lost."""
    with cluster.connect() as connection:
        connection.execute("CREATE TABLE together (client int, n int)")

    def work(client: int) -> int:
        with cluster.connect() as own:
            for n in range(5):
                own.execute("INSERT INTO together VALUES (%s, %s)", (client, n))
            found = own.execute("SELECT count(*) FROM together WHERE client = %s", (client,)).fetchone()
            return int(found[0]) if found else 0

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(work, range(16))) == [5] * 16
    with cluster.connect() as connection:
        assert connection.execute("SELECT count(*), count(DISTINCT client) FROM together").fetchone() == (80, 16)


class Plain:
    """A client that says what no library lets one say: it speaks the protocol by hand, without TLS."""

    def __init__(self, cluster: Cluster) -> None:
        self._socket = socket.create_connection(("127.0.0.1", cluster.port), timeout=10)
        self._socket.sendall(packet(STARTUP))
        salt = self._read()[-1][1][4:]
        inner = hashlib.md5(f"{PASSWORD}{USER}".encode()).hexdigest()
        self._socket.sendall(b"p" + packet(b"md5" + hashlib.md5(inner.encode() + salt).hexdigest().encode() + b"\0"))
        self._read(b"Z")

    def ask(self, *messages: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        """What is answered to these messages until the server is ready again."""
        self._socket.sendall(b"".join(kind + packet(body) for kind, body in messages))
        return self._read(b"Z")

    def _read(self, until: bytes = b"R") -> list[tuple[bytes, bytes]]:
        """Messages, up to one of the kind *until*."""
        found: list[tuple[bytes, bytes]] = []
        while not found or found[-1][0] != until:
            head = self._exactly(5)
            found.append((head[:1], self._exactly(struct.unpack("!i", head[1:])[0] - 4)))
        return found

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self._socket.recv(size - len(data))
        return data

    def close(self) -> None:
        self._socket.close()


def test_a_result_can_be_fetched_in_pieces_beside_other_statements(cluster: Cluster) -> None:
    """A portal keeps its rows until its transaction ends ("Extended Query"); JDBC's drivers ask for a few at a time."""
    client = Plain(cluster)
    with closing(client):
        client.ask((b"Q", b"BEGIN\0"))
        parse = b"\0SELECT DISTINCT n FROM a ORDER BY n\0" + struct.pack("!h", 0)
        bind = b"mine\0\0" + struct.pack("!hhh", 0, 0, 0)

        def fetch(most: int) -> tuple[bytes, bytes]:
            return b"E", b"mine\0" + struct.pack("!i", most)

        first = client.ask((b"P", parse), (b"B", bind), fetch(3), (b"S", b""))
        assert [kind for kind, _ in first] == [b"1", b"2", b"D", b"D", b"D", b"s", b"Z"]
        client.ask((b"Q", b"SELECT 'another'\0"))
        second = client.ask(fetch(3), (b"S", b""))
        assert [body[6:] for kind, body in second if kind == b"D"] == [b"4", b"5", b"6"]
        rest = client.ask(fetch(0), (b"S", b""))
        assert [body[6:] for kind, body in rest if kind == b"D"] == [b"7", b"8", b"9", b"10"]
        assert (b"C", b"SELECT 10\0") in rest


def test_numbers_go_in_both_forms(cluster: Cluster) -> None:
    """Text and binary mean the same."""
    query = (
        "SELECT 1::smallint, 2::int, 3::bigint, 1.5::real, -2.25::double precision, 12345.678::decimal(12, 3), "
        "0.00::decimal(5, 2), -0.0001::decimal(8, 4), true, date '2013-02-28', timestamp '2013-01-01 05:06:07.125', 'é'"
    )
    with cluster.connect() as connection:
        as_text = connection.execute(query).fetchone()
        with connection.cursor(binary=True) as cursor:
            as_binary = cursor.execute(query).fetchone()
    assert as_text == as_binary
