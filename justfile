# The commands of the house. `just` lists them.

_list:
    @just --list --unsorted

# Everything CI runs.
check:
    scripts/test

# What needs Rust alone.
test *ARGS:
    cargo test {{ ARGS }}

# The rules of the house.
tidy:
    cargo test --test tidy

fmt:
    cargo fmt

lint:
    cargo clippy --all-targets --all-features -- -D warnings

# The pages of the code, with broken links refused.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items

# Licences, sources and advisories of what we depend on.
deny:
    cargo deny check

# How fast the statistics are.
bench:
    cargo bench

# The statistics on one seed, for twenty minutes, and the tables of the page from what was found. A missed target stays in both.
calibration SEED:
    -cargo run --release -- calibrate --seed {{ SEED }} --json > docs/calibration.json
    CANDOR_ACCEPT=1 cargo test --test calibration_page

# A made-up person through all stages.
demo *ARGS:
    cargo run --release -- demo --once {{ ARGS }}

# A new page of decisions: just new-adr 0009 "one plain title"
new-adr NUMBER TITLE:
    #!/usr/bin/env bash
    set -euo pipefail
    name=$(printf '%s' {{ quote(TITLE) }} | tr '[:upper:]' '[:lower:]' | tr -cs 'a-z0-9' '-')
    page="docs/adr/{{ NUMBER }}-${name%-}.md"
    printf '# %s\n\nStatus: proposed, %s\n\n## Context\n\n## Options\n\n## Outcome\n' {{ quote(TITLE) }} "$(date +%F)" > "$page"
    echo "$page"
