"""The command `dehelpers`: the lab, the notebooks, and what to do when something is wrong."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from dehelpers.errors import LabError
from dehelpers.process import lab
from dehelpers.process.environment import export_lines, lab_environment, root_environment
from dehelpers.process.project import lab_directory

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 for success, 1 for failure, 2 for a wrong use, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except LabError as error:
        print(f"dehelpers: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # a path that cannot be read or written, a full disk
        print(f"dehelpers: {error.filename or 'the system'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("dehelpers: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dehelpers", description="A local AWS, and notebooks that teach on it.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(command=command)
        sub.add_argument(
            "--dir",
            type=Path,
            metavar="DIR",
            help="the lab's directory (default: $DEHELPERS_DIR, else .lab in the project)",
        )
        return sub

    sub = add("lab", _lab, "start the lab and open JupyterLab on the first notebook")
    sub.add_argument("notebook", nargs="?", type=Path, metavar="NOTEBOOK", help="open this one instead")
    sub.add_argument("--no-browser", action="store_true", help="only print the address")
    sub.add_argument("--port", type=_port, default=8888, metavar="N", help="JupyterLab's port (default: 8888)")

    sub = add("run", _run, "run notebooks headless on a fresh lab and write a report")
    sub.add_argument("notebooks", nargs="*", type=Path, metavar="NOTEBOOK", help="default: the whole course")
    sub.add_argument(
        "-p",
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a parameter in every notebook that has it; may be given more than once",
    )
    sub.add_argument("--jobs", type=_positive, default=1, metavar="N", help="notebooks at a time, a lab for each")
    sub.add_argument("--output", type=Path, metavar="DIR", help="where run/ and report/ go (default: build)")

    sub = add("start", _start, "start the lab, if it is not running")
    sub.add_argument("--port", type=_port, default=0, metavar="N", help="port to listen on (default: a free one)")
    add("stop", _stop, "stop the lab; its state stays")
    add("status", _status, "say whether the lab runs, and where")
    sub = add("env", _env, 'print export lines, for eval "$(dehelpers env)"; starts the lab if need be')
    sub.add_argument("--root", action="store_true", help="of the account's root user, whom no policy shuts out")
    sub = add("advance", _advance, "let time pass on the lab's clock, and wait for what was due")
    sub.add_argument("time", type=_duration, metavar="TIME", help="such as 90d, 12h, 30m, or 1d12h")
    add("reset", _reset, "stop the lab and delete everything in it")
    text = "show which exercises are solved"
    sub = commands.add_parser("progress", help=text, description=text[0].upper() + text[1:] + ".")
    sub.set_defaults(command=_progress)
    add("doctor", _doctor, "check this installation and name the fix for each fault")
    return parser


def _positive(text: str) -> int:
    return _number(text, 1, 1000)


def _port(text: str) -> int:
    return _number(text, 0, 65535)


def _duration(text: str) -> timedelta:
    match = re.fullmatch(r"(?=\d)(?:(\d{1,5})d)?(?:(\d{1,7})h)?(?:(\d{1,9})m)?", text, re.ASCII)
    if not match:
        raise argparse.ArgumentTypeError(f"must be days, hours and minutes, such as 90d or 1d12h, not {text!r}")
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _number(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"must be a number from {least} to {most}, not {text!r}")
    return int(text)


def _start(options: argparse.Namespace) -> int:
    running = lab.start(options.dir, options.port)
    print(f"The lab answers at {running.endpoint} (process {running.pid}, state in {running.directory}).")
    print('In a shell: eval "$(dehelpers env)", then use the AWS CLI or any SDK.')
    return 0


def _stop(options: argparse.Namespace) -> int:
    print("The lab is stopped; its state stays." if lab.stop(options.dir) else "The lab was not running.")
    return 0


def _status(options: argparse.Namespace) -> int:
    home = lab_directory(options.dir)
    running = lab.find(home)
    if running is None:
        print(f"The lab in {home} is not running. Start it with: dehelpers start")
        return 1
    facts = {
        "endpoint": running.endpoint,
        "over TLS": f"{running.https_endpoint} (AWS_CA_BUNDLE={running.ca_bundle})",
        "process": running.pid,
        "account": running.account_id,
        "region": running.region,
        "started": running.started,
        "state": running.directory,
    }
    for name, value in facts.items():
        print(f"{name:<9} {value}")
    return 0


def _env(options: argparse.Namespace) -> int:
    running = lab.start(options.dir)
    print(export_lines(root_environment(running) if options.root else lab_environment(running)))
    return 0


def _reset(options: argparse.Namespace) -> int:
    home = lab_directory(options.dir)
    print(f"Deleted everything in {home}." if lab.reset(home) else f"Nothing to delete in {home}.")
    return 0


# The rest brings heavy libraries along, so each is imported only when it is asked for.


def _lab(options: argparse.Namespace) -> int:
    from dehelpers.commands.jupyter import open_jupyterlab

    return open_jupyterlab(options.notebook, options.dir, options.port, browser=not options.no_browser)


def _run(options: argparse.Namespace) -> int:
    from dehelpers.commands.run import run

    return run(options.notebooks, dict(options.parameters), options.dir, options.jobs, options.output)


def _advance(options: argparse.Namespace) -> int:
    from botocore.credentials import Credentials

    from dehelpers.words.advancing import let_pass, still

    home = lab_directory(options.dir)
    running = lab.find(home)
    if running is None:
        raise LabError(f"the lab in {home} is not running. Start it with: dehelpers start")
    keys = Credentials(running.access_key_id, running.secret_access_key)
    now, unfinished = let_pass(running.endpoint, running.region, keys, options.time)
    print(f"On the lab's clock it is {now:%Y-%m-%d %H:%M} UTC.", *still(unfinished))
    return 0


def _progress(options: argparse.Namespace) -> int:
    from dehelpers.exercises import PARTS, exercises

    print("\n\n".join(repr(exercises(part)) for part in PARTS))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from dehelpers.commands.doctor import doctor

    return doctor(options.dir)
