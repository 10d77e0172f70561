#!/usr/bin/env bash
# Whether the program is well typed on systems that are not here: tests/elsewhere.sh [TARGET ...]
#
# Apple's GPUs are reached by Metal, Windows' by Direct3D: code of libraries that is not even compiled elsewhere. No program
# is linked, so that a stand-in for a C compiler is enough: it makes empty files.
set -euo pipefail
cd "$(dirname "$0")/.."
targets=("$@")
if [ "${#targets[@]}" = 0 ]; then
    targets=(aarch64-apple-darwin x86_64-pc-windows-msvc aarch64-unknown-linux-gnu)
fi
stand_ins=$(mktemp -d)
trap 'rm -rf "$stand_ins"' EXIT
cat >"$stand_ins/cc" <<'STAND_IN'
#!/usr/bin/env bash
# Makes what it is asked for, with nothing in it.
before=
for word in "$@"; do
    case "$word" in
        -Fo* | /Fo*) : >"${word#?Fo}" ;;
        -OUT:* | -out:* | /OUT:* | /out:*) : >"${word#*:}" ;;
    esac
    if [ "$before" = -o ]; then : >"$word"; fi
    before=$word
done
STAND_IN
cat >"$stand_ins/ar" <<'STAND_IN'
#!/usr/bin/env bash
# An archive is the first word that is called like one.
for word in "$@"; do
    case "$word" in
        -OUT:* | -out:* | /OUT:* | /out:*) : >"${word#*:}" ;;
        *.a | *.lib) : >"$word"; exit ;;
    esac
done
STAND_IN
chmod +x "$stand_ins/cc" "$stand_ins/ar"
rustup target add "${targets[@]}" >/dev/null 2>&1 || true
for target in "${targets[@]}"; do
    name=${target//-/_}
    env "CC_$name=$stand_ins/cc" "CXX_$name=$stand_ins/cc" "AR_$name=$stand_ins/ar" SDKROOT=/ \
        cargo check --quiet --lib --bins --target "$target"
    echo "elsewhere: well typed for $target"
done
