#!/usr/bin/env bash
# Makes what is published of a version, and tries it: tests/release.sh [--musl] [OUT]
#
# OUT (target/release-files if none is given) then holds megachat-VERSION-TARGET.tar.gz with program, manual, completions,
# README and LICENSE, a package for Debian, and SHA256SUMS. --musl makes an archive of a program that needs no library,
# too. `tests/release.sh --names TARGET` only prints the name of that archive and the path of the program in it.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name() { echo "megachat-$version-$1"; }

if [ "${1-}" = --names ]; then
    echo "$(name "$2").tar.gz"
    echo "$(name "$2")/megachat"
    exit
fi
musl=no
if [ "${1-}" = --musl ]; then
    musl=yes
    shift
fi
built=${CARGO_TARGET_DIR:-target}
out=${1-$built/release-files}
mkdir -p "$out"
out=$(realpath "$out")
rm -f "$out"/megachat* "$out/SHA256SUMS"
host=$(rustc -vV | sed -n 's/^host: //p')
# The oldest glibc that a program is made for, where zig can link.
oldest_glibc=2.28
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { echo "release: $*"; }

# Runs a program as somebody would who just installed it: no home, no settings. Prints what it writes.
try() {
    local program=$1
    env -i PATH=/usr/bin:/bin HOME="$work" MEGACHAT_HOME="$(mktemp -d "$work/home.XXXX")" "$program" --version >&2
    env -i PATH=/usr/bin:/bin HOME="$work" MEGACHAT_HOME="$(mktemp -d "$work/home.XXXX")" \
        "$program" -p 'Once upon a time' -n 3 -s 1 -m demo -q
}

# What is written of a program beside it. It lies where the metadata of the Debian package look for it.
documents=target/documents
document() {
    rm -rf "$documents"
    mkdir -p "$documents/completions"
    "$1" man --dir "$documents/man1"
    "$1" completions bash >"$documents/completions/megachat.bash"
    "$1" completions zsh >"$documents/completions/_megachat"
    "$1" completions fish >"$documents/completions/megachat.fish"
    "$1" completions powershell >"$documents/completions/megachat.ps1"
    "$1" completions nushell >"$documents/completions/megachat.nu"
}

# An archive of a program for a target, the same bytes from the same program.
archive() {
    local program=$1 target=$2 directory
    directory=$work/$(name "$target")
    mkdir -p "$directory/man"
    cp "$program" README.md LICENSE "$directory"
    cp -r "$documents/man1" "$directory/man/"
    cp -r "$documents/completions" "$directory/"
    tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct 2>/dev/null || echo 0)" \
        --directory "$work" "$(name "$target")" | gzip -9n >"$out/$(name "$target").tar.gz"
}

# zig links with a glibc older than that of this system; Python's packages have it ready made.
tools=$(realpath "$built")/tools
if ! cargo zigbuild --help >/dev/null 2>&1 && python3 -m venv "$tools/python" >/dev/null 2>&1; then
    "$tools/python/bin/pip" install --quiet cargo-zigbuild >/dev/null 2>&1 || true
    PATH=$PATH:$tools/python/bin
    export CARGO_ZIGBUILD_PYTHON_PATH=$tools/python/bin/python
fi
# Builds for a target, in its own directory; the last argument is what zig makes of it.
build() {
    if cargo zigbuild --help >/dev/null 2>&1; then
        cargo zigbuild --release --target "$2"
    else
        say "cargo zigbuild cannot be had: linked with what this system has"
        cargo build --release --target "$1"
    fi
}
build "$host" "$host.$oldest_glibc"
program=$built/$host/release/megachat
say "the program needs glibc $(objdump -T "$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1 | sed s/GLIBC_//) at least"
document "$program"
archive "$program" "$host"

# A package for Debian, by cargo-deb.
if ! cargo deb --version >/dev/null 2>&1; then
    cargo install --quiet --locked --root "$tools" cargo-deb
    PATH=$PATH:$tools/bin
fi
cargo deb --quiet --no-build --no-strip --target "$host" --output "$out/"

if [ "$musl" = yes ]; then
    target=${host%-*}-musl
    if rustup target add "$target" >/dev/null 2>&1; then
        build "$target" "$target"
        static=$built/$target/release/megachat
        "$static" --version | grep -q 'the CPU only' || { say "the static program does not say that it is for the CPU only"; exit 1; }
        archive "$static" "$target"
    else
        say "no library for $target can be had here: no static program was made"
        exit 1
    fi
fi

# Each in an empty root, the program from there.
expected=$(try "$program" 2>/dev/null)
[ -n "$expected" ] || { say "the program writes nothing"; exit 1; }
check() {
    local what=$1 program=$2 found
    found=$(try "$program")
    [ "$found" = "$expected" ] || { say "$what writes \`$found\` instead of \`$expected\`"; exit 1; }
    say "$what works and writes:$found"
}
for file in "$out"/*.tar.gz; do
    root=$(mktemp -d "$work/root.XXXX")
    directory=$(basename "$file" .tar.gz)
    tar --extract --file "$file" --directory "$root"
    for it in README.md LICENSE man/man1/megachat.1 man/man1/megachat-model-import.1 completions/megachat.bash completions/_megachat; do
        [ -s "$root/$directory/$it" ] || { say "$file has no $it"; exit 1; }
    done
    check "$(basename "$file")" "$root/$directory/megachat"
done
for file in "$out"/*.deb; do
    root=$(mktemp -d "$work/root.XXXX")
    dpkg -x "$file" "$root"
    for it in man/man1/megachat.1.gz man/man1/megachat-model-import.1.gz bash-completion/completions/megachat \
        zsh/vendor-completions/_megachat fish/vendor_completions.d/megachat.fish doc/megachat/copyright; do
        [ -s "$root/usr/share/$it" ] || { say "$file has no usr/share/$it"; exit 1; }
    done
    dpkg-deb --field "$file" Package Version Architecture Depends
    check "$(basename "$file")" "$root/usr/bin/megachat"
done
(cd "$out" && sha256sum ./*.tar.gz ./*.deb | sed 's|\./||' >SHA256SUMS && sha256sum --check --quiet SHA256SUMS)
(cd "$out" && wc -c ./* && cat SHA256SUMS)
