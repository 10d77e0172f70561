#!/usr/bin/env bash
# Whether the kernels compute on 64-bit ARM what they compute elsewhere: tests/arm.sh [FILTER ...]
#
# The tests run under QEMU as three processors: one with NEON alone, one with products of bytes (dotprod) and one with
# those of bytes without sign (i8mm). How fast they are there says nothing. A compiler for ARM, its libraries and QEMU are
# installed by apt-get where they are missing and that may be done. Filters replace the choice of tests of models.
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fail() {
    echo "arm: $*" >&2
    exit 1
}

# Debian's names of what has these commands, and of the libraries that a program is linked with.
packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user)
ready() {
    command -v aarch64-linux-gnu-gcc >/dev/null && command -v qemu-aarch64 >/dev/null &&
        [ -e /usr/aarch64-linux-gnu/lib/libc.so ]
}
if ! ready && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    install=(apt-get install -y -qq --no-install-recommends "${packages[@]}")
    "${install[@]}" >"$log" 2>&1 || { apt-get update -qq && "${install[@]}"; } >>"$log" 2>&1 || cat "$log" >&2
fi
ready || fail "needs a compiler for ARM, its libraries and QEMU; on Debian: ${packages[*]}"
if ! [ -d "$(rustc --print target-libdir --target "$target")" ]; then
    command -v rustup >/dev/null || fail "needs Rust's library for $target; rustup would install it"
    rustup target add "$target" || fail "needs Rust's library for $target"
fi

export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"

# There is no GPU in there.
unset MEGACHAT_TEST_GPU
filters=("$@")
if [ "${#filters[@]}" = 0 ]; then
    # Those that take no longer than some minutes here. Of the others the contract's fail as the first processor: candle
    # has an instruction of the second in its products of bytes, whether the processor has it or not.
    filters=(arithmetic::a_number_of logits::)
fi

# Runs the tests as a processor, if it is taken for one with these instructions.
try() {
    local told
    export QEMU_CPU=$1 MEGACHAT_TEST_ISA=$2
    echo "arm: as $QEMU_CPU, with $MEGACHAT_TEST_ISA"
    told=$(cargo test --quiet --target "$target" --lib the_processor_is_taken_for_what_it_is 2>&1) || fail "$told"
    [[ $told == *" 1 passed;"* ]] || fail "no test asks which kernels these are"
    cargo test --quiet --target "$target" --lib gpt2::cpu
    cargo test --quiet --target "$target" --test it -- "${filters[@]}"
}
try cortex-a72 "NEON"
try cortex-a76 "NEON dotprod"
try max "NEON i8mm"
echo "arm: all is well"
