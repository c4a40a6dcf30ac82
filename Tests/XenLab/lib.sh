# shellcheck shell=sh
# What the scenarios are written with. They run in dom0, as root, each on a host of its own that was started for it, with
# LAB (what the harness hands over, read-only) and RESULTS (what it gets back, and shows if this fails).
#
#   create NAME OPTION...      xen-create-image, from the root archive $ROOT (bookworm), with $MEMORY (256M), for xenbr0
#   tiny NAME OPTION...        xen-create-image, of a system that is next to nothing and boots nowhere, in a second or two
#   start NAME                 xl create
#   login NAME [SECONDS]       waits for the login prompt on the guest's console
#   reaches ADDRESS            ping, and ssh by the lab's key
#   on ADDRESS COMMAND         a command in the guest
#   healthy ADDRESS            systemd is content, fstab is in order and in use
#   finish NAME                shuts the guest down, and waits for it to go
#   power_cut                  the power fails; the scenario begins anew, with LAB_PART one higher and /dev/vdb as it was
#   group NAME SIZE            makes a volume group of that size
#   former GROUP MARK          somebody was on its free extents before: the mark is in each, and no volume any more
#   marks DEVICE MARK          how often the mark is on a device
#   leases; leased MAC         answers DHCP on xenbr0; the address that a guest got
#   claim TEXT COMMAND...      a command that must succeed;   refuse TEXT COMMAND... one that must not
#   said TEXT                  what the last one that was refused must have said
#   installer_mirror           serves the archive `installer`, in $archive;   installs NAME OPTION... domus install from it
#   fail TEXT                  ends the scenario
#
# Every wait has an end. Seconds are dom0's, whose clock counts instructions (see Machine.swift).
set -eu

ROOT=${ROOT:-bookworm}
ssh_options="-o StrictHostKeyChecking=no -o UserKnownHostsFile=/root/known_hosts -o ConnectTimeout=30 -o LogLevel=ERROR"
# One connection for all commands to a guest: each handshake takes the emulator seconds.
shared="-i $LAB/key/id -o BatchMode=yes -o ControlMaster=auto -o ControlPath=/run/ssh-%h -o ControlPersist=yes"

# Without a program: what the waits run is time that the emulated guest does not get.
seconds() {
    read -r uptime idle </proc/uptime
    : "$idle"
    echo "${uptime%.*}"
}

say() {
    echo "lab: $(($(seconds) - LAB_START)) $*"
}

fail() {
    say "failed: $*"
    exit 1
}

# quietly NAME COMMAND...: its output goes to RESULTS/NAME, and to the harness only if it fails. A program of Xen's that
# ends by a signal is the emulator's fault (a heap that XSAVE corrupts, say); ours ending so is our own.
quietly() {
    output=$RESULTS/$1
    shift
    status=0
    "$@" >"$output" 2>&1 </dev/null || status=$?
    case $status:$1 in
        0:*) return 0 ;;
        13[0-9]:xl | 13[0-9]:*/xl)
            echo "$*: ended by signal $((status - 128))" >>"$RESULTS/emulator"
            say "emulator: $*: ended by signal $((status - 128))"
            exit 75
            ;;
    esac
    tail -n 15 "$output" | sed 's/^/lab: | /'
    return "$status"
}

claim() {
    text=$1
    shift
    quietly claim "$@" || fail "$text: $* ended with status $?"
    say "$text"
}

refuse() {
    text=$1
    shift
    status=0
    "$@" >"$RESULTS/refuse" 2>&1 </dev/null || status=$?
    if [ "$status" -eq 0 ]; then
        tail -n 15 "$RESULTS/refuse" | sed 's/^/lab: | /'
        fail "not so: $text"
    fi
    say "$text (status $status)"
}

said() {
    grep -q -F -e "$1" "$RESULTS/refuse" || {
        tail -n 15 "$RESULTS/refuse" | sed 's/^/lab: | /'
        fail "it is not said: $1"
    }
}

# In $TINY (/srv), which may be on another disk.
tiny() {
    tiny_place=${TINY:-/srv}
    tiny_name=$1
    shift
    if [ ! -e "$tiny_place/tiny.tar" ]; then
        mkdir -p "$tiny_place/tree/bin" "$tiny_place/tree/etc"
        cp /bin/dash "$tiny_place/tree/bin/sh"
        tar -C "$tiny_place/tree" -cf "$tiny_place/tiny.part" .
        # The power may be about to fail.
        sync
        mv "$tiny_place/tiny.part" "$tiny_place/tiny.tar"
    fi
    xen-create-image --hostname="$tiny_name" --dist=bookworm --dhcp --install-method=tar \
        --install-source="$tiny_place/tiny.tar" --hooks=0 --genpass=0 --kernel="/boot/vmlinuz-$(uname -r)" \
        --initrd="/boot/initrd.img-$(uname -r)" "$@"
}

create() {
    name=$1
    shift
    case " $* " in
        *" --install-method="*) ;;
        *) set -- "$@" --install-method=tar "--install-source=$LAB/roots/$ROOT.tar" ;;
    esac
    case " $* " in
        *" --dist="*) ;;
        *) set -- "$@" --dist=bookworm ;;
    esac
    quietly "create-$name" xen-create-image --hostname="$name" --bridge=xenbr0 "--memory=${MEMORY:-256M}" \
        --password-file="$LAB/key/password" --ssh-key="$LAB/key/id.pub" --verbose "$@" ||
        fail "xen-create-image ended with status $?"
    say "$name is made"
}

start() {
    claim "domus check finds nothing wrong with its configuration" domus check --strict "/etc/xen/$1.cfg"
    quietly "start-$1" xl create "/etc/xen/$1.cfg" || fail "xl create ended with status $?"
    say "$1 is started"
}

# xenconsoled keeps what comes through Xen's own console; the serial port of an emulated machine is its device model's, which
# writes to this file if it is told to: --serial="file:$(serial_of NAME)".
serial_of() {
    echo "/var/log/xen/console/serial-$1.log"
}

console_of() {
    if [ -e "$(serial_of "$1")" ]; then
        serial_of "$1"
    else
        echo "/var/log/xen/console/guest-$1.log"
    fi
}

# wait_for SECONDS COMMAND...: false when the time is over.
wait_for() {
    end=$(($(seconds) + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(seconds)" -lt "$end" ] || return 1
        sleep 1
    done
}

# Something that ends the wait: the prompt, or what no prompt comes after.
told() {
    asked=$((asked + 1))
    grep -q -a -e 'login:' -e 'Kernel panic' -e '(initramfs)' -e 'emergency mode' -e 'not xen image' \
        -e 'grub rescue>' -e '^grub> ' "$(console_of "$1")" || { [ $((asked % 10)) -eq 0 ] && gone "$1"; }
}

login() {
    asked=0
    wait_for "${2:-300}" told "$1" || fail "$1 has no login prompt after ${2:-300} s"
    grep -q -a 'login:' "$(console_of "$1")" || fail "$1 does not come to its login prompt"
    say "$1 has its login prompt"
}

on() {
    address=$1
    shift
    # shellcheck disable=SC2086,SC2029 # they are words; the command is ours
    ssh $ssh_options $shared "root@$address" "$@" </dev/null 2>>"$RESULTS/ssh"
}

reaches() {
    quietly ping ping -c 2 -W 5 "$1" || fail "$1 does not answer ping"
    wait_for 60 on "$1" true || fail "$1 does not let ssh in"
    say "$1 answers ping and ssh"
}

healthy() {
    state=$(on "$1" systemctl is-system-running --wait) || true
    if [ "$state" != running ]; then
        on "$1" systemctl --failed --no-legend --plain >"$RESULTS/failed-units" 2>&1 || true
        sed 's/^/lab: | /' "$RESULTS/failed-units"
        fail "$1 is $state"
    fi
    on "$1" 'findmnt --verify --verbose 2>&1' >"$RESULTS/findmnt" || {
        sed 's/^/lab: | /' "$RESULTS/findmnt"
        fail "findmnt --verify has complaints"
    }
    [ "$(on "$1" findmnt --noheadings --fstab --output SOURCE / | cut -c1-5)" = UUID= ] ||
        fail "fstab does not name the root file system by UUID"
    [ -n "$(on "$1" swapon --noheadings --show)" ] || fail "no swap is in use"
    say "$1 is running, fstab is right, swap is in use"
}

gone() {
    ! xl domid "$1"
}

finish() {
    quietly "shutdown-$1" xl shutdown "$1" || fail "xl shutdown ended with status $?"
    wait_for 120 gone "$1" || fail "$1 does not shut down within 120 s"
    say "$1 is shut down"
}

# leases: answers DHCP on xenbr0.   leased MAC: the address that it gave.
installer_mirror() {
    archive=$LAB/archives/installer
    python3 -m http.server --bind 192.0.2.1 --directory "$archive" 80 >"$RESULTS/http" 2>&1 &
}

# From an archive whose only keys are its own. The installer's log comes to the guest's console, too: by a program that
# holds no line to debconf, which would wait for it.
installs() {
    name=$1
    shift
    device=hvc0
    case " $* " in
        *' --type=hvm '* | *' --type=pvhvm '*)
            device=ttyS0
            set -- "$@" --serial="file:$(serial_of "$name")" --xl=vga=none
            ;;
    esac
    quietly "install-$name" domus install --hostname="$name" --dist=bookworm --mirror=http://192.0.2.1/ \
        --keyring="$archive/key.gpg" --security-mirror=none --components=main --bridge=xenbr0 --memory=1G \
        --password-file="$LAB/key/password" --ssh-key="$LAB/key/id.pub" \
        --preseed-set base-installer/kernel/image=linux-image-cloud-amd64 \
        --preseed-set "preseed/early_command=tail -n +1 -f /var/log/syslog >/dev/$device 2>/dev/null </dev/null 3>&- 4>&- 5>&- 6>&- & true" \
        "$@" || fail "domus install ended with status $?"
    say "domus install has made $name"
}

leases() {
    dnsmasq --port=0 --interface=xenbr0 --bind-interfaces --except-interface=lo --dhcp-range=192.0.2.100,192.0.2.150,1h \
        --dhcp-leasefile=/run/leases --log-facility="$RESULTS/dnsmasq" --log-dhcp --pid-file=/run/dnsmasq.pid
}

leased() {
    wait_for 60 grep -q -i "$1" /run/leases || fail "no lease for $1"
    awk -v mac="$1" '$2 == mac { print $3 }' /run/leases
}

group() {
    truncate -s "$2" "/srv/physical-$1"
    quietly vgcreate vgcreate --yes "$1" "$(losetup --find --show "/srv/physical-$1")" ||
        fail "vgcreate ended with status $?"
}

former() {
    quietly former lvcreate --yes --wipesignatures=n --name=former --extents=100%FREE "$1" ||
        fail "lvcreate ended with status $?"
    python3 -c '
import os, sys
volume = os.open(sys.argv[1], os.O_WRONLY)
size = os.lseek(volume, 0, os.SEEK_END)
for offset in range(0, size, 4 << 20):
    os.pwrite(volume, sys.argv[2].encode() * 200, offset + 12288)
os.fsync(volume)' "/dev/$1/former" "$2"
    quietly former lvremove --yes "$1/former" || fail "lvremove ended with status $?"
}

# In pieces: to grep, a volume of zeros is one line, which dom0 has no memory for.
marks() {
    python3 -c '
import sys
found = 0
tail = b""
with open(sys.argv[1], "rb") as volume:
    while piece := volume.read(4 << 20):
        found += (tail + piece).count(sys.argv[2].encode())
        tail = piece[-len(sys.argv[2]) + 1:]
print(found)' "$1" "$2"
}

power_cut() {
    echo "lab: power cut $(($(seconds) - LAB_START))"
    # It is now.
    sleep 600
}
