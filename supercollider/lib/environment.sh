# shellcheck shell=sh
# What sclang needs where there is no desktop. To be sourced; sets `scratch`, a folder to remove at the end.
export QT_QPA_PLATFORM=offscreen # sclang is linked with Qt and looks for a display without this
export JACK_NO_AUDIO_RESERVATION=1 JACK_NO_START_SERVER=1
scratch=$(mktemp -d)
# As root, and only then, the sandbox of Qt's browser part refuses to start.
[ "$(id -u)" != 0 ] || export QTWEBENGINE_DISABLE_SANDBOX=1
# sclang aborts without a home it can write to; JACK and PipeWire want a folder of the user alone.
[ -n "${HOME:-}" ] && [ -w "$HOME" ] || export HOME="$scratch"
if [ -z "${XDG_RUNTIME_DIR:-}" ] || [ ! -w "$XDG_RUNTIME_DIR" ]; then
  mkdir -m 700 "$scratch/runtime"
  export XDG_RUNTIME_DIR="$scratch/runtime"
fi
