#!/bin/bash
# Installs Debian's Chromium unless there is a browser already; as root, or by sudo without a password.
set -eu
command -v chromium chromium-browser google-chrome >/dev/null && exit
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends chromium
