import SystemPackage
import TestSupport

@testable import Installer

/// The catalogue that Domus brings.
func shippedCatalogue() throws -> QuestionCatalogue { try shipped.get() }

private let shipped = Result<QuestionCatalogue, any Error> {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    let file = root.appending("Templates/installer/questions")
    return try QuestionCatalogue(parsing: readText(file), file: file.string)
}

func preseed(_ lines: String...) throws(PreseedError) -> Preseed {
    try Preseed(parsing: lines.joined(separator: "\n") + "\n", file: "guest.cfg")
}

/// Every entry in one line, values included.
func shown(_ preseed: Preseed) -> [String] {
    preseed.entries.map {
        "\($0.line.map(String.init) ?? "-"): \($0.owner)|\($0.question)|\($0.type.rawValue)|\($0.value)"
    }
}

/// A preseed file of all that people usually answer, after the questions of Debian's example.
let usual = #"""
    # Localization
    d-i debian-installer/locale string en_US.UTF-8
    d-i keyboard-configuration/xkb-keymap select us

    d-i netcfg/choose_interface select auto
    d-i netcfg/dhcp_timeout string 60
    d-i netcfg/disable_autoconfig boolean true
    d-i netcfg/get_ipaddress string 192.0.2.42
    d-i netcfg/get_netmask string 255.255.255.0
    d-i netcfg/get_gateway string 192.0.2.1
    d-i netcfg/get_nameservers string 192.0.2.1
    d-i netcfg/confirm_static boolean true
    d-i netcfg/get_hostname string unassigned-hostname
    d-i netcfg/get_domain string unassigned-domain
    d-i netcfg/wireless_wep string
    d-i anna/choose_modules string network-console
    d-i network-console/authorized_keys_url string http://192.0.2.1/openssh-key
    d-i hw-detect/load_firmware boolean false

    d-i mirror/protocol string http
    d-i mirror/country string manual
    d-i mirror/http/hostname string mirror.example.com
    d-i mirror/http/directory string /debian
    d-i mirror/http/proxy string
    d-i mirror/suite string stable
    d-i mirror/udeb/suite string stable

    d-i passwd/root-login boolean false
    d-i passwd/root-password-crypted password !
    d-i passwd/make-user boolean true
    d-i passwd/user-fullname string Debian User
    d-i passwd/username string debian
    d-i passwd/user-uid string 1010
    d-i passwd/user-default-groups string audio cdrom video

    d-i clock-setup/utc boolean true
    d-i time/zone string Etc/UTC
    d-i clock-setup/ntp boolean true
    d-i clock-setup/ntp-server string ntp.example.com

    d-i partman-auto/init_automatically_partition select biggest_free
    d-i partman-auto/disk string /dev/xvda
    d-i partman-auto/method string lvm
    d-i partman-auto-lvm/guided_size string max
    d-i partman-lvm/device_remove_lvm boolean true
    d-i partman-md/device_remove_md boolean true
    d-i partman-lvm/confirm boolean true
    d-i partman-lvm/confirm_nooverwrite boolean true
    d-i partman-auto/choose_recipe select atomic
    d-i partman-auto/expert_recipe string                   \
          boot-root ::                                      \
                  40 50 100 ext4                            \
                          $primary{ } $bootable{ }          \
                          method{ format } format{ }        \
                  .
    d-i partman-efi/non_efi_system boolean true
    d-i partman-partitioning/choose_label string gpt
    d-i partman-partitioning/confirm_write_new_label boolean true
    d-i partman/choose_partition select finish
    d-i partman/confirm boolean true
    d-i partman/confirm_nooverwrite boolean true
    d-i partman/mount_style select uuid
    d-i partman-md/confirm boolean true
    d-i partman-md/confirm_nooverwrite boolean true
    d-i partman-basicfilesystems/no_swap boolean false

    d-i base-installer/install-recommends boolean false
    d-i base-installer/kernel/image string linux-image-686
    d-i apt-setup/cdrom/set-first boolean false
    d-i apt-setup/non-free-firmware boolean true
    d-i apt-setup/contrib boolean true
    d-i apt-setup/disable-cdrom-entries boolean true
    d-i apt-setup/use_mirror boolean false
    d-i apt-setup/services-select multiselect security, updates
    d-i apt-setup/security_host string security.example.com
    d-i apt-setup/local0/repository string http://local.server/debian stable main
    d-i apt-setup/local0/comment string local server
    d-i apt-setup/local0/source boolean true
    d-i apt-setup/local12/key string http://local.server/key
    d-i debian-installer/allow_unauthenticated boolean true
    d-i apt-setup/multiarch string i386

    tasksel tasksel/first multiselect standard, web-server, kde-desktop
    d-i pkgsel/run_tasksel boolean false
    d-i pkgsel/include string openssh-server build-essential
    d-i pkgsel/upgrade select none
    popularity-contest popularity-contest/participate boolean false

    d-i grub-installer/only_debian boolean true
    d-i grub-installer/with_other_os boolean true
    d-i grub-installer/bootdev string default
    d-i debian-installer/add-kernel-opts string nousb
    d-i finish-install/keep-consoles boolean true
    d-i finish-install/reboot_in_progress note
    d-i cdrom-detect/eject boolean false
    d-i debian-installer/exit/halt boolean true
    d-i debian-installer/exit/poweroff boolean true

    d-i preseed/early_command string anna-install some-udeb
    d-i partman/early_command string debconf-set partman-auto/disk "$(list-devices disk | head -n1)"
    d-i preseed/late_command string apt-install zsh; in-target chsh -s /bin/zsh
    d-i preseed/include_command string echo other.cfg
    d-i preseed/run string foo.sh

    """#

/// The template that Domus brings.
func shippedTemplate() throws -> String {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    return try readText(root.appending("Templates/installer/preseed.cfg.mustache"))
}
