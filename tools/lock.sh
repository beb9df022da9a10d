# Resolve pyproject.toml into requirements.lock, and the requirements.in of tests/clients and of benchmarks into the lock
# beside each, for Python 3.11+ on Linux (x86-64, ARM) and macOS; write environment.yml from the first. Needs uv. What is
# locked stays as it is where it still fits: to have everything new, delete the lock first.
set -eu
cd "$(dirname "$0")/.."
lock() { # lock INPUT OUTPUT OPTION...
    input=$1 output=$2
    shift 2
    uv pip compile "$input" --output-file "$output" --quiet --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links "$@"
    sed -i.old "1i\\
# The exact version of everything, with hashes. Made by 'make lock'; not edited by hand." "$output"
    rm "$output.old"
}
lock pyproject.toml requirements.lock --all-extras
lock tests/clients/requirements.in tests/clients/requirements.lock --no-strip-extras
lock benchmarks/requirements.in benchmarks/requirements.lock --no-strip-extras
python3 tools/environment.py
