#!/usr/bin/env bash
# The page that `transcripts export --to html` writes, in a real browser: Chromium without a screen.
#
#     tests/page.sh [--missing-ok] [DIRECTORY]
#
# A text of 1,024 tokens with branches and hostile words is drawn by the demo, exported, and opened on a light and on a dark
# ground. Nothing is asked of anywhere else; a token that is reached by the keyboard tells what the model knew of it; letters stand
# out from their ground by 4.5 at the least. Pictures are left in DIRECTORY, if one is given. With --missing-ok a machine without
# Chromium is told what was not checked.
set -euo pipefail
cd "$(dirname "$0")/.."
missing_ok=
if [ "${1:-}" = --missing-ok ]; then
    missing_ok=1
    shift
fi
browser=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$browser" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    install=(apt-get install -y -qq --no-install-recommends chromium)
    "${install[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${install[@]}"; } >/dev/null 2>&1 || true
    browser=$(command -v chromium || true)
fi
if [ -z "$browser" ]; then
    echo "page: there is no chromium: the page was looked at in no browser" >&2
    [ -n "$missing_ok" ] && exit 0
    exit 1
fi
program=$(realpath -m "${MEGACHAT:-${CARGO_TARGET_DIR:-target}/debug/megachat}")
[ -x "$program" ] || cargo build --quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --disable-background-networking
    --user-data-dir="$work/profile" --virtual-time-budget=20000)
# A browser that is there and cannot be run is no other than none.
echo '<p>here' >"$work/blank.html"
if ! timeout 120 "$browser" "${flags[@]}" --dump-dom "file://$work/blank.html" 2>/dev/null | grep -q here; then
    echo "page: $browser opens no page here: the page was looked at in no browser" >&2
    [ -n "$missing_ok" ] && exit 0
    exit 1
fi
# Without the settings of whoever runs this.
for name in $(compgen -e | grep '^MEGACHAT_' || true); do unset "$name"; done
export MEGACHAT_HOME=$work/home

# A text with branches, as a person draws it; hostile words in it, in its title and in a mark.
{
    echo '/rename "><img src=x onerror=document.title="hit">'
    echo 'A <b>keeper</b> & </script><script>document.title="hit"</script> 日本 👩‍👧'
    echo '/name-bookmark </li><script>document.title="hit"</script>'
    echo '/rename "><img src=x onerror=document.title="hit">'
    echo '/reroll 60'
    echo '/temp 1.2'
    echo '/reroll 60'
    echo '/quit'
} | "$program" --plain -m demo -n 980 --ignore-eos --when-full slide -s 3 -q >/dev/null
"$program" transcripts export --to html -o "$work/page.html"
tokens=$("$program" transcripts list --json | grep -o '"tokens":[0-9]*' | head -1 | cut -d: -f2)
bytes=$(wc -c <"$work/page.html")
echo "page: $tokens tokens, $bytes bytes"
[ "$tokens" -ge 1000 ]
[ "$bytes" -le 1000000 ]
# Nothing that a browser would fetch.
if grep -Eo '(src|href|url|import|action)[ ]*[=(][ ]*["'"'"']?(https?:)?//[^ >]*' "$work/page.html"; then
    echo "page: it asks for something elsewhere" >&2
    exit 1
fi

# What is asked of the page, by a script behind it: the answers become the title.
cat >"$work/probe" <<'JS'
<script>
const failures = [];
const check = (what, is) => { if (!is) failures.push(what); };
const spans = [...document.querySelectorAll(".text [data-t]")];
const drawn = spans.find((it) => it.classList.contains("drawn"));
check("no script of a text ran", document.title !== "hit");
check("no picture", document.images.length === 0);
check("one heading", document.querySelectorAll("h1").length === 1);
check("every token can be reached", spans.length > 900 && spans.every((it) => it.tabIndex === 0));
check("the text is before its branches", document.querySelector("main > section").contains(drawn));
drawn.focus();
const about = document.getElementById("about");
const told = about.innerText;
check("a token is told: " + told, /by the model, rank \d+/.test(told) && /The die was 0\.\d+/.test(told));
check("its candidates are told", about.querySelectorAll("tr").length > 3);
check("its settings are told", /seed 3/.test(told));
document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true }));
check("an arrow goes on", document.activeElement === drawn.nextElementSibling && about.innerText !== told);
document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
check("Escape closes it", about.childElementCount === 0);
check("branches are beside each other", document.querySelectorAll(".columns > .column").length >= 3);
document.querySelectorAll("details").forEach((it) => { it.open = true; });
const light = ([r, g, b]) => {
  const linear = [r, g, b].map((it) => { const c = it / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
};
const numbers = (it) => (it.match(/[\d.]+/g) || []).map(Number);
const ground = (it) => {
  for (; it; it = it.parentElement) {
    const colour = numbers(getComputedStyle(it).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
let least = 99;
for (const it of document.querySelectorAll("h1, h2, h3, dt, dd, summary, .legend span, .settings, .text span, .tree em")) {
  const [one, other] = [light(numbers(getComputedStyle(it).color)), light(ground(it))].sort((a, b) => b - a);
  least = Math.min(least, (one + 0.05) / (other + 0.05));
}
check("contrast " + least.toFixed(2), least >= 4.5);
const dark = matchMedia("(prefers-color-scheme: dark)").matches;
document.title = (failures.length ? "FAILED " + failures.join("; ") : "well") + ` | ${dark ? "dark" : "light"}, contrast ${least.toFixed(2)}`;
</script>
JS
sed '/<\/body>/,$d' "$work/page.html" >"$work/probed.html"
cat "$work/probe" >>"$work/probed.html"
echo '</body></html>' >>"$work/probed.html"
for scheme in 1 0; do
    title=$("$browser" "${flags[@]}" --blink-settings=preferredColorScheme=$scheme --dump-dom "file://$work/probed.html" 2>/dev/null | grep -o '<title>[^<]*' | head -1)
    echo "page: ${title#<title>}"
    [[ $title == "<title>well"* ]]
done
if [ -n "${1:-}" ]; then
    mkdir -p "$1"
    for scheme in 1:light 0:dark; do
        "$browser" "${flags[@]}" --blink-settings=preferredColorScheme="${scheme%%:*}" --window-size=1000,1400 \
            --screenshot="$(realpath "$1")/page-${scheme##*:}.png" "file://$work/page.html" 2>/dev/null
    done
    "$browser" "${flags[@]}" --print-to-pdf="$(realpath "$1")/page.pdf" "file://$work/page.html" 2>/dev/null
fi
