"""Uploads by an HTML form: ``POST /bucket`` with fields, a signed policy, and the file last.

Source: S3 API reference, "Browser-based uploads using POST" and "POST Object". The policy is the proof of who allows
the upload; once it holds, the request goes on as the PutObject that it stands for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape

from defusedxml import ElementTree
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from localaws.gateway.environ import environ_key
from localaws.gateway.errors import AwsError
from localaws.gateway.response import Response
from localaws.gateway.virtual_host import bucket_of_host

MAX_FIELDS_BYTES = 20 * 1024  # of all that comes before the file (POST Object)
#: In the environ of a PutObject that was a form: S3 tells its event apart (s3:ObjectCreated:Post).
POSTED = "localaws.posted"
_STANDARD_HEADERS = {"cache-control", "content-type", "content-disposition", "content-encoding", "expires"}
_OF_THE_SIGNATURE = {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"}


def is_form_upload(environ: dict[str, Any]) -> bool:
    """Whether this is a form that is posted to a bucket: the one request that carries its signature in its body."""
    return (
        environ["REQUEST_METHOD"] == "POST"
        and environ.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data")
        and "HTTP_AUTHORIZATION" not in environ
        and not environ.get("QUERY_STRING")
    )


@dataclass
class Upload:
    """A form as far as its file. ``fields`` has its values by lower-case names."""

    bucket: str
    fields: dict[str, str]
    _decoder: MultipartDecoder
    _stream: BinaryIO

    def file(self, directory: Path, largest: int | None) -> tuple[IO[bytes], int]:
        """The file's content, spooled into *directory*, and its size; raises EntityTooLarge over *largest* bytes."""
        spooled: IO[bytes] = TemporaryFile(dir=directory)  # noqa: SIM115 - the request is served from it
        size, more = 0, True
        while more:
            event = _next(self._decoder, self._stream, 1 << 16)
            if not isinstance(event, Data):
                raise _malformed()
            size, more = size + len(event.data), event.more_data
            if largest is not None and size > largest:
                raise AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
            spooled.write(event.data)
        while not isinstance(event := _next(self._decoder, self._stream, 1 << 16), Epilogue):
            if isinstance(event, File):
                raise _not_one_file()  # fields after the file are ignored
        spooled.seek(0)
        return spooled, size


def read_form(environ: dict[str, Any]) -> Upload:
    """Read the fields of a form; the file is not read yet. Raises S3's own errors for what is no such form."""
    if not environ.get("CONTENT_LENGTH"):
        raise AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    _, options = parse_options_header(environ["CONTENT_TYPE"])
    if not options.get("boundary"):
        raise _malformed()
    decoder = MultipartDecoder(options["boundary"].encode())
    fields: dict[str, str] = {}
    name, value = "", b""
    stream = environ["wsgi.input"]
    fields_stream = _Limited(stream, MAX_FIELDS_BYTES)
    while not isinstance(event := _next(decoder, fields_stream, 4096), File):
        if isinstance(event, Field):
            name, value = event.name.lower(), b""
        elif isinstance(event, Data):
            value += event.data
            if not event.more_data:
                fields[name] = value.decode("utf-8", "replace")
        elif isinstance(event, Epilogue):
            raise _not_one_file()
    filename = re.split(r"[/\\]", event.filename or "")[-1]
    fields = {name: value.replace("${filename}", filename) for name, value in fields.items()}
    bucket = bucket_of_host(environ) or environ["PATH_INFO"].strip("/")
    if not fields.get("key"):
        raise missing_field("key")
    return Upload(bucket, fields, decoder, stream)


def missing_field(name: str) -> AwsError:
    order = "If it is specified, please check the order of the fields."
    return AwsError("InvalidArgument", f"Bucket POST must contain a field named '{name}'.  {order}")


def as_put(environ: dict[str, Any], upload: Upload, content: IO[bytes], size: int) -> None:
    """Make *environ* the PutObject that the form stands for."""
    target = "/" + quote(f"{upload.bucket}/{upload.fields['key']}", safe="/~")
    for name in [name for name in environ if name.startswith("HTTP_") and name != "HTTP_HOST"]:
        del environ[name]
    environ.update(
        REQUEST_METHOD="PUT",
        REQUEST_URI=target,
        RAW_URI=target,
        PATH_INFO=f"/{upload.bucket}/{upload.fields['key']}".encode().decode("latin-1"),
        HTTP_HOST=f"127.0.0.1:{environ['SERVER_PORT']}",
        CONTENT_TYPE="binary/octet-stream",
        CONTENT_LENGTH=str(size),
    )
    environ["wsgi.input"] = content
    environ[POSTED] = True
    for name, value in _headers(upload.fields).items():
        environ[environ_key(name)] = value.encode().decode("latin-1")


def answer(environ: dict[str, Any], upload: Upload, stored: Response) -> Response:
    """What the form is told once *stored* has been answered; an error is told as it is."""
    if stored.status_code != 200:
        return stored
    bucket, key, etag = upload.bucket, upload.fields["key"], stored.headers.get("ETag", "")
    location = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}/{quote(f'{bucket}/{key}', safe='/~')}"
    headers = {name: value for name, value in stored.headers.items() if name.lower().startswith(("x-amz-", "etag"))}
    redirect = urlsplit(upload.fields.get("success_action_redirect") or upload.fields.get("redirect", ""))
    if redirect.scheme in ("http", "https") and redirect.netloc:
        told = urlencode({"bucket": bucket, "key": key, "etag": etag})
        query = f"{redirect.query}&{told}" if redirect.query else told
        return Response(b"", 303, {**headers, "Location": redirect._replace(query=query).geturl()})
    headers["Location"] = location
    status = upload.fields.get("success_action_status")
    if status == "201":
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<PostResponse><Location>{escape(location)}</Location><Bucket>{escape(bucket)}</Bucket>"
            f"<Key>{escape(key)}</Key><ETag>{escape(etag)}</ETag></PostResponse>"
        )
        return Response(body, 201, {**headers, "Content-Type": "application/xml"})
    return Response(b"", 200 if status == "200" else 204, headers)


def _headers(fields: dict[str, str]) -> dict[str, str]:
    """The headers of the PutObject, from the fields that stand for them."""
    headers = {
        name: value
        for name, value in fields.items()
        if name in _STANDARD_HEADERS or (name.startswith("x-amz-") and name not in _OF_THE_SIGNATURE)
    }
    if "acl" in fields:
        headers["x-amz-acl"] = fields["acl"]
    if "tagging" in fields:
        headers["x-amz-tagging"] = _tags(fields["tagging"])
    return headers


def _tags(document: str) -> str:
    try:
        tags = ElementTree.fromstring(document, forbid_dtd=True).iter("Tag")
        return urlencode({tag.findtext("Key", ""): tag.findtext("Value", "") for tag in tags})
    except (ParseError, ValueError):  # ValueError: a document type, which can define entities without end
        raise AwsError("MalformedXML", "The tagging field of the form is not well-formed XML.") from None


class _Limited:
    """Reads *stream* until over *limit* bytes were read; raises MaxPostPreDataLengthExceeded then."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._left = limit

    def read(self, size: int) -> bytes:
        if self._left <= 0:
            message = "Your POST request fields preceding the upload file were too large."
            raise AwsError("MaxPostPreDataLengthExceeded", message)
        data = self._stream.read(size)
        self._left -= len(data)
        return data


def _next(decoder: MultipartDecoder, stream: BinaryIO | _Limited, size: int) -> Any:
    try:
        while isinstance(event := decoder.next_event(), NeedData):
            decoder.receive_data(stream.read(size) or None)
    except ValueError:
        raise _malformed() from None
    return event


def _malformed() -> AwsError:
    return AwsError("MalformedPOSTRequest", "The body of your POST request is not well-formed multipart/form-data.")


def _not_one_file() -> AwsError:
    return AwsError("InvalidArgument", "POST requires exactly one file upload per request.")
