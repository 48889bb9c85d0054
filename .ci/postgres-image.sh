#!/usr/bin/env bash
# Ensures that docker on this machine has the image `postgres:15`, which the tests start with testcontainers.
#
# The script uses an existing image, or pulls it. If no registry is reachable, it builds a substitute from PostgreSQL 15
# on this machine: the server's files, the libraries that it links, a shell, and postgres-entrypoint.
set -euo pipefail

image=postgres:15
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pg_lib=/usr/lib/postgresql/15
pg_share=/usr/share/postgresql/15

have_image() { docker image inspect "$image" >/dev/null 2>&1; }

if have_image; then
    echo "$image: already present"
    exit 0
fi
if timeout --kill-after=5 60 docker pull --quiet "$image" </dev/null; then
    echo "$image: pulled"
    exit 0
fi
echo "$image: cannot be pulled; building a substitute from PostgreSQL 15 on this machine"

if [[ ! -x $pg_lib/bin/postgres || ! -d /usr/share/zoneinfo ]]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends postgresql-15 tzdata </dev/null
fi

root=$(mktemp -d)
stage=postgres-15-stage:$$
# shellcheck disable=SC2317 # the trap calls it
clean_up() {
    rm -rf "$root"
    docker rm --force --volumes "${stage/:/-}" >/dev/null 2>&1 || true
    docker rmi "$stage" >/dev/null 2>&1 || true
}
trap clean_up EXIT
chmod 755 "$root" # it becomes `/` of the image, and the server's user must be able to enter it

# Debian's merged /usr layout, so that paths are the same on this machine and in the image.
mkdir -p "$root"/usr/{bin,sbin,lib,lib64} "$root/etc" "$root/proc" "$root/sys" "$root/dev/shm" "$root/root" \
    "$root/var/lib/postgresql/data" "$root/var/run/postgresql"
for folder in bin sbin lib lib64; do ln -s "usr/$folder" "$root/$folder"; done
mkdir -m 1777 "$root/tmp"

copy() { # copy PATH: copies the file at PATH, following links, to the same path in the image
    mkdir -p "$root$(dirname "$1")"
    cp --dereference "$1" "$root$1"
}

tools=(bash setpriv cat chmod chown cp date env id locale ls mkdir rm sleep tar)
for tool in "${tools[@]}"; do copy "$(type -P "$tool")"; done
ln -sf bash "$root/usr/bin/sh" # initdb starts the server through `sh`

mkdir -p "$root$pg_lib" "$root$pg_share"
cp --recursive --dereference "$pg_lib/bin" "$root$pg_lib/"
# Excludes the JIT compiler, which links 100 MB of LLVM. The server works without it.
tar -C "$pg_lib" --dereference --exclude=bitcode --exclude='llvmjit*' -cf - lib | tar -C "$root$pg_lib" -xf -
tar -C "$pg_share" --dereference --exclude=./man -cf - . | tar -C "$root$pg_share" -xf -
cp --archive /usr/share/zoneinfo "$root/usr/share/"
if [[ -d /usr/lib/locale/C.utf8 ]]; then
    mkdir -p "$root/usr/lib/locale"
    cp --archive /usr/lib/locale/C.utf8 "$root/usr/lib/locale/"
fi

# All libraries that these programs link, including the dynamic loader.
{
    for tool in "${tools[@]}"; do ldd "$(type -P "$tool")" || true; done
    find "$root$pg_lib" -type f \( -perm -u+x -o -name '*.so' \) -exec ldd {} + 2>/dev/null || true
} | grep -oE '/[^ ]+\.so[^ ]*' | grep -v "^$root" | sort -u |
    while read -r library; do [[ -e $root$library ]] || copy "$library"; done

cat >"$root/etc/passwd" <<'END'
root:x:0:0:root:/root:/bin/bash
postgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/bash
END
cat >"$root/etc/group" <<'END'
root:x:0:
postgres:x:999:
END
echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
chown -R 999:999 "$root/var/lib/postgresql" "$root/var/run/postgresql"
install -m 755 "$here/postgres-entrypoint" "$root/usr/bin/postgres-entrypoint"

# The volume keeps the data off the layered file system of the image, which is several times slower.
tar -C "$root" --numeric-owner -cf - . | docker import \
    -c "ENV PATH=$pg_lib/bin:/usr/bin:/usr/sbin PGDATA=/var/lib/postgresql/data LANG=C.UTF-8" \
    -c 'EXPOSE 5432' \
    -c 'VOLUME /var/lib/postgresql/data' \
    -c 'ENTRYPOINT ["/usr/bin/postgres-entrypoint"]' \
    -m 'substitute for the official image' \
    - "$stage" >/dev/null
docker run --name "${stage/:/-}" --network none "$stage" prepare </dev/null
docker commit -c 'CMD ["postgres"]' "${stage/:/-}" "$image" >/dev/null
have_image
echo "$image: built"
