# Resolve pyproject.toml into requirements.lock, for Python 3.11+ on Linux (x86-64, ARM) and macOS, and write
# environment.yml from it. Needs uv.
set -eu
cd "$(dirname "$0")/.."
{
    echo "# The exact version of everything, with hashes. Made from pyproject.toml by 'make lock'; not edited by hand."
    uv pip compile pyproject.toml --quiet --all-extras --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links
} >requirements.lock.new
mv requirements.lock.new requirements.lock
python3 tools/environment.py
