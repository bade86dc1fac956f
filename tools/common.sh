# Shell functions that the programs in tools/ share. Sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
fail() { say "tools/$(basename "$0"): $*"; exit 1; }

# install_packages PACKAGE... : installs those Debian packages that are missing.
install_packages() {
  local package missing=()
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "needs these Debian packages, and there is no apt-get here: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "needs these Debian packages: ${missing[*]} (run as root, or install sudo)"
    sudo=(sudo)
  fi
  say "Installing ${missing[*]} …"
  local log; log=$(mktemp)
  if ! { "${sudo[@]}" apt-get update -q && "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install: ${missing[*]}"
  fi
  rm -f "$log"
}

# What it takes to build, and to run with a private PostgreSQL.
build_packages=(libprotobuf-c-dev libssl-dev libpq-dev rapidjson-dev zlib1g-dev libexpat1-dev libphonenumber-dev g++ pkg-config)
run_packages=(postgresql curl jq procps)
# What the checks need besides.
test_packages=(protobuf-compiler libprotobuf-dev protobuf-c-compiler python3 golang-go golang-github-containerd-ttrpc-dev openssl)

need_swift() {
  command -v swift >/dev/null || fail "Swift 6 is not on the PATH (https://www.swift.org/install/linux/)"
  swift --version 2>/dev/null | grep -qE 'Swift version (6|[7-9])\b' || fail "needs Swift 6, found: $(swift --version 2>/dev/null | head -n 1)"
}

# build_release : builds the three programs.
build_release() { build_products headgate-control headgate-edge headgate; }

# build_products NAME… : builds these in release; what the compiler says is shown only when it fails.
build_products() {
  local log product started=$SECONDS
  log=$(mktemp)
  [ -x "$root/.build/release/$1" ] || say "Building (the first time takes some minutes) …"
  if ! (cd "$root" && for product in "$@"; do swift build -c release --product "$product" || exit 1; done) >"$log" 2>&1; then
    grep -E 'error|warning: unre' "$log" >&2 || tail -n 40 "$log" >&2
    rm -f "$log"
    fail "the build failed"
  fi
  rm -f "$log"
  [ $((SECONDS - started)) -lt 20 ] || say "Built in $((SECONDS - started)) s."
}

postgres_bin() {
  local bin
  bin=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
  [ -n "$bin" ] || bin=$(dirname "$(command -v postgres 2>/dev/null || echo /nonexistent/postgres)")
  [ -x "$bin/postgres" ] || fail "PostgreSQL's server programs were not found"
  printf '%s' "$bin"
}

# as_postgres COMMAND ARGUMENT... : as the user postgres when run as root, which PostgreSQL refuses to be.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port : one that nobody listens on, below the range that outgoing connections take theirs from.
free_port() {
  local port
  until port=$((15000 + RANDOM % 17000)) && port_is_free "$port" && port_is_free $((port + 1)); do :; done
  printf '%s' "$port"
}

# is_alive PID : whether the process exists and has not ended (one that nobody waits for stays as a zombie).
is_alive() {
  local state
  state=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) || return 1
  [ -n "$state" ] && [ "${state%% *}" != Z ]
}

# is_running PIDFILE : whether the process that the file names is alive.
is_running() { [ -s "$1" ] && is_alive "$(cat "$1")"; }

# stop_process PIDFILE SECONDS : TERM, then KILL after SECONDS; by process id only.
stop_process() {
  local pid deadline
  is_running "$1" || { rm -f "$1"; return 0; }
  pid=$(cat "$1")
  kill -TERM "$pid" 2>/dev/null
  deadline=$((SECONDS + $2))
  while is_alive "$pid"; do
    [ $SECONDS -lt $deadline ] || { say "process $pid did not stop in $2 s and is killed"; kill -KILL "$pid" 2>/dev/null; break; }
    sleep 0.1
  done
  rm -f "$1"
}
