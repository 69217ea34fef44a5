#!/bin/sh
# Hands one hook event to the installed taximeter: the interpreter and launcher that `taximeter install` recorded, else
# the command on PATH. With neither, the event is noted in the spool and the user is told once how to install.
# It always ends with 0 and prints nothing of its own but that one message.
event=$1

case ${TAXIMETER_HOME:-} in
  "") state_home= ;;
  "~/"*) state_home=$HOME/${TAXIMETER_HOME#"~/"} ;;
  *) state_home=$TAXIMETER_HOME ;;
esac
if [ -z "$state_home" ]; then
  case ${XDG_DATA_HOME:-} in
    /*) state_home=$XDG_DATA_HOME/taximeter ;;
    *)
      if [ -d "$HOME/Library/Application Support" ]; then
        state_home="$HOME/Library/Application Support/taximeter"
      else
        state_home=$HOME/.local/share/taximeter
      fi
      ;;
  esac
fi

if [ -r "$state_home/command" ]; then
  { IFS= read -r python && IFS= read -r script; } <"$state_home/command"
  if [ -x "$python" ] && [ -f "$script" ]; then
    "$python" -I -S "$script" hook "$event" --home "$state_home"
    exit 0
  fi
fi
if command -v taximeter >/dev/null 2>&1; then
  taximeter hook "$event" --home "$state_home"
  exit 0
fi

# Not installed. The event's own text stays unread: what identifies it is in the environment.
cat >/dev/null
umask 077
mkdir -p "$state_home/spool" 2>/dev/null || exit 0
spool=$state_home/spool/events.jsonl
session=${CLAUDE_CODE_SESSION_ID:-}
case $session$event in *[!A-Za-z0-9._-]*) exit 0 ;; esac
if [ ! -f "$spool" ] || [ "$(wc -c <"$spool")" -lt 1000000 ]; then
  printf '{"event":"%s","at":%s000,"session_id":"%s"}\n' "$event" "$(date +%s)" "$session" >>"$spool" 2>/dev/null
fi
if [ "$event" = SessionStart ] && (set -C && : >"$state_home/spool/told-to-install") 2>/dev/null; then
  printf '%s\n' '{"systemMessage":"The taximeter plugin is on, but the program is not installed: uv tool install . in its checkout, then taximeter install claude-code --no-hooks"}'
fi
exit 0
