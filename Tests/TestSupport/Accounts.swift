/// The accounts that Debian's base-passwd knows, as far as a small root needs them.
enum Accounts {
    static let passwd = """
        root:x:0:0:root:/root:/bin/sh
        daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
        bin:x:2:2:bin:/bin:/usr/sbin/nologin
        sys:x:3:3:sys:/dev:/usr/sbin/nologin
        man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
        mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
        www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
        _apt:x:42:65534::/nonexistent:/usr/sbin/nologin
        nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin

        """

    static let group = """
        root:x:0:
        daemon:x:1:
        bin:x:2:
        sys:x:3:
        adm:x:4:
        tty:x:5:
        disk:x:6:
        mail:x:8:
        man:x:12:
        sudo:x:27:
        www-data:x:33:
        shadow:x:42:
        utmp:x:43:
        staff:x:50:
        users:x:100:
        nogroup:x:65534:

        """

    /// All locked, as a fresh Debian has it.
    static let shadow = passwd.split(separator: "\n").map { "\($0.prefix { $0 != ":" }):*:19700:0:99999:7:::\n" }
        .joined()
}
