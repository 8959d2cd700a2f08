#!/usr/bin/env bash
# The ten texts of docs/narratives.md are those that this build tells of the samples.
set -euo pipefail
candor=$(realpath "$1")
cd "$(dirname "$0")/../.."
samples=../shared/providers
if [ ! -d "$samples" ]; then
  if [ "${CANDOR_REQUIRE_SAMPLES:-}" = 1 ]; then
    echo "the samples of the providers are missing: $samples" >&2
    exit 1
  fi
  echo "no samples, nothing compared"
  exit 0
fi
page=$(mktemp)
trap 'rm -f "$page"' EXIT
python3 scripts/narratives "$candor" "$samples" "$page"
diff "$page" docs/narratives.md || {
  echo "docs/narratives.md is not what this build says: scripts/narratives target/release/candor $samples" >&2
  exit 1
}
echo "$(grep -c '^## ' "$page") texts of real exports, as in docs/narratives.md"
