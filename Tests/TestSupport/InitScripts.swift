/// Shell stand-ins for what controls services in a Debian system: they do to the files what the real ones do, and start
/// nothing.
enum InitScripts {
    static let helpers: [TreeEntry] = [
        .file("usr/sbin/update-rc.d", updateRC, mode: 0o755),
        .file("usr/sbin/invoke-rc.d", invokeRC, mode: 0o755),
        .file("usr/sbin/service", "#!/bin/sh\nscript=$1\nshift\nexec invoke-rc.d \"$script\" \"$@\"\n", mode: 0o755),
        .file("usr/bin/deb-systemd-helper", "#!/bin/sh\nexit 0\n", mode: 0o755),
        .file("usr/bin/deb-systemd-invoke", "#!/bin/sh\nexit 0\n", mode: 0o755),
    ]

    private static let updateRC = """
        #!/bin/sh
        # update-rc.d NAME defaults|enable|disable|remove
        set -e
        test "$1" != -f || shift
        for level in 2 3 4 5; do
            mkdir -p /etc/rc$level.d
            rm -f /etc/rc$level.d/[SK][0-9][0-9]"$1"
            case $2 in
                remove) ;;
                disable) ln -s "../init.d/$1" "/etc/rc$level.d/K01$1" ;;
                *) ln -s "../init.d/$1" "/etc/rc$level.d/S01$1" ;;
            esac
        done

        """

    private static let invokeRC = """
        #!/bin/sh
        script=$1
        shift
        if test -x /usr/sbin/policy-rc.d; then
            /usr/sbin/policy-rc.d "$script" "$@"
            test $? != 101 || { echo "invoke-rc.d: policy-rc.d denied execution of $1." >&2; exit 0; }
        fi
        test ! -x "/etc/init.d/$script" || exec "/etc/init.d/$script" "$@"

        """

    /// `systemctl enable|disable|mask|unmask|set-default|is-enabled`, on files only.
    static let systemctl = """
        #!/bin/sh
        root=
        verb=
        units=
        for word; do
            case $word in
                --root=*) root=${word#--root=} ;;
                -*) ;;
                *) if test -z "$verb"; then verb=$word; else units="$units $word"; fi ;;
            esac
        done
        find_unit() {
            for directory in etc/systemd/system lib/systemd/system usr/lib/systemd/system; do
                test ! -f "$root/$directory/$1" || { echo "/$directory/$1"; return; }
            done
            return 1
        }
        status=0
        for unit in $units; do
            case $unit in *.*) ;; *) unit=$unit.service ;; esac
            # getty@hvc0.service is an instance of getty@.service
            case $unit in *@*.*) file=${unit%%@*}@.${unit##*.} ;; *) file=$unit ;; esac
            link=$root/etc/systemd/system/$unit
            case $verb in
                enable)
                    path=$(find_unit "$unit" || find_unit "$file") || {
                        echo "Failed to enable unit: Unit file $unit does not exist." >&2
                        status=1
                        continue
                    }
                    for target in $(sed -n 's/^WantedBy=//p' "$root$path"); do
                        mkdir -p "$root/etc/systemd/system/$target.wants"
                        ln -sf "$path" "$root/etc/systemd/system/$target.wants/$unit"
                    done ;;
                disable) rm -f "$root"/etc/systemd/system/*.wants/"$unit" ;;
                mask) mkdir -p "${link%/*}" && ln -sf /dev/null "$link" ;;
                unmask) test ! -L "$link" || rm "$link" ;;
                is-enabled)
                    for wanted in "$root"/etc/systemd/system/*.wants/"$unit"; do
                        test -L "$wanted" && echo enabled && exit 0
                    done
                    echo disabled
                    exit 1 ;;
                set-default) mkdir -p "$root/etc/systemd/system"
                    ln -sf "/lib/systemd/system/$unit" "$root/etc/systemd/system/default.target" ;;
                *) echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2
                    exit 1 ;;
            esac
        done
        exit $status

        """

    /// Debian's inittab of the days of sysvinit, without its comments.
    static let inittab = """
        id:2:initdefault:
        si::sysinit:/etc/init.d/rcS
        ~~:S:wait:/sbin/sulogin
        l0:0:wait:/etc/init.d/rc 0
        l2:2:wait:/etc/init.d/rc 2
        l6:6:wait:/etc/init.d/rc 6
        ca:12345:ctrlaltdel:/sbin/shutdown -t1 -a -r now
        1:2345:respawn:/sbin/getty 38400 tty1
        2:23:respawn:/sbin/getty 38400 tty2
        #T0:23:respawn:/sbin/getty -L ttyS0 9600 vt100

        """
}
