#!/bin/sh
# Install a Debian package where that is allowed; say so and go on where it is not.
# Usage: apt_install.sh PACKAGE [COMMAND]   nothing is done if COMMAND, or the file of that name, is already there
package=$1
command=${2:-}
if [ -n "$command" ] && { command -v "$command" >/dev/null 2>&1 || [ -e "$command" ]; }; then
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    as_root=none
fi
if [ "$as_root" = none ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "$package is not installed and cannot be from here: what needs it is skipped." >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
{ $as_root apt-get update -q && $as_root apt-get install -q -y --no-install-recommends "$package"; } >&2 ||
    echo "$package could not be installed: what needs it is skipped." >&2
exit 0
