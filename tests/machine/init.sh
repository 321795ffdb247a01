#!/bin/sh
# The first process of the machine: files that can be written, the units as they are, then systemd.
set -e
export PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
trap 'kill -KILL 1; halt -f' EXIT
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs tmp /tmp

# The places of the units, which hide the homes of users. They are taken from the machine around this
# one: what is mounted here may hide them.
mkdir /tmp/opt /tmp/opt/python /tmp/opt/sources /tmp/opt/out /tmp/opt/dirty /tmp/opt/dirty/bin /tmp/opt/dirty/lib
mount -t hostfs -o "$PYTHON" none /tmp/opt/python
mount -t hostfs -o "$SOURCES" none /tmp/opt/sources
mount -t hostfs -o "$VENV/lib" none /tmp/opt/dirty/lib
for place in python sources dirty/lib; do mount -o remount,ro /tmp/opt/$place; done
mount -t hostfs -o "$OUT" none /tmp/opt/out
printf 'home = /opt/python/bin\n' > /tmp/opt/dirty/pyvenv.cfg
ln -s /opt/python/bin/python3 /tmp/opt/dirty/bin/python
printf '#!/opt/dirty/bin/python\nimport sys\nfrom dirty_runtime.__main__ import main\nsys.exit(main())\n' > /tmp/opt/dirty/bin/dirty
chmod +x /tmp/opt/dirty/bin/dirty

mkdir /tmp/etc
cp -a /etc/passwd /etc/group /etc/ld.so.* /etc/nsswitch.conf /tmp/etc
echo 'dirty:x:990:990::/:/bin/false' >> /tmp/etc/passwd
echo 'dirty:x:990:' >> /tmp/etc/group
echo 00000000000000000000000000000001 > /tmp/etc/machine-id
units=/tmp/etc/systemd/system
ours=/tmp/opt/sources/tests/machine
mkdir -p /tmp/etc/dirty $units/dirty.service.d $units/dirty.socket.d
cp /tmp/opt/sources/deploy/systemd/* $ours/units/check.* $units
cp $ours/units/here.conf $ours/units/alone.conf $units/dirty.service.d
cp $ours/units/alone.conf $units/dirty.socket.d
cp $ours/looked_after.py $ours/dirty.conf.py /tmp/etc/dirty

mount --rbind /tmp/opt /opt
mount --bind /tmp/etc /etc
mount -t tmpfs run /run
mount -t tmpfs var /var
mkdir /var/lib /var/log /var/tmp
mkdir -p /dev/shm
mount -t tmpfs shm /dev/shm
trap - EXIT
exec /lib/systemd/systemd --unit=check.target --log-target=console --log-level=info --show-status=no
