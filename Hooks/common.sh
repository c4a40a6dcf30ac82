#!/bin/sh
# Shell functions for the tailoring hooks, and for roles that were written for xen-tools.
#
# A hook runs on the host, as root, as `HOOK ROOT`, and ROOT is not to be trusted: it may come out of somebody's
# archive, with a symlink at etc/hostname that points at /etc/passwd, or at /proc/1/root. A plain redirection to
# "$1/etc/hostname" would follow it out of the guest. So a hook of ours begins with
#
#     set -eu
#     . "$DOMUS_HOOK_DIR/common.sh"
#     enter_guest "$@"
#
# and names files as the guest sees them, through guest_write, guest_read and the others below. They walk a path one
# component at a time and take every link as relative to the guest's own root, so that what they hand to the host's
# tools holds no link any more. Nothing else runs in the guest meanwhile, so what was walked stays true.

# What the host calls the guest's root directory, once enter_guest has run.
ROOT=${ROOT:-}

# Where a package list is kept until the one run of apt-get (base/85-install-packages), as the guest sees it.
DOMUS_WANTED=/var/lib/domus/wanted-packages

# Is there as long as the lists of packages are not fetched, and are to be before one is chosen or installed.
DOMUS_LISTS_DELAYED=/var/lib/domus/lists-delayed

# --- messages ---------------------------------------------------------------------------------------------------------

# say TEXT...: one line for the guest's log.
say() {
    printf '%s\n' "${0##*/}: $*"
}

# fail TEXT...: says what could not be done, and gives up.
fail() {
    printf '%s\n' "${0##*/}: $*" >&2
    exit 1
}

# enter_guest ROOT: must come first in a hook.
enter_guest() {
    [ $# -ge 1 ] || fail "the guest's root directory must be given as the first argument"
    ROOT=${1%/}
    [ -n "$ROOT" ] || fail "refusing to tailor / of this machine"
    [ -d "$ROOT" ] || fail "the guest's root $ROOT is not a directory"
    umask 022
}

# --- paths inside the guest -------------------------------------------------------------------------------------------

# The functions run in the hook's own shell, since each further process is time for each guest: their variables begin
# with their names' last words, and $walk_real is set by nearly all.
#
# walk_guest PATH [keep]: sets $walk_real to what PATH is once every link is followed inside the guest; with `keep`, a link
# in last place is not followed. What does not exist (yet) is left as it is written. The status is not 0 for a loop,
# and for whatever leads into /proc, /sys or /dev: those are the machine's, and /proc/1/root is a way out.
walk_guest() {
    walk_todo=$1
    walk_hops=0
    walk_real=
    while :; do
        walk_todo=${walk_todo#"${walk_todo%%[!/]*}"}
        [ -n "$walk_todo" ] || break
        walk_part=${walk_todo%%/*}
        case $walk_todo in
            */*) walk_todo=${walk_todo#*/} ;;
            *) walk_todo= ;;
        esac
        case $walk_part in
            .) continue ;;
            ..)
                walk_real=${walk_real%/*}
                continue
                ;;
        esac
        if [ -L "$ROOT$walk_real/$walk_part" ] && { [ -n "$walk_todo" ] || [ "${2:-}" != keep ]; }; then
            # A merged /usr, by far the most frequent of links, takes no program to see: what it leads to is the guest's own
            # directory if that is the same one, and no link itself.
            case $walk_real/$walk_part in
                /bin | /sbin | /lib | /lib64)
                    # shellcheck disable=SC3013 # dash, bash and busybox all have it
                    if [ ! -L "$ROOT/usr" ] && [ ! -L "$ROOT/usr/$walk_part" ] &&
                        [ "$ROOT/$walk_part" -ef "$ROOT/usr/$walk_part" ]; then
                        walk_real=/usr/$walk_part
                        continue
                    fi
                    ;;
            esac
            walk_hops=$((walk_hops + 1))
            [ "$walk_hops" -le 40 ] || return 1
            walk_link=$(readlink "$ROOT$walk_real/$walk_part") || return 1
            case $walk_link in
                /*) walk_real= ;;
            esac
            walk_todo=$walk_link${walk_todo:+/$walk_todo}
            continue
        fi
        walk_real=$walk_real/$walk_part
        case $walk_real in
            /proc | /sys | /dev) return 1 ;;
        esac
    done
    walk_real=${walk_real:-/}
}

# guest_path PATH: prints the host's path of what PATH names in the guest, free of links. Fails as walk_guest does.
guest_path() {
    walk_guest "$1" && printf '%s\n' "$ROOT$walk_real"
}

# guest_real PATH: the same as the guest calls it, for a program that is to run in the guest.
guest_real() {
    walk_guest "$1" && printf '%s\n' "$walk_real"
}

# guest_exists PATH: is there anything, links followed?
guest_exists() {
    walk_guest "$1" && [ -e "$ROOT$walk_real" ]
}

# guest_is_file PATH, guest_is_directory PATH: is there one, links followed?
guest_is_file() {
    walk_guest "$1" && [ -f "$ROOT$walk_real" ]
}

guest_is_directory() {
    walk_guest "$1" && [ -d "$ROOT$walk_real" ]
}

# guest_link_target PATH: prints what the link at PATH says; fails if PATH is no link.
guest_link_target() {
    walk_guest "$1" keep && [ -L "$ROOT$walk_real" ] && readlink "$ROOT$walk_real"
}

# guest_is_masked PATH: is PATH a link to /dev/null, which is how udev and systemd are told to leave something alone?
guest_is_masked() {
    walk_guest "$1" keep && [ -L "$ROOT$walk_real" ] && [ "$(readlink "$ROOT$walk_real")" = /dev/null ]
}

# guest_has NAME...: is each NAME a program in the guest? A NAME with a slash is that path, else it is looked for as a
# shell would.
guest_has() {
    for has_name; do
        case $has_name in
            */*) guest_program "$has_name" || return 1 ;;
            *)
                has_found=
                for has_directory in /usr/sbin /usr/bin /sbin /bin /usr/local/sbin /usr/local/bin; do
                    if guest_program "$has_directory/$has_name"; then
                        has_found=1
                        break
                    fi
                done
                [ -n "$has_found" ] || return 1
                ;;
        esac
    done
}

guest_program() {
    walk_guest "$1" && [ -f "$ROOT$walk_real" ] && [ -x "$ROOT$walk_real" ]
}

# guest_glob DIRECTORY PATTERN: prints the names in the guest's DIRECTORY that match, one a line, sorted; nothing if
# there are none.
guest_glob() {
    walk_guest "$1" || return 0
    glob_in=$ROOT${walk_real%/}/
    # shellcheck disable=SC2086 # it is a pattern
    for glob_path in "$glob_in"$2; do
        if [ -e "$glob_path" ] || [ -L "$glob_path" ]; then
            printf '%s\n' "${glob_path#"$glob_in"}"
        fi
    done
}

# --- files inside the guest -------------------------------------------------------------------------------------------

# guest_read PATH: prints a file; fails, silently, if it is not there or is no regular file.
guest_read() {
    walk_guest "$1" && [ -f "$ROOT$walk_real" ] && cat "$ROOT$walk_real"
}

# guest_mkdir PATH [MODE]: makes a directory and those above it; MODE (0755) is for a new one only.
guest_mkdir() {
    walk_guest "$1" || fail "cannot make the directory $1 in the guest: a link in it leads out of the guest"
    [ -d "$ROOT$walk_real" ] || { mkdir -p "$ROOT$walk_real" && chmod "${2:-0755}" "$ROOT$walk_real"; } ||
        fail "cannot make the directory $1 in the guest"
}

# guest_write PATH [MODE]: standard input becomes the file PATH, all of it or nothing. An existing file keeps its owner
# and mode unless MODE is given; a new one gets MODE or 0644. A link is followed inside the guest; where it leads out,
# or to what is no file, the link itself is replaced.
guest_write() {
    write_to=$1
    write_mode=${2:-}
    if ! walk_guest "$write_to" || { [ -e "$ROOT$walk_real" ] && [ ! -f "$ROOT$walk_real" ]; }; then
        walk_guest "$write_to" keep || fail "cannot write $write_to in the guest: a link leads out of the guest"
        if [ -d "$ROOT$walk_real" ] && [ ! -L "$ROOT$walk_real" ]; then
            fail "cannot write $write_to in the guest: it is a directory"
        fi
    fi
    write_path=$ROOT$walk_real
    write_new=${write_path%/*}/.domus-new
    # What need not be run is not: a guest is a hundred files like this one.
    [ -d "${write_path%/*}" ] || mkdir -p "${write_path%/*}" ||
        fail "cannot make the directory of $write_to in the guest"
    if [ -e "$write_new" ] || [ -L "$write_new" ]; then
        rm -rf "$write_new"
    fi
    # root's own has nothing to be kept but its mode.
    if [ -f "$write_path" ] && [ ! -L "$write_path" ] &&
        { [ -z "$write_mode" ] || [ ! -O "$write_path" ] || [ ! -G "$write_path" ]; }; then
        cp -p "$write_path" "$write_new"
    else
        # Nearly all are made with the mode that they are to have.
        case ${write_mode:=0644} in
            0600) write_mask=077 ;;
            *) write_mask=022 ;;
        esac
        (umask "$write_mask" && set -C && : >"$write_new") && case $write_mode in
            0644 | 0600) write_mode= ;;
        esac
    fi || fail "cannot write $write_to in the guest"
    # The new file never stands there with more rights than it is to have.
    [ -z "$write_mode" ] || chmod "$write_mode" "$write_new" || fail "cannot write $write_to in the guest"
    if ! cat >"$write_new" || ! mv -fT "$write_new" "$write_path"; then
        rm -f "$write_new"
        fail "cannot write $write_to in the guest"
    fi
}

# guest_append PATH [MODE]: standard input goes to the end of PATH, which begins a new line.
guest_append() {
    {
        # shellcheck disable=SC1003 # `a` with nothing to append ends the last line
        guest_read "$1" | sed -e '$a\'
        cat
    } | guest_write "$@"
}

# guest_has_line PATH LINE: does the file hold exactly this line?
guest_has_line() {
    guest_read "$1" 2>/dev/null | grep -qxF -e "$2"
}

# guest_link TARGET PATH: makes PATH a symbolic link that says TARGET, in the place of whatever file was there.
guest_link() {
    walk_guest "$2" keep || fail "cannot make the link $2 in the guest: a link leads out of the guest"
    link_path=$ROOT$walk_real
    [ ! -d "$link_path" ] || [ -L "$link_path" ] || fail "cannot make the link $2 in the guest: it is a directory"
    if ! { [ -d "${link_path%/*}" ] || mkdir -p "${link_path%/*}"; } || ! ln -snf "$1" "$link_path"; then
        fail "cannot make the link $2 in the guest"
    fi
}

# guest_remove PATH...: removes files, links and whole directories; a link is removed itself. Absent is fine.
guest_remove() {
    for remove_name; do
        # What lies behind /proc, /sys or /dev is not the guest's to remove.
        walk_guest "$remove_name" keep || continue
        [ "$walk_real" != / ] || fail "cannot remove $remove_name in the guest"
        if [ -e "$ROOT$walk_real" ] || [ -L "$ROOT$walk_real" ]; then
            rm -rf "$ROOT$walk_real" || fail "cannot remove $remove_name in the guest"
        fi
    done
}

# guest_remove_matching DIRECTORY PATTERN...: the same for what matches in one directory.
guest_remove_matching() {
    remove_in=$1
    shift
    walk_guest "$remove_in" || return 0
    remove_place=$ROOT${walk_real%/}/
    for remove_pattern; do
        # shellcheck disable=SC2086 # it is a pattern
        for remove_match in "$remove_place"$remove_pattern; do
            if [ -e "$remove_match" ] || [ -L "$remove_match" ]; then
                guest_remove "$remove_in/${remove_match#"$remove_place"}"
            fi
        done
    done
}

# guest_run COMMAND [ARGUMENT...]: runs a program of the guest in the guest, with an environment of its own, to which
# $guest_environment (NAME=VALUE words) adds.
guest_run() {
    # shellcheck disable=SC2086 # they are words
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C TERM=dumb \
        DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true APT_LISTCHANGES_FRONTEND=none \
        NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1 ${guest_environment:-} "$(command -v chroot)" "$ROOT" "$@"
}

# --- what kind of guest it is -----------------------------------------------------------------------------------------

# guest_has_systemd: will systemd be the guest's process 1?
guest_has_systemd() {
    for systemd_init in /sbin/init /usr/sbin/init; do
        if guest_exists "$systemd_init"; then
            case $walk_real in
                */systemd) return 0 ;;
                *) return 1 ;;
            esac
        fi
    done
    return 1
}

# guest_has_busybox_init: is process 1 busybox?
guest_has_busybox_init() {
    guest_exists /sbin/init && case $walk_real in
        */busybox*) ;;
        *) false ;;
    esac
}

# guest_unit NAME: prints the guest's path of a unit that its packages brought; fails if there is none.
guest_unit() {
    for unit_directory in /usr/lib/systemd/system /lib/systemd/system; do
        if guest_is_file "$unit_directory/$1"; then
            printf '%s\n' "$unit_directory/$1"
            return 0
        fi
    done
    return 1
}

# guest_unit_is_enabled NAME: is a unit wanted by some target, in the guest's own configuration?
guest_unit_is_enabled() {
    for wants_directory in $(guest_glob /etc/systemd/system '*.wants'); do
        if walk_guest "/etc/systemd/system/$wants_directory/$1" keep && [ -L "$ROOT$walk_real" ]; then
            return 0
        fi
    done
    return 1
}

# guest_package_version PACKAGE: prints the version that dpkg has installed; fails if it has not.
guest_package_version() {
    guest_has /usr/bin/dpkg-query || return 1
    # shellcheck disable=SC2016 # the words are dpkg-query's
    package_state=$(guest_run dpkg-query -W -f '${Status}|${Version}' "$1" 2>/dev/null) || return 1
    case $package_state in
        *" installed|"*) printf '%s\n' "${package_state#*|}" ;;
        *) return 1 ;;
    esac
}

# guest_package_is PACKAGE VERSION: is it installed in that version or a later one?
guest_package_is() {
    package_version=$(guest_package_version "$1") || return 1
    guest_run dpkg --compare-versions "$package_version" ge "$2"
}

# guest_has_apt: is there an apt? It need not be allowed to install anything: see can_install.
guest_has_apt() {
    guest_has /usr/bin/apt-get /usr/bin/dpkg
}

# --- packages ---------------------------------------------------------------------------------------------------------

# can_install: is there an apt to use, and may it be used?
can_install() {
    [ -z "${DOMUS_OFFLINE:-}" ] && guest_has_apt && guest_is_file /var/lib/dpkg/status
}

# apt_get ARGUMENT...: apt-get in the guest: asks nothing, keeps the guest's own configuration files, and is quick,
# since a guest that is half made is thrown away and so needs no fsync.
apt_get() {
    if [ -n "${DOMUS_UNVERIFIED:-}" ]; then
        set -- -o Acquire::AllowInsecureRepositories=true -o APT::Get::AllowUnauthenticated=true "$@"
    fi
    if [ -z "${apt_unsafe_io+known}" ]; then
        apt_unsafe_io=
        if guest_run dpkg --force-help 2>/dev/null | grep -q unsafe-io; then
            apt_unsafe_io=1
        fi
    fi
    if [ -n "$apt_unsafe_io" ]; then
        set -- -o Dpkg::Options::=--force-unsafe-io "$@"
    fi
    guest_run apt-get -q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
        -o Dpkg::Use-Pty=0 -o Acquire::Languages=none -o Acquire::Retries=2 "$@"
}

# fetch_lists: has apt fetch the lists of packages, from the sources that it has.
fetch_lists() {
    # Without a password, which the log is not to have.
    lists_from=$(printf '%s' "${mirror:-the sources it has}" | sed 's|://[^/@]*@|://|')
    # They stay compressed on the guest's disk (a fifth of the size), where apt can read them so.
    set --
    if guest_package_is apt 1.1; then
        set -- -o Acquire::GzipIndexes=true
    fi
    apt_get -o APT::Update::Error-Mode=any "$@" update >&2 ||
        fail "could not fetch the package lists from $lists_from: apt-get update failed"
    [ -n "$(guest_glob /var/lib/apt/lists '*_Packages*')" ] ||
        fail "could not fetch the package lists from $lists_from: apt-get update brought none"
    guest_remove "$DOMUS_LISTS_DELAYED"
}

# forget_downloads: removes what apt and dpkg keep of what they have done. The package lists stay.
forget_downloads() {
    guest_remove_matching /var/cache/apt/archives '*.deb'
    guest_remove_matching /var/cache/apt/archives/partial '*'
    guest_remove /var/cache/apt/pkgcache.bin /var/cache/apt/srcpkgcache.bin
    guest_remove_matching /var/lib/apt/lists/partial '*'
    guest_remove_matching /var/cache/debconf '*-old'
    guest_remove_matching /var/lib/dpkg '*-old'
}

# delay_lists: they are fetched by need_lists.
delay_lists() {
    : | guest_write "$DOMUS_LISTS_DELAYED"
}

# need_lists: comes before whatever reads the lists. Not only inside $(...), where its failure would pass for "the archive
# has none".
need_lists() {
    if guest_is_file "$DOMUS_LISTS_DELAYED"; then
        fetch_lists
    fi
}

# apt_first PACKAGE...: prints the first of these that the guest's archive offers; fails if it offers none.
apt_first() {
    need_lists
    apt_offered=$(guest_run apt-cache policy "$@" | sed -n -e '/^[^ ].*:$/{s/:$//;h;}' \
        -e '/^  Candidate:/{/(none)/!{x;p;};}')
    for apt_package; do
        case "
$apt_offered
" in
            *"
$apt_package
"*)
                printf '%s\n' "$apt_package"
                return 0
                ;;
        esac
    done
    return 1
}

# want_package PACKAGE...: has them installed, in the one run of apt-get that comes after the hooks which want
# something.
want_package() {
    can_install || return 0
    printf '%s\n' "$@" | guest_append "$DOMUS_WANTED"
}

# want_first PACKAGE...: the same for the first of these that the guest's archive offers; one of them is needed.
want_first() {
    can_install || return 0
    need_lists
    want_found=$(apt_first "$@") || fail "could not choose a package: the guest's archive has none of $*"
    want_package "$want_found"
}

# --- what roles and hooks written for xen-tools call ------------------------------------------------------------------
# The first argument of each is the guest's root directory.

# logMessage TEXT...: a line for the log, when the user asked for them.
logMessage() {
    if [ -n "${verbose:-}" ]; then
        printf '%s\n' "$*"
    fi
}

# assert LINE CONDITION...: ends the script unless the condition holds: a text that is not empty, or a test such as
# `-d DIRECTORY`.
assert() {
    assert_line=
    if [ $# -gt 1 ]; then
        assert_line=$1
        shift
    fi
    case $# in
        0) false ;;
        1) [ -n "$1" ] ;;
        *) [ "$@" ] ;;
    esac || fail "an assertion does not hold${assert_line:+ in line $assert_line}: $*"
}

# isDeb ROOT, isYum ROOT: which package manager does the guest have?
isDeb() (
    ROOT=${1:-}
    guest_has_apt
)

isYum() (
    ROOT=${1:-}
    guest_has /usr/bin/yum || guest_has /usr/bin/dnf
)

# installDebianPackageAndRecommends ROOT PACKAGE..., installDebianPackage ROOT PACKAGE...: with what they recommend, and
# without. apt-get's options may stand among the packages. No daemon starts. The status is apt-get's.
installDebianPackageAndRecommends() {
    with_apt "install the packages" "$1" install -o APT::Install-Recommends=true "$@"
}

installDebianPackage() {
    with_apt "install the packages" "$1" install -o APT::Install-Recommends=false "$@"
}

# removeDebianPackage ROOT PACKAGE...: removes them with their configuration.
removeDebianPackage() {
    with_apt "remove the packages" "$1" remove --purge "$@"
}

# with_apt JOB ROOT apt-get's arguments, in which ROOT stands once more before the packages.
with_apt() (
    apt_job=$1
    ROOT=${2%/}
    apt_verb=$3
    apt_option=$4
    shift 4
    if [ "$apt_option" = -o ]; then
        apt_option=-o$1
        shift
    fi
    shift
    assert "" "$ROOT"
    assert "" -d "$ROOT"
    logMessage "Asking apt-get to $apt_job: $*"
    if [ -n "${DOMUS_OFFLINE:-}" ] || ! guest_has_apt; then
        printf '%s\n' "cannot $apt_job $*: the guest has no apt-get that may be used" >&2
        exit 1
    fi
    # Before what has to be undone: it may end this.
    [ "$apt_verb" != install ] || need_lists
    apt_mine=
    if ! guest_exists /usr/sbin/policy-rc.d; then
        forbid_daemons
        apt_mine=1
    fi
    apt_status=0
    apt_get "$apt_verb" "$apt_option" "$@" || apt_status=$?
    [ -z "$apt_mine" ] || guest_remove /usr/sbin/policy-rc.d
    [ "$apt_status" -eq 0 ] || printf '%s\n' "cannot $apt_job $*: apt-get ended with status $apt_status" >&2
    exit "$apt_status"
)

# forbid_daemons: invoke-rc.d and deb-systemd-invoke ask this program, and 101 means no.
forbid_daemons() {
    printf '#!/bin/sh\n# Made while the guest is being built: nothing starts.\nexit 101\n' |
        guest_write /usr/sbin/policy-rc.d 0755
}

# disableStartStopDaemon ROOT, enableStartStopDaemon ROOT: puts programs that do nothing in the place of those that
# start daemons, and puts the real ones back.
disableStartStopDaemon() (
    assert "" "${1:-}"
    ROOT=${1%/}
    for starter in /sbin/start-stop-daemon /sbin/initctl; do
        if guest_program "$starter" && ! guest_exists "$starter.REAL"; then
            mv -fT "$(guest_path "$starter")" "$(guest_path "$starter").REAL"
            printf '#!/bin/sh\necho "Warning: %s is disabled while the guest is being built"\n' "${starter##*/}" |
                guest_write "$starter" 0755
            logMessage "$starter is disabled"
        fi
    done
)

enableStartStopDaemon() (
    assert "" "${1:-}"
    ROOT=${1%/}
    for starter in /sbin/start-stop-daemon /sbin/initctl; do
        if guest_program "$starter.REAL"; then
            mv -fT "$(guest_path "$starter.REAL")" "$(guest_path "$starter")"
            logMessage "$starter works again"
        fi
    done
)

# generateDebianGrubMenuLst ROOT TITLE KERNEL [RAMDISK]: a menu.lst for a legacy grub, of files in the guest's /boot.
generateDebianGrubMenuLst() (
    assert "" "${1:-}"
    assert "" "${2:-}"
    assert "" "${3:-}"
    ROOT=${1%/}
    guest_is_file "/boot/$3" || fail "cannot write a menu.lst: there is no /boot/$3 in the guest"
    menu_root=$(guest_read /etc/fstab | awk '$1 !~ /^#/ && $2 == "/" { print $1; exit }')
    menu_prefix=/boot
    if guest_read /etc/fstab | awk '$1 !~ /^#/ && $2 == "/boot" { found = 1 } END { exit !found }'; then
        menu_prefix=
    fi
    [ -n "$menu_root" ] || menu_root=/dev/${disk_device:-xvda}$([ -n "${noswap:-}" ] && echo 1 || echo 2)
    {
        printf 'default 0\ntimeout 2\n'
        for menu_mode in '' single; do
            printf '\ntitle %s%s\nroot (hd0,0)\n' "$2" "${menu_mode:+ (single-user mode)}"
            printf 'kernel %s/%s root=%s ro%s\n' "$menu_prefix" "$3" "$menu_root" "${menu_mode:+ single}"
            [ -z "${4:-}" ] || printf 'initrd %s/%s\n' "$menu_prefix" "$4"
        done
    } | guest_write /boot/grub/menu.lst
)

# installRPMPackage ROOT PACKAGE...: by dnf or yum.
installRPMPackage() (
    assert "" "${1:-}"
    assert "" "${2:-}"
    ROOT=${1%/}
    shift
    if guest_has /usr/bin/dnf; then
        guest_run dnf -y install "$@"
    else
        guest_run yum -y install "$@"
    fi
)

installCentOS4Package() {
    installRPMPackage "$@"
}

# installGentooPackage ROOT PACKAGE...: by emerge.
installGentooPackage() (
    assert "" "${1:-}"
    assert "" "${2:-}"
    ROOT=${1%/}
    shift
    guest_run emerge --quiet "$@"
)

# installPackage ROOT PACKAGE...: by whatever the guest has.
installPackage() {
    if isDeb "$1"; then
        installDebianPackage "$@"
    elif isYum "$1"; then
        installRPMPackage "$@"
    elif (ROOT=${1%/} && guest_has emerge); then
        installGentooPackage "$@"
    else
        logMessage "Unable to install ${2:-}: the guest has no package manager that is known here"
    fi
}
