"""s3fs as a file system: write, list, glob, append, move, remove. Argument: the bucket."""

import sys

import pandas as pd
import s3fs

bucket = sys.argv[1]
fs = s3fs.S3FileSystem()
fs.mkdir(bucket)
for day in ("01", "02"):
    with fs.open(f"{bucket}/raw/day={day}/part.csv", "w") as file:
        file.write(f"day\n{day}\n")
print("glob:", [path.split("/", 1)[1] for path in sorted(fs.glob(f"{bucket}/raw/*/*.csv"))])
print("ls:", [path.split("/", 1)[1] for path in sorted(fs.ls(f"{bucket}/raw"))])
with fs.open(f"{bucket}/raw/day=01/part.csv", "a") as file:
    file.write("03\n")
print("append:", fs.cat(f"{bucket}/raw/day=01/part.csv"))
paths = (f"{bucket}/raw/day=01", f"{bucket}/raw/day=09", "no-such-bucket/x")
print("exists:", [fs.exists(path) for path in paths])
fs.mv(f"{bucket}/raw/day=02/part.csv", f"{bucket}/raw/moved.csv")
print("find:", [path.split("/", 1)[1] for path in sorted(fs.find(bucket))])
with fs.open(f"{bucket}/large", "wb", block_size=5 << 20) as file:
    for _ in range(3):
        file.write(b"x" * (4 << 20))
print("multipart:", fs.info(f"{bucket}/large")["size"], fs.cat_file(f"{bucket}/large", start=10, end=14))
pd.DataFrame({"x": [1, 2, 3]}).to_parquet(f"s3://{bucket}/frame.parquet")
print("pandas:", pd.read_parquet(f"s3://{bucket}/frame.parquet")["x"].tolist())
try:
    fs.cat(f"{bucket}/nothing")
except FileNotFoundError:
    print("missing: FileNotFoundError")
fs.rm(bucket, recursive=True)
print("removed:", not s3fs.S3FileSystem().exists(bucket))
