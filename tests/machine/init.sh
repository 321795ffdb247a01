#!/bin/sh
# The first process of the machine: files that can be written, the units as they are, then systemd.
set -e
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
trap 'kill -KILL 1; halt -f' EXIT
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs tmp /tmp

# The places of the units, which hide the homes of users.
mkdir /tmp/opt /tmp/opt/python /tmp/opt/sources /tmp/opt/out /tmp/opt/dirty /tmp/opt/dirty/bin
mount --bind "$PYTHON" /tmp/opt/python
mount --bind "$SOURCES" /tmp/opt/sources
mount -t hostfs -o "$OUT" none /tmp/opt/out
sed 's/^home = .*/home = \/opt\/python\/bin/' "$VENV/pyvenv.cfg" > /tmp/opt/dirty/pyvenv.cfg
mkdir /tmp/opt/dirty/lib
mount --bind "$VENV/lib" /tmp/opt/dirty/lib
ln -s /opt/python/bin/python3 /tmp/opt/dirty/bin/python
printf '#!/opt/dirty/bin/python\nimport sys\nfrom dirty_runtime.__main__ import main\nsys.exit(main())\n' > /tmp/opt/dirty/bin/dirty
chmod +x /tmp/opt/dirty/bin/dirty

mkdir /tmp/etc
cp -a /etc/passwd /etc/group /etc/ld.so.* /etc/nsswitch.conf /tmp/etc
echo 'dirty:x:990:990::/:/bin/false' >> /tmp/etc/passwd
echo 'dirty:x:990:' >> /tmp/etc/group
echo 00000000000000000000000000000001 > /tmp/etc/machine-id
mkdir -p /tmp/etc/dirty /tmp/etc/systemd/system/dirty.service.d
cp "$SOURCES/deploy/systemd/"* /tmp/etc/systemd/system
cp "$SOURCES/tests/machine/units/"*.service "$SOURCES/tests/machine/units/"*.target /tmp/etc/systemd/system
units=/tmp/etc/systemd/system
cp "$SOURCES/tests/machine/units/here.conf" $units/dirty.service.d
for unit in dirty.service dirty.socket; do
    mkdir -p $units/$unit.d
    cp "$SOURCES/tests/machine/units/alone.conf" $units/$unit.d
done
cp "$SOURCES/tests/machine/looked_after.py" "$SOURCES/tests/machine/dirty.conf.py" /tmp/etc/dirty

mount --rbind /tmp/opt /opt
mount --bind /tmp/etc /etc
mount -t tmpfs run /run
mount -t tmpfs var /var
mkdir /var/lib /var/log /var/tmp
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
trap - EXIT
exec /lib/systemd/systemd --unit=check.target --log-target=console --log-level=info --show-status=no
