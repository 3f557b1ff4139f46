#!/bin/sh
# Ends what its parent leaves behind. Its standard input is a pipe that only the parent holds: when the parent dies, even by
# kill -9, the input ends. Lines: "+PID SIGNAL" watch a process group leader, "-PID" forget it, "=PATH" folder to delete last.
# Watched processes are stopped newest first, each by its signal, and killed with their group after 10 seconds.
trap '' HUP INT TERM
watched=''
folder=''
while read -r line; do
  case $line in
    +*) watched="${line#+} $watched" ;;
    -*) watched=$(printf '%s' "$watched" | awk -v gone="${line#-}" '{ for (i = 1; i < NF; i += 2) if ($i != gone) printf "%s %s ", $i, $(i + 1) }') ;;
    =*) folder=${line#=} ;;
  esac
done
# shellcheck disable=SC2086
set -- $watched
while [ $# -ge 2 ]; do
  kill -s "$2" "$1" 2>/dev/null
  tries=0
  while kill -0 "$1" 2>/dev/null && [ "$tries" -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -s KILL -- "-$1" 2>/dev/null
  shift 2
done
[ -n "$folder" ] && rm -rf -- "$folder"
exit 0
