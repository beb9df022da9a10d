"""Exercises on choosing a store: six access patterns, and what keeping and reading cost."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from dehelpers.exercises.checks.numbers import number
from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.outcome import NotYet
from dehelpers.words.price import estimate
from dehelpers.words.show import Picture, table

STORES = ("s3", "iceberg", "rds", "dynamodb", "redshift")
PATTERNS = {
    "a": "Displays at 300 gates ask for one flight by its key, 3,000 times a second, and wait 10 ms at most.",
    "b": "A booking takes a seat, a payment and a meal in four tables, all or nothing; foreign keys hold.",
    "c": "80 analysts join the 3 TB of five years on dashboards all day, and want an answer in a second or two.",
    "d": "Radar writes 40,000 GB of raw files a year. The law wants them for seven years; nobody has read one yet.",
    "e": "Weeks later corrections of single flights arrive. Athena and Spark read the same tables, also as they were.",
    "f": "Every 10 s each of 10,000 planes writes where it is. It is read by plane, and after a day it may go.",
}
RIGHT = {"a": "dynamodb", "b": "rds", "c": "redshift", "d": "s3", "e": "iceberg", "f": "dynamodb"}
#: What speaks against a choice. It says what the store is bad at, never which one is good at it.
AGAINST: dict[tuple[str, str], str] = {
    ("a", "rds"): "3,000 requests a second, at night none, need a server that is large all day, and connections.",
    ("b", "dynamodb"): "A transaction of up to 100 items it has. What holds between tables, foreign keys, it has not.",
    ("c", "s3"): "Athena reads files anew for each question, and each is billed by the bytes: what is asked all day?",
    ("c", "iceberg"): "Athena reads files anew for each question, and each is billed by the bytes: asked all day, too.",
    ("c", "rds"): "It keeps rows together: to add up one column of 3 TB it reads all of them, beside the bookings.",
    (
        "e",
        "s3",
    ): "A file of Parquet cannot be changed in one row, and nothing tells a reader which files were valid when.",
    ("e", "redshift"): "Corrections it can do. Spark and Athena do not read its tables as files, nor as they were.",
    ("f", "s3"): "1,000 PUTs a second for a few bytes each cost 13,000 USD a month, and the last one is to be found.",
    (
        "f",
        "iceberg",
    ): "Each commit writes metadata, and few can be made in a second: how many rows come, and how large?",
    ("f", "rds"): "1,000 updates a second of rows that go after a day: who deletes them, and who vacuums?",
}
IN_GENERAL = {
    "s3": "Objects are written and read whole. Is this pattern about whole objects?",
    "iceberg": "It is a table of files for engines that read many rows. Is this pattern about many rows?",
    "rds": "One server keeps rows and transactions. Does this pattern need them, at that size?",
    "dynamodb": "It answers by a key that is known. Which key would that be here?",
    "redshift": "It adds up columns of many rows, for few at a time. Is that what is asked here?",
}
GB = 40_000
KEPT = {"s3": "s3.storage", "rds": "rds.storage", "dynamodb": "dynamodb.storage", "redshift": "redshift.storage"}


def _scene() -> Picture:
    rows = [{"": letter, "what is wanted": text} for letter, text in PATTERNS.items()]
    return table(rows, "Six access patterns. Stores: " + ", ".join(STORES) + ". S3 and Iceberg are read by Athena.")


@PART.exercise(
    "Six patterns, five stores",
    kind="choose",
    stage=_scene,
    hints=(
        "Ask of each: by what is it found, how much is read at a time, who changes it, and together with what?",
        "One store is right twice, the others once each. Begin with the pattern that needs transactions over tables.",
        "`de.estimate({key: GB}, hours=730).total` is a month's price. The keys are `s3.storage`, `rds.storage`, "
        "`dynamodb.storage` and `redshift.storage`.",
    ),
)
def choose_stores(choice: dict[str, str], usd: dict[str, float]) -> str:
    stores = _choice(choice)
    right = sum(stores[letter] == RIGHT[letter] for letter in PATTERNS)
    for letter, store in stores.items():
        if store != RIGHT[letter]:
            advice = AGAINST.get((letter, store), IN_GENERAL[store])
            raise NotYet(f"{right} of {len(PATTERNS)} are right. {letter}, {store}: {advice}")
    prices = {store: estimate({key: GB}, hours=730).total for store, key in KEPT.items()}
    _compare(usd, prices)
    dearest = max(prices, key=lambda store: prices[store])
    return (
        f"What is never read costs {prices['s3']:,.0f} USD a month in S3 Standard and {prices[dearest]:,.0f} in "
        f"{dearest}; a colder class of S3 takes it for less than a tenth."
    )


def _choice(choice: Any) -> dict[str, str]:
    if not isinstance(choice, dict) or not PATTERNS.keys() <= choice.keys():
        raise NotYet(f"`choice` is a dict with a store for each of {', '.join(PATTERNS)}.")
    stores = {letter: str(choice[letter]).strip().lower() for letter in PATTERNS}
    if strange := [store for store in stores.values() if store not in STORES]:
        raise NotYet(f"There is no store `{strange[0]:.20}`: choose from {', '.join(STORES)}.")
    return stores


def _compare(usd: Any, prices: Mapping[str, float]) -> None:
    if not isinstance(usd, dict) or not prices.keys() <= usd.keys():
        raise NotYet(f"The stores are right. `usd` is a dict with a price for each of {', '.join(prices)}.")
    for store, price in prices.items():
        said = number(usd[store], "The stores are right. A price is a number of US dollars, not {}.")
        if math.isclose(said, price / 730, rel_tol=0.03):
            raise NotYet(f"The stores are right. {store}: that is the price of an hour. `hours=730` is a month.")
        if math.isclose(said, 12 * price, rel_tol=0.03):
            raise NotYet(f"The stores are right. {store}: that is the price of a year.")
        if not math.isclose(said, price, rel_tol=0.03):
            raise NotYet(f"The stores are right. {store}: {GB:,} GB for a month do not cost {said:,.2f} USD there.")


RRU_READS = 2  # eventually consistent reads of up to 4 KB that one unit pays
SECONDS = 730 * 3600
STORED = 20  # GB


def _break_even(*, reads_a_unit: float = RRU_READS, storage: bool = True) -> float:
    """Reads a second at which both cost the same."""
    server = {"rds.t4g_micro_hour": 1.0} | ({"rds.storage": STORED} if storage else {})
    kept = estimate({"dynamodb.storage": STORED}, hours=730).total if storage else 0.0
    unit = estimate({"dynamodb.read": 1}).total
    return (estimate(server, hours=730).total - kept) / unit * reads_a_unit / SECONDS


@PART.exercise(
    "Where a server is cheaper",
    kind="predict",
    hints=(
        "Both keep the same GB. The server costs the same whether or not it is asked; DynamoDB costs what is asked.",
        "A read unit pays one strongly consistent read of up to 4 KB. How many of the other kind?",
        "Take the storage in DynamoDB from the month of the server, divide by the price of a read, then by the seconds "
        "of 730 hours.",
    ),
)
def break_even(reads_a_second: float) -> str:
    said = number(reads_a_second, "`reads_a_second` should be a number, and is {}.")
    right = _break_even()
    slips = {
        "That is the break-even of strongly consistent reads, which cost twice as much.": _break_even(reads_a_unit=1),
        "The requests are right. Both stores also charge for the 20 GB, and not the same.": _break_even(storage=False),
        "An item of 1 KB does not cost a quarter of a unit: each read is rounded up.": _break_even(reads_a_unit=8),
        "That many in a month, perhaps. How many seconds has it?": right * SECONDS,
        "That many in an hour. How many seconds has it?": right * 3600,
    }
    for advice, slip in slips.items():
        if math.isclose(said, slip, rel_tol=0.04):
            raise NotYet(advice)
    if not math.isclose(said, right, rel_tol=0.06):
        raise NotYet(f"At {said:,.1f} reads a second {'the server' if said > right else 'DynamoDB'} is still cheaper.")
    return (
        f"About {right:.0f} reads a second, day and night: below that DynamoDB is cheaper, and at night it costs "
        "nothing. It also keeps three copies, and this server has one."
    )


FILES, KB = 10_000_000, 20
CLASSES = {"STANDARD": "s3.storage", "STANDARD_IA": "s3.standard_ia", "GLACIER_IR": "s3.glacier_instant"}
LEAST_KB = {"STANDARD": 0, "STANDARD_IA": 128, "GLACIER_IR": 128}
LEAST_DAYS = {"STANDARD": 0, "STANDARD_IA": 30, "GLACIER_IR": 90}
DAYS = 30


def _kept(name: str, *, size: bool = True, days: bool = True) -> float:
    """What the files cost in a class, with or without its smallest size and its shortest time."""
    kb = max(KB, LEAST_KB[name]) if size else KB
    months = max(DAYS, LEAST_DAYS[name]) / 30 if days else 1.0
    return estimate({CLASSES[name]: FILES * kb / 1e6}, hours=730).total * months


@PART.exercise(
    "Small, and soon deleted",
    kind="predict",
    hints=(
        "The price of a GB is only one of three numbers of a class: look at the notes in `de.prices()`.",
        "An object smaller than 128 KB is billed as one of 128 KB in two of these classes.",
        "Who deletes an object before its class's least time pays for the rest of it.",
    ),
)
def small_and_short(usd: dict[str, float]) -> str:
    if not isinstance(usd, dict) or not CLASSES.keys() <= usd.keys():
        raise NotYet(f"`usd` is a dict with a price for each of {', '.join(CLASSES)}.")
    said = {name: number(usd[name], "A price is a number of US dollars, not {}.") for name in CLASSES}
    advice: dict[str, Callable[[str], float]] = {
        "that is the price of their bytes. How large is the smallest object that this class knows?": lambda name: _kept(
            name, size=False, days=False
        ),
        "the size is right. How long is an object there at least, on the bill?": lambda name: _kept(name, days=False),
        "the time is right. How large is the smallest object that this class knows?": lambda name: _kept(
            name, size=False
        ),
    }
    for name in CLASSES:
        right = _kept(name)
        if math.isclose(said[name], right, rel_tol=0.08):  # a month may have 30 days or 730 hours, a GB 10**9 or 2**30
            continue
        for words, slip in advice.items():
            if math.isclose(said[name], slip(name), rel_tol=0.08):
                raise NotYet(f"{name}: {words}")
        raise NotYet(f"{name}: {FILES:,} files of {KB} KB for {DAYS} days do not cost {said[name]:,.2f} USD.")
    prices = ", ".join(f"{name} {_kept(name):.2f}" for name in CLASSES)
    return f"In US dollars: {prices}. The class with the dearest GB is the cheapest for them."
