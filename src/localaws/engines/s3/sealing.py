"""Bytes that lie encrypted on disk: AES-256-GCM in chunks, so that any part of a large object can be read by itself.

What is written at once, an object or a part of one, is a segment: a random prefix, then chunks, each with its tag. A
chunk's nonce is the segment's prefix and the chunk's number, so that none comes twice under a data key, and a chunk
cannot be moved. How many there are follows from the size, which the object's record has.

Sources: S3 user guide, "Protecting data with encryption" (AES-256-GCM); NIST SP 800-38D, section 8.2 (nonces). The
chunks are those of MinIO's Data At Rest Encryption.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Block = bytes | memoryview
#: Plain bytes of a chunk: so much is read and decrypted for a range of one byte.
CHUNK = 1 << 16
_TAG, _PREFIX, _NONCE = 16, 8, 12
_NUMBER = _NONCE - _PREFIX
#: Chunks that are read and sent at once.
_RUN = 8
#: What a data key has.
KEY_BYTES = 32


def sealed_size(size: int) -> int:
    """How many bytes *size* of them are when they are sealed as one segment."""
    return _PREFIX + size + -(-size // CHUNK) * _TAG


def seal(key: bytes, blocks: Iterable[Block]) -> Iterator[bytes]:
    """*blocks*, which may be of any sizes, as what is to be written: one segment."""
    cipher, prefix = AESGCM(key), os.urandom(_PREFIX)
    yield prefix
    for number, chunk in enumerate(_chunks(blocks)):
        yield cipher.encrypt(_nonce(prefix, number), chunk, None)


def unseal(
    key: bytes, read: Callable[[int, int], bytes], segments: Sequence[int], start: int, length: int
) -> Iterator[Block]:
    """*length* plain bytes from *start* on, of *segments* of so many plain bytes one behind the other.

    *read* gives so many sealed bytes from a place on. Raises OSError where they are not what was written.
    """
    cipher, place = AESGCM(key), 0
    for size in segments:
        wanted = max(min(length, size - start), 0)
        if wanted:
            prefix = read(_PREFIX, place)
            end = (start + wanted - 1) // CHUNK + 1
            for number in range(start // CHUNK, end, _RUN):
                first, last = number * CHUNK, min(min(number + _RUN, end) * CHUNK, size)
                chunks = -(-(last - first) // CHUNK)
                sealed = read(last - first + chunks * _TAG, place + _PREFIX + number * (CHUNK + _TAG))
                plain = _decrypted(cipher, prefix, number, sealed)
                low, high = max(start - first, 0), start + wanted - first
                yield plain if not low and high >= len(plain) else plain[low:high]
        start, length = max(start - size, 0), length - wanted
        if not length:
            return
        place += sealed_size(size)


def wrap(wrapping: bytes, key: bytes) -> bytes:
    """A data key under another key."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(wrapping).encrypt(nonce, key, None)


def unwrap(wrapping: bytes, wrapped: bytes) -> bytes | None:
    """The data key; None if another key has wrapped it."""
    try:
        return AESGCM(wrapping).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], None)
    except InvalidTag:
        return None


def new_key() -> bytes:
    return os.urandom(KEY_BYTES)


def _decrypted(cipher: AESGCM, prefix: bytes, number: int, sealed: bytes) -> memoryview:
    """The plain bytes of chunks one behind the other, *number* the first of them."""
    whole, left = divmod(len(sealed), CHUNK + _TAG)
    plain = memoryview(bytearray(whole * CHUNK + max(left - _TAG, 0)))
    source = memoryview(sealed)
    try:
        for place in range(0, len(plain), CHUNK):
            chunk = source[: CHUNK + _TAG]
            cipher.decrypt_into(_nonce(prefix, number), chunk, None, plain[place : place + CHUNK])
            source, number = source[CHUNK + _TAG :], number + 1
    except InvalidTag:
        raise OSError("an object's file is damaged: what it holds is not what was written") from None
    return plain


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + number.to_bytes(_NUMBER, "big")


def _chunks(blocks: Iterable[Block]) -> Iterator[Block]:
    """*blocks* cut anew into chunks; the last may be shorter."""
    held = b""
    for block in blocks:
        view = memoryview(b"".join((held, block)) if held else block)
        whole = len(view) // CHUNK * CHUNK
        for first in range(0, whole, CHUNK):
            yield view[first : first + CHUNK]
        held = bytes(view[whole:])
    if held:
        yield held
