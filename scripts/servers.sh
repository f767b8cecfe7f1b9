# Throw-away PostgreSQL and Redis on free ports, for the scripts beside this file: sourced, not run.
# Installs what is missing. Servers and their data are gone when the script ends.

# What a crash would lose matters to nobody; a script that measures calls `write_durably` first.
postgres_options=(-c fsync=off -c full_page_writes=off -c shared_buffers=64MB)
redis_options=(--appendonly no)

# As in production: nothing that was committed is lost.
write_durably() {
  postgres_options=(-c fsync=on -c full_page_writes=on -c synchronous_commit=on -c shared_buffers=512MB)
  redis_options=(--appendonly yes --appendfsync everysec)
}

heading() { printf '\n== %s\n' "$*" >&2; }
fail() { printf '%s: %s\n' "$0" "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "needs root for: $* (run it as root, or install sudo)"
  fi
}

# The newest PostgreSQL; Debian keeps its servers off PATH.
postgres_program() {
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin/"$1" 2>/dev/null | sort -V | tail -n 1)
  [ -n "$found" ] || found=$(command -v "$1" || true)
  [ -n "$found" ] || return 1
  printf '%s\n' "$found"
}

install_missing() {
  local missing=()
  command -v redis-server >/dev/null && command -v redis-cli >/dev/null || missing+=(redis-server)
  postgres_program postgres >/dev/null && postgres_program psql >/dev/null || missing+=(postgresql)
  PATH="$PATH:/usr/sbin" command -v sshd >/dev/null && command -v ssh-keygen >/dev/null || missing+=(openssh-server)
  command -v setpriv >/dev/null || missing+=(util-linux)
  command -v cc >/dev/null || missing+=(build-essential)
  [ "${#missing[@]}" -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "install ${missing[*]} first: only apt-get is known here"
  heading "install ${missing[*]}"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

servers=''
postgres_pid=''
redis_pid=''

stop_servers() {
  # QUIT ends every process of PostgreSQL at once; its data is thrown away with the folder.
  [ -z "$redis_pid" ] || kill -KILL "$redis_pid" 2>/dev/null || true
  [ -z "$postgres_pid" ] || kill -QUIT "$postgres_pid" 2>/dev/null || true
  wait 2>/dev/null || true
  [ -z "$servers" ] || rm -rf "$servers"
}

# PostgreSQL refuses to run as root; Debian's package brings the user postgres.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then exec setpriv --reuid postgres --regid postgres --clear-groups "$@"; else exec "$@"; fi
}

# Not from the range that clients are given, so that none of them sits on it.
free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 10000))
    (: </dev/tcp/127.0.0.1/"$port") 2>/dev/null || { printf '%s\n' "$port"; return; }
  done
  fail "no free port between 20000 and 29999"
}

wait_for() {
  local name=$1 log=$2; shift 2
  for _ in $(seq 300); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  cat "$log" >&2
  fail "$name did not start; its log is above"
}

start_postgres() {
  local port log="$servers/postgres.log"
  port=$(free_port)
  mkdir "$servers/postgres"
  [ "$(id -u)" != 0 ] || chown postgres "$servers/postgres"
  (cd "$servers/postgres" && as_postgres "$(postgres_program initdb)" --no-sync --auth trust --username rollover \
    --encoding UTF8 --locale C.UTF-8 --pgdata "$servers/postgres/data") >"$log" 2>&1 || { cat "$log" >&2; fail "initdb failed"; }
  (cd "$servers/postgres" && as_postgres "$(postgres_program postgres)" -D "$servers/postgres/data" \
    -c port="$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400 \
    "${postgres_options[@]}") >>"$log" 2>&1 &
  postgres_pid=$!
  export ROLLOVER_TEST_POSTGRES="postgres://rollover@127.0.0.1:$port"
  wait_for postgres "$log" "$(postgres_program psql)" -X -c 'SELECT 1' "$ROLLOVER_TEST_POSTGRES/postgres"
}

start_redis() {
  local port log="$servers/redis.log"
  port=$(free_port)
  redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$servers" "${redis_options[@]}" >"$log" 2>&1 &
  redis_pid=$!
  export ROLLOVER_TEST_REDIS="redis://127.0.0.1:$port/0"
  wait_for redis "$log" redis-cli -u "$ROLLOVER_TEST_REDIS" ping
}

start_servers() {
  trap stop_servers EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  servers=$(mktemp -d "${TMPDIR:-/tmp}/rollover-servers.XXXXXX")
  chmod 755 "$servers"
  start_postgres
  start_redis
}
