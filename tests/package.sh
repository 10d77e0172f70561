#!/usr/bin/env bash
# Whether the package that cargo makes is small enough, and all that the program needs: tests/package.sh [--allow-dirty]
#
# It is unpacked elsewhere and built there without a network. What it has in common with the program here is not built
# again.
set -euo pipefail
cd "$(dirname "$0")/.."
# 9.1 MB, to two digits.
most=9149999
built=$(realpath "${CARGO_TARGET_DIR:-target}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo package --quiet --no-verify "$@"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
package=$built/package/megachat-$version.crate
size=$(wc -c <"$package")
echo "package: $size bytes, $(tar -tzf "$package" | wc -l) files"
if [ "$size" -gt "$most" ]; then
    echo "package: more than $most bytes; the largest files are:" >&2
    tar -tvzf "$package" | sort -k3,3nr | head >&2
    exit 1
fi
tar -xzf "$package" -C "$work"
# All packages' files are of one age: what an earlier run built of another commit would count as built of this one.
touch "$work/megachat-$version/.cargo_vcs_info.json"
(cd "$work/megachat-$version" && CARGO_TARGET_DIR=$built cargo build --release --offline)
program=$built/${CARGO_BUILD_TARGET:+$CARGO_BUILD_TARGET/}release/megachat
"$program" --version
# It knows the commit, though there is no repository around it.
commit=$(git rev-parse --short=12 HEAD)
"$program" --version | grep -q "^commit *$commit$" || { echo "package: the program does not name commit $commit" >&2; exit 1; }
MEGACHAT_HOME=$work/home "$program" -p 'Once upon a time' -n 3 -s 1 -m demo -q
