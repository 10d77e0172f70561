# Bash takes `--flag=value` and `gpu:name` apart at the sign. The program is asked for one word, and its answer begins behind
# the sign. A word of its own behind `--flag=` looks the same to a function that completes, so it is joined, too.
_megachat() {
    local -a words=()
    local at last word
    for ((at = 0; at <= COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]}
        last=$((${#words[@]} - 1))
        if [[ $at == "$COMP_CWORD" && $word != [=:] ]]; then
            word=$2
        fi
        if ((last > 0)) && [[ ${words[last]} == --* && ($word == "=" || ${words[last]} == *=) ]]; then
            words[last]+=$word
        elif ((last > 0)) && [[ $COMP_WORDBREAKS == *:* && ($word == ":" || ${words[last]} == *:) ]]; then
            words[last]+=$word
        else
            words+=("$word")
        fi
    done
    local COMP_CWORD=$((${#words[@]} - 1))
    local -a COMP_WORDS=("${words[@]}")
    word=${words[COMP_CWORD]}
    _clap_complete_megachat "$1" "$word" "${words[COMP_CWORD - 1]}"
    if [[ $word == --*=* && $COMP_WORDBREAKS == *"="* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${word%%=*}="}")
        word=${word#*=}
    fi
    if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -o nospace -o bashdefault -o nosort -F _megachat megachat
else
    complete -o nospace -o bashdefault -F _megachat megachat
fi
