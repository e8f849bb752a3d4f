#!/bin/sh
# Turns the freshly installed system into an image: runs on the host, once, with the root directory as $1.
set -eu
root=$1

# The initrd has one disk to find. The kernel makes its device node, and udev starts later anyway.
chmod a-x "$root"/usr/share/initramfs-tools/hooks/dmsetup "$root"/usr/share/initramfs-tools/hooks/udev \
  "$root"/usr/share/initramfs-tools/scripts/init-top/udev "$root"/usr/share/initramfs-tools/scripts/init-bottom/udev
chroot "$root" update-initramfs -u -k all

# The boot partition gets kernel and initrd; a second copy in the root file system would double their space.
mkdir -p "$root/boot-partition"
mv "$root"/boot/vmlinuz-* "$root/boot-partition/vmlinuz"
mv "$root"/boot/initrd.img-* "$root/boot-partition/initrd.img"
cp "$root/usr/lib/systemd/boot/efi/systemd-bootx64.efi" "$root/boot-partition/systemd-bootx64.efi"
rm -rf "$root"/boot/* "$root"/vmlinuz* "$root"/initrd.img*
# A newer kernel would not reach the boot partition.
chroot "$root" apt-mark hold linux-image-cloud-amd64

# Nothing here is worth its time in a machine that lives for minutes.
chroot "$root" systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_all.timer e2scrub_reap.service fstrim.timer getty@tty1.service modprobe@.service \
  proc-sys-fs-binfmt_misc.automount systemd-binfmt.service systemd-pstore.service \
  systemd-update-utmp.service systemd-update-utmp-runlevel.service \
  dev-hugepages.mount sys-kernel-debug.mount sys-kernel-tracing.mount
chroot "$root" systemctl enable systemd-networkd.service systemd-resolved.service

# What is the same in every copy must not be: identities are made at the first boot.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/etc/hostname"
printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n' >"$root/etc/hosts"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"

# The mirror and the proxies are those of the machine that built the image.
rm -f "$root"/etc/apt/apt.conf.d/99mmdebstrap "$root"/etc/dpkg/dpkg.cfg.d/99mmdebstrap
cat >"$root/etc/apt/sources.list" <<'SOURCES'
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
SOURCES

# Not /tmp: mmdebstrap keeps its apt.conf there, without which its clean-up would be that of the host.
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/cache/debconf/*-old \
  "$root"/var/cache/ldconfig "$root"/var/log/*.log "$root"/var/log/apt "$root"/usr/share/doc "$root"/usr/share/man \
  "$root"/usr/share/locale "$root"/usr/share/info

# Nothing has to be brought up to date with /usr at the first boot.
touch "$root/etc/.updated" "$root/var/.updated"
