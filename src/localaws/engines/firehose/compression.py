"""How a delivered object is compressed (ExtendedS3DestinationConfiguration's CompressionFormat)."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile

import pyarrow as pa

#: CompressionFormat → the file extension that Firehose appends ("Configure Amazon S3 object name format").
EXTENSIONS = {"UNCOMPRESSED": "", "GZIP": ".gz", "ZIP": ".zip", "Snappy": ".snappy", "HADOOP_SNAPPY": ".hsnappy"}


def compress(data: bytes, compression: str, name: str) -> bytes:
    """*data* in one of the formats of `EXTENSIONS`; *name* is the entry's name in a ZIP archive."""
    match compression:
        case "GZIP":
            return gzip.compress(data, mtime=0)
        case "ZIP":
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
                file.writestr(name, data)
            return archive.getvalue()
        case "Snappy":
            return _snappy_framed(data)
        case "HADOOP_SNAPPY":
            return _snappy_hadoop(data)
    return data


def _snappy_framed(data: bytes) -> bytes:
    """Google's framing format (snappy/framing_format.txt): chunks of at most 64 KiB with a masked CRC-32C."""
    from awscrt import checksums  # CRC-32C in hardware; only here because it takes 30 ms to import

    snappy = pa.Codec("snappy")
    chunks = [b"\xff\x06\x00\x00sNaPpY"]
    for start in range(0, len(data), 1 << 16):
        block = data[start : start + (1 << 16)]
        checksum = checksums.crc32c(block)
        masked = ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF
        body = struct.pack("<I", masked) + snappy.compress(block, asbytes=True)
        chunks.append(b"\x00" + len(body).to_bytes(3, "little") + body)
    return b"".join(chunks)


def _snappy_hadoop(data: bytes) -> bytes:
    """Hadoop's BlockCompressorStream: blocks of 256 KiB, each with both lengths, big-endian, in front."""
    snappy = pa.Codec("snappy")
    blocks = []
    for start in range(0, len(data), 1 << 18):
        block = data[start : start + (1 << 18)]
        packed = snappy.compress(block, asbytes=True)
        blocks.append(struct.pack(">II", len(block), len(packed)) + packed)
    return b"".join(blocks)
