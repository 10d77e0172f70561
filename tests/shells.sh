#!/usr/bin/env bash
# Whether shells take the scripts that complete, and mandoc the manual pages: tests/shells.sh [--missing-ok] [PROGRAM]
#
# zsh, fish and mandoc are installed by apt-get where they are missing and that may be done. A check that cannot run is
# told and fails the whole, unless --missing-ok is given. Nushell and PowerShell are no packages of it: without them that
# is told alone.
set -euo pipefail
cd "$(dirname "$0")/.."

missing_ok=no
if [ "${1-}" = --missing-ok ]; then
    missing_ok=yes
    shift
fi
program=$(realpath "${1-${CARGO_TARGET_DIR:-target}/debug/megachat}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    echo "shells: $*" >&2
    failures=$((failures + 1))
}

# Whether a command is here, or could be installed.
have() {
    command -v "$1" >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get install -y -qq --no-install-recommends "$1" >"$work/apt" 2>&1 ||
            { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$1"; } >>"$work/apt" 2>&1 || true
    fi
    command -v "$1" >/dev/null && return
    if [ "$missing_ok" = yes ]; then
        echo "shells: $1 is not here: $2 was not checked" >&2
    else
        fail "$1 is not here: $2 was not checked (--missing-ok lets that pass)"
    fi
    return 1
}

# Whether the candidates of a shell, one a line, are those that are expected, in any order.
expect() {
    local shell=$1 typed=$2 expected=$3 found=$4
    if [ "$(sort <<<"$found")" = "$(tr ' ' '\n' <<<"$expected" | sort)" ]; then
        return
    fi
    fail "$shell completes \`$typed\` with:"$'\n'"$found"$'\n'"instead of: $expected"
}

# The program as people have it: on the PATH, with a home, without the settings of whoever runs this.
for name in $(compgen -e | grep '^MEGACHAT_' || true); do unset "$name"; done
export MEGACHAT_HOME=$work/home HOME=$work/user
mkdir -p "$work/bin" "$HOME" "$MEGACHAT_HOME/state" "$MEGACHAT_HOME/data/transcripts" "$MEGACHAT_HOME/data/models/mine"
ln -s "$program" "$work/bin/megachat"
export PATH=$work/bin:$PATH
transcript=20260102-030405
: >"$MEGACHAT_HOME/data/transcripts/$transcript.jsonl"
: >"$MEGACHAT_HOME/data/models/mine/megachat.json"
echo '[{"device": "gpu:llvmpipe (LLVM)", "driver": "", "version": "", "model": "", "threads": 1}]' \
    >"$MEGACHAT_HOME/state/devices.json"
presets=$({ megachat -p x --preset nonsense 2>&1 || true; } | sed 's/.*there are //; s/, / /g')
[ "$(wc -w <<<"$presets")" -gt 5 ] || fail "no presets are known"

# What is typed, and what completes it.
checks=(
    "megachat mod=model"
    "megachat model in=info"
    "megachat --preset =$presets"
    "megachat replay 20=$transcript"
    "megachat transcripts show 20=$transcript"
    "megachat model remove m=mine"
    "megachat --dtype q=q8 q4"
    "megachat --device gp=gpu gpu:llvmpipe"
)

# Asks a shell all of that; its answers come from a function of the words that were typed.
ask_all() {
    local shell=$1 ask=$2 check typed
    for check in "${checks[@]}"; do
        typed=${check%%=*}
        expect "$shell" "$typed" "${check#*=}" "$("$ask" "$typed")"
    done
}

# The words of a line, one for each parameter, the last one empty behind a space.
words_of() {
    read -ra words <<<"$1"
    [[ $1 == *' ' ]] && words+=("")
    return 0
}

megachat completions bash >"$work/megachat.bash"
bash -n "$work/megachat.bash" || fail "bash does not take its script"
ask_bash() {
    local words
    # Bash parts words at the sign, and has no word yet behind one that ends the line.
    local line=${1//=/ = }
    line=${line//:/ : }
    case $1 in *[=:]) line=${line% } ;; esac
    words_of "$line"
    # The script is sourced as people do, and the function called that it registers.
    bash --norc --noprofile -c '
        source "$1"
        shift
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
        registered=$(complete -p megachat)
        function=$(sed "s/.* -F \([^ ]*\) .*/\1/" <<<"$registered")
        typed=${COMP_WORDS[COMP_CWORD]}
        "$function" megachat "${typed#[=:]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}"
    ' bash "$work/megachat.bash" "${words[@]}"
}
ask_all bash ask_bash
expect bash "megachat --preset=wi" wild "$(ask_bash "megachat --preset=wi")"
expect bash "megachat --preset=" "$presets" "$(ask_bash "megachat --preset=")"
for typed in "--device gpu:" "--device gpu:ll" "--device=gpu:ll"; do
    expect bash "megachat $typed" llvmpipe "$(ask_bash "megachat $typed")"
done

megachat completions zsh >"$work/_megachat"
if have zsh "the script for zsh"; then
    zsh -n "$work/_megachat" || fail "zsh does not take its script"
    # As compinit loads it: by the name of its file, at the first Tab. What shows candidates prints them here.
    ask_zsh() {
        local words
        words_of "$1"
        zsh -f -c '
            compdef() { }
            # A colon ends a candidate, but for one behind a backslash.
            _describe() {
                local found
                for found in "${(@P)3}"; do
                    found=${${found//\\:/$mark}%%:*}
                    print -r -- "${found//$mark/:}"
                done
            }
            mark="<colon>"
            fpath=("$1" $fpath)
            shift
            words=("$@") CURRENT=$#
            autoload -Uz _megachat
            _megachat
        ' zsh "$work" "${words[@]}"
    }
    ask_all zsh ask_zsh
    expect zsh "megachat --preset=wi" --preset=wild "$(ask_zsh "megachat --preset=wi")"
fi

megachat completions fish >"$work/megachat.fish"
if have fish "the script for fish"; then
    fish --no-execute "$work/megachat.fish" || fail "fish does not take its script"
    ask_fish() {
        fish --no-config -c 'source $argv[1]; complete --do-complete $argv[2]' "$work/megachat.fish" "$1" | cut -f1
    }
    ask_all fish ask_fish
    expect fish "megachat --preset=wi" --preset=wild "$(ask_fish "megachat --preset=wi")"
fi

megachat completions nushell >"$work/megachat.nu"
megachat completions powershell >"$work/megachat.ps1"
if command -v nu >/dev/null; then
    nu --no-config-file -c "source $work/megachat.nu" || fail "nushell does not take its script"
else
    echo "shells: nu is not here: the script for nushell was not checked" >&2
fi
if command -v pwsh >/dev/null; then
    pwsh -NoProfile -Command ". $work/megachat.ps1" || fail "PowerShell does not take its script"
else
    echo "shells: pwsh is not here: the script for PowerShell was not checked" >&2
fi

megachat man --dir "$work/man1" 2>/dev/null
if have mandoc "the manual"; then
    # Notes on style count, too.
    mandoc -Tlint -Wall "$work"/man1/*.1 >"$work/lint" || true
    [ ! -s "$work/lint" ] || fail "mandoc says:"$'\n'"$(sort "$work/lint" | sed "s|$work/||" | head -40)"
    mandoc -Tutf8 "$work/man1/megachat.1" >/dev/null || fail "mandoc does not show the page"
fi

[ "$failures" = 0 ] || exit 1
echo "shells: all is well"
