import Testing
import XenConfig

@Suite("Disk strings")
struct DiskSpecTests {
    private static func disk(
        _ vdev: String,
        _ target: String?,
        format: DiskSpec.Format = .raw,
        access: DiskSpec.Access = .readWrite,
        cdrom: Bool = false,
        deprecated: Bool = false,
        script: String? = nil,
        backendType: String? = nil,
        others: [String] = []
    ) -> DiskSpec {
        var disk = DiskSpec()
        disk.others = others
        (disk.vdev, disk.target, disk.format, disk.access) = (vdev, target, format, access)
        (disk.isCDROM, disk.hasDeprecatedPrefix, disk.script, disk.backendType) = (
            cdrom, deprecated, script, backendType
        )
        return disk
    }

    @Test(
        "every form that xl-disk-configuration(5) shows is read",
        arguments: [
            ("/dev/vg/guest-volume,,hda", disk("hda", "/dev/vg/guest-volume")),
            ("/dev/vg/guest-volume,raw,hda,rw", disk("hda", "/dev/vg/guest-volume")),
            ("format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume", disk("hda", "/dev/vg/guest-volume")),
            ("raw:/dev/vg/guest-volume,hda,w", disk("hda", "/dev/vg/guest-volume", deprecated: true)),
            ("/root/image.iso,,hdc,cdrom", disk("hdc", "/root/image.iso", access: .readOnly, cdrom: true)),
            ("/root/image.iso,,hdc,,cdrom", disk("hdc", "/root/image.iso", access: .readOnly, cdrom: true)),
            ("/root/image.iso,raw,hdc,devtype=cdrom", disk("hdc", "/root/image.iso", access: .readOnly, cdrom: true)),
            (
                "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/root/image.iso",
                disk("hdc", "/root/image.iso", access: .readOnly, cdrom: true)
            ),
            (
                "raw:/root/image.iso,hdc:cdrom,ro",
                disk("hdc", "/root/image.iso", access: .readOnly, cdrom: true, deprecated: true)
            ),
            (
                "backendtype=phy,vdev=xvdb,access=w,target=/dev/vg/guest-volume",
                disk("xvdb", "/dev/vg/guest-volume", backendType: "phy")
            ),
            ("devtype=cdrom,,,hdc", disk("hdc", nil, format: .empty, access: .readOnly, cdrom: true)),
            (",,hdc:cdrom,r", disk("hdc", nil, format: .empty, access: .readOnly, cdrom: true)),
            (",hdc:cdrom,r", disk("hdc", nil, format: .empty, access: .readOnly, cdrom: true)),
            (
                "vdev=hdc,access=r,devtype=cdrom,target=",
                disk("hdc", nil, format: .empty, access: .readOnly, cdrom: true)
            ),
            (",empty,hdc:cdrom,r", disk("hdc", nil, format: .empty, access: .readOnly, cdrom: true)),
            (
                "vdev=hdc,access=r,devtype=cdrom,format=empty",
                disk("hdc", nil, format: .empty, access: .readOnly, cdrom: true)
            ),
            (
                "iscsi:iqn.2001-05.com.example:0-8a0906-host,xvda,w",
                disk("xvda", "iqn.2001-05.com.example:0-8a0906-host", deprecated: true, script: "block-iscsi")
            ),
            ("drbd:app01,hda,w", disk("hda", "app01", deprecated: true, script: "block-drbd")),
            ("discard,vdev=hda,target=/some/disk/image.raw", disk("hda", "/some/disk/image.raw", others: ["discard"])),
            (
                "cdrom,no-discard,vdev=hda,target=/i.iso",
                disk("hda", "/i.iso", access: .readOnly, cdrom: true, others: ["no-discard"])
            ),
            (
                "direct-io-safe, trusted,grant_usage=1,colo-host=h,vdev=hda,target=/a",
                disk("hda", "/a", others: ["direct-io-safe", "trusted", "grant_usage=1", "colo-host=h"])
            ),
            (
                "file:/srv/xen/domains/web1/disk.img,xvda2,w",
                disk("xvda2", "/srv/xen/domains/web1/disk.img", deprecated: true)
            ),
            ("phy:/dev/vg0/web1-swap,xvda1,w", disk("xvda1", "/dev/vg0/web1-swap", deprecated: true)),
            ("tap:aio:/srv/a.img,xvda,r", disk("xvda", "/srv/a.img", access: .readOnly, deprecated: true)),
            ("tap:qcow2:/srv/a.img,xvda,w", disk("xvda", "/srv/a.img", format: .qcow2, deprecated: true)),
            ("/srv/a.qcow2,qcow2,xvda", disk("xvda", "/srv/a.qcow2", format: .qcow2)),
            ("vdev=xvda,target=/a,b=c, d", disk("xvda", "/a,b=c, d")),
            ("vdev=xvda,target=/a,", disk("xvda", "/a")),
            ("vdev=xvda,target=/a,,", disk("xvda", "/a,")),
            ("vdev=xvda,target=/it's \"x\" #é", disk("xvda", "/it's \"x\" #é")),
            ("\n  /a,\traw, xvda", disk("xvda", "/a")),
        ]
    )
    func read(text: String, expected: DiskSpec) throws {
        let disk = try DiskSpec(parsing: text)
        #expect(disk == expected)
        // What is printed says the same, in the form that xl recommends.
        var modern = expected
        modern.hasDeprecatedPrefix = false
        if expected.target?.last != "," { #expect(try DiskSpec(parsing: disk.text) == modern) }
    }

    @Test(
        "what xl rejects is rejected, with a reason",
        arguments: [
            ("", "it names no device of the guest"), ("foo", "it names no device of the guest"),
            ("/a,raw", "it names no device of the guest"), ("target=/a", "it names no device of the guest"),
            ("vdev=xvda", "it has no target"), ("vdev=xvda,access=x,target=/a", "\"x\" is not a kind of access"),
            ("vdev=xvda,format=iso,target=/a", "\"iso\" is not a format"), ("/a,iso,xvda", "\"iso\" is not a format"),
            ("vdev=xvda,vdev=xvdb,target=/a", "it has two devices of the guest"),
            ("format=raw,format=qcow2,vdev=xvda,target=/a", "it has two formats"),
            ("/a,raw,xvda,w,x", "\"x\" is one parameter too many"),
            ("vdev=xvda,size=1,target=/a", "\"size\" is not a parameter of a disk"),
            ("Vdev=xvda,target=/a", "\"Vdev\" is not a parameter of a disk"),
            ("discard vdev=xvda,target=/a", "\"discard vdev\" is not a parameter of a disk"),
            ("file:/a=b,xvda,w", "\"/a\" is not a parameter of a disk"),
            ("nfs:/a,xvda,w", "\"nfs:\" is not a prefix of a disk"),
            ("/a,raw,xvda:floppy", "\"floppy\" is not a type of device"),
            ("devtype=floppy,vdev=xvda", "\"floppy\" is not a type of device"),
            ("backendtype=nbd,vdev=xvda,target=/a", "\"nbd\" is not a backendtype"),
            ("=x", "\"\" is not a parameter of a disk"),
            ("/a,,xvda,w,target=/b", "it has two values of target"), ("vdev=xvda,target=/a\0b", "it holds a NUL"),
        ]
    )
    func rejected(text: String, reason: String) throws {
        let error = try #require(throws: XenConfigError.self) { try DiskSpec(parsing: text) }
        #expect(error.message == "the disk \"\(text)\" cannot be read: \(reason)")
    }
}
