import Testing
import XenConfig

/// Configurations and the documents that they are, written by hand after libvirt's formatdomain.html and its sources.
enum LibvirtExamples {
    /// A PV guest as xen-tools wrote it.
    static let paravirtual = (
        configuration: #"""
        # As xen-tools wrote them.
        kernel = '/boot/vmlinuz-6.1.0-18-amd64'
        extra = 'elevator=noop'
        ramdisk = '/boot/initrd.img-6.1.0-18-amd64'
        vcpus = '1'
        memory = '512'
        root = '/dev/xvda2 ro'
        disk = ['phy:/dev/vg0/web1-disk,xvda2,w', 'file:/srv/web1 & co/swap.img,xvda1,w']
        name = 'web1'
        dhcp = 'dhcp'
        vif = ['ip=192.0.2.10 2001:db8::10,mac=00:16:3E:99:7B:CC,bridge=xenbr0']
        on_poweroff = 'destroy'
        on_reboot = 'restart'
        on_crash = 'restart'

        """#,
        xml: #"""
        <domain type='xen'>
          <name>web1</name>
          <memory unit='KiB'>524288</memory>
          <currentMemory unit='KiB'>524288</currentMemory>
          <vcpu placement='static'>1</vcpu>
          <os>
            <type machine='xenpv'>linux</type>
            <kernel>/boot/vmlinuz-6.1.0-18-amd64</kernel>
            <initrd>/boot/initrd.img-6.1.0-18-amd64</initrd>
            <cmdline>root=/dev/xvda2 ro elevator=noop</cmdline>
          </os>
          <clock offset='utc' adjustment='reset'/>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>restart</on_crash>
          <devices>
            <disk type='block' device='disk'>
              <driver type='raw'/>
              <source dev='/dev/vg0/web1-disk'/>
              <target dev='xvda2' bus='xen'/>
            </disk>
            <disk type='file' device='disk'>
              <driver type='raw'/>
              <source file='/srv/web1 &amp; co/swap.img'/>
              <target dev='xvda1' bus='xen'/>
            </disk>
            <interface type='bridge'>
              <mac address='00:16:3e:99:7b:cc'/>
              <source bridge='xenbr0'/>
              <ip address='192.0.2.10' family='ipv4'/>
              <ip address='2001:db8::10' family='ipv6'/>
            </interface>
            <console type='pty'>
              <target type='xen' port='0'/>
            </console>
          </devices>
        </domain>

        """#
    )

    /// A PVH guest with most of what one can have.
    static let hardware = (
        configuration: #"""
        name = "ci"
        uuid = "0a1b2c3d-1111-4000-8000-00000000000f"
        type = "pvh"
        memory = 1024
        maxmem = 2048
        vcpus = 2
        maxvcpus = 4
        cpus = "0-3,^1"
        cpu_weight = 512
        kernel = "/usr/lib/grub-xen/grub-i386-xen_pvh.bin"
        disk = [
            "format=raw, vdev=xvda, access=rw, discard, target=/dev/vg0/ci-disk",
            "format=qcow2, vdev=xvdb, access=ro, backend=storage, target=/srv/data.qcow2",
        ]
        vif = [
            "mac=00:16:3E:00:00:01,bridge=xenbr0,script=vif-bridge,vifname=ci.0",
            "mac=00:16:3E:00:00:02,bridge=ovs0.42,script=vif-openvswitch,rate=8MB/s,backend=router",
            "mac=00:16:3E:00:00:03",
        ]
        vfb = ["vnc=1,vncunused=0,vncdisplay=3,vncpasswd=secret"]
        channel = ["connection=socket,path=/run/agent.sock,name=org.qemu.guest_agent.0"]
        pci = ["03:00.0,permissive=1,seize=1"]
        max_grant_frames = 64
        on_crash = "preserve"
        tsc_mode = 2
        seclabel = "system_u:system_r:domU_t"

        """#,
        xml: #"""
        <domain type='xen'>
          <name>ci</name>
          <uuid>0a1b2c3d-1111-4000-8000-00000000000f</uuid>
          <memory unit='KiB'>2097152</memory>
          <currentMemory unit='KiB'>1048576</currentMemory>
          <vcpu placement='static' cpuset='0,2-3' current='2'>4</vcpu>
          <cputune>
            <shares>512</shares>
            <vcpupin vcpu='0' cpuset='0,2-3'/>
            <vcpupin vcpu='1' cpuset='0,2-3'/>
            <vcpupin vcpu='2' cpuset='0,2-3'/>
            <vcpupin vcpu='3' cpuset='0,2-3'/>
          </cputune>
          <os>
            <type machine='xenpvh'>xenpvh</type>
            <kernel>/usr/lib/grub-xen/grub-i386-xen_pvh.bin</kernel>
          </os>
          <clock offset='utc' adjustment='reset'>
            <timer name='tsc' present='yes' mode='native'/>
          </clock>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>preserve</on_crash>
          <devices>
            <disk type='block' device='disk'>
              <driver type='raw' discard='unmap'/>
              <source dev='/dev/vg0/ci-disk'/>
              <target dev='xvda' bus='xen'/>
            </disk>
            <disk type='file' device='disk'>
              <driver name='qemu' type='qcow2'/>
              <source file='/srv/data.qcow2'/>
              <target dev='xvdb' bus='xen'/>
              <readonly/>
              <backenddomain name='storage'/>
            </disk>
            <controller type='xenbus' index='0' maxGrantFrames='64'/>
            <interface type='bridge'>
              <mac address='00:16:3e:00:00:01'/>
              <source bridge='xenbr0'/>
              <script path='vif-bridge'/>
              <target dev='ci.0'/>
            </interface>
            <interface type='bridge'>
              <mac address='00:16:3e:00:00:02'/>
              <source bridge='ovs0'/>
              <vlan>
                <tag id='42'/>
              </vlan>
              <virtualport type='openvswitch'/>
              <script path='vif-openvswitch'/>
              <bandwidth>
                <outbound average='7813'/>
              </bandwidth>
              <backenddomain name='router'/>
            </interface>
            <interface type='ethernet'>
              <mac address='00:16:3e:00:00:03'/>
            </interface>
            <console type='pty'>
              <target type='xen' port='0'/>
            </console>
            <channel type='unix'>
              <source mode='bind' path='/run/agent.sock'/>
              <target type='xen' name='org.qemu.guest_agent.0'/>
            </channel>
            <graphics type='vnc' port='5903' autoport='no' passwd='secret'/>
            <hostdev mode='subsystem' type='pci' managed='yes'>
              <source writeFiltering='no'>
                <address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/>
              </source>
            </hostdev>
          </devices>
          <seclabel type='static' model='flask' relabel='no'>
            <label>system_u:system_r:domU_t</label>
          </seclabel>
        </domain>

        """#
    )

    /// An HVM guest with most of what one can have.
    static let emulated = (
        configuration: #"""
        name = "desktop"
        builder = "hvm"
        memory = 4096
        vcpus = 4
        bios = "ovmf"
        boot = "dc"
        acpi_firmware = "/srv/slic.bin"
        hap = 1
        nestedhvm = 0
        cpuid = "host,tm=0,sse3=1,page1gb=x"
        localtime = 1
        rtc_timeoffset = "-3600"
        hpet = 1
        passthrough = "share_pt"
        disk = ["/dev/vg0/desktop,,hda", "/srv/debian.iso,,hdc,cdrom", ",hdd:cdrom,r", "/srv/b.vhd,vhd,sda"]
        vif = ["bridge=xenbr0,model=e1000,mac=00:16:3e:00:00:04", "type=vif,bridge=xenbr1"]
        serial = "pty"
        vnclisten = "127.0.0.1"
        vncpasswd = "<&\"'>"
        keymap = "de"
        stdvga = 1
        soundhw = "hda"
        usb = 1
        usbdevice = ["tablet", "mouse"]
        usbctrl = ["version=1,ports=4"]
        usbdev = ["hostbus=1,hostaddr=0x10"]
        max_event_channels = 2047
        device_model_override = "/usr/local/bin/qemu"
        device_model_args = ["-debugcon", "stdio"]
        device_model_args_hvm = ["-name", "a&b"]

        """#,
        xml: #"""
        <domain type='xen' xmlns:xen='http://libvirt.org/schemas/domain/xen/1.0'>
          <name>desktop</name>
          <memory unit='KiB'>4194304</memory>
          <currentMemory unit='KiB'>4194304</currentMemory>
          <vcpu placement='static'>4</vcpu>
          <os firmware='efi'>
            <type machine='xenfv'>hvm</type>
            <boot dev='cdrom'/>
            <boot dev='hd'/>
            <acpi>
              <table type='slic'>/srv/slic.bin</table>
            </acpi>
          </os>
          <features>
            <acpi/>
            <apic/>
            <pae/>
            <hap state='on'/>
            <xen>
              <passthrough state='on' mode='share_pt'/>
            </xen>
          </features>
          <cpu mode='host-passthrough'>
            <feature policy='disable' name='tm'/>
            <feature policy='force' name='pni'/>
            <feature policy='optional' name='pdpe1gb'/>
            <feature policy='disable' name='vmx'/>
            <feature policy='disable' name='svm'/>
          </cpu>
          <clock offset='variable' adjustment='-3600' basis='localtime'>
            <timer name='hpet' present='yes'/>
          </clock>
          <on_poweroff>destroy</on_poweroff>
          <on_reboot>restart</on_reboot>
          <on_crash>destroy</on_crash>
          <devices>
            <emulator>/usr/local/bin/qemu</emulator>
            <disk type='block' device='disk'>
              <driver type='raw'/>
              <source dev='/dev/vg0/desktop'/>
              <target dev='hda' bus='ide'/>
            </disk>
            <disk type='file' device='cdrom'>
              <driver type='raw'/>
              <source file='/srv/debian.iso'/>
              <target dev='hdc' bus='ide'/>
              <readonly/>
            </disk>
            <disk type='file' device='cdrom'>
              <driver type='raw'/>
              <target dev='hdd' bus='ide'/>
              <readonly/>
            </disk>
            <disk type='file' device='disk'>
              <driver name='qemu' type='vhd'/>
              <source file='/srv/b.vhd'/>
              <target dev='sda' bus='scsi'/>
            </disk>
            <controller type='xenbus' index='0' maxEventChannels='2047'/>
            <controller type='usb' index='0' model='qusb1' ports='4'/>
            <interface type='bridge'>
              <mac address='00:16:3e:00:00:04'/>
              <source bridge='xenbr0'/>
              <model type='e1000'/>
            </interface>
            <interface type='bridge'>
              <source bridge='xenbr1'/>
              <model type='netfront'/>
            </interface>
            <serial type='pty'>
              <target port='0'/>
            </serial>
            <input type='tablet' bus='usb'/>
            <input type='mouse' bus='usb'/>
            <graphics type='vnc' port='-1' autoport='yes' listen='127.0.0.1' passwd='&lt;&amp;&quot;&apos;&gt;' keymap='de'>
              <listen type='address' address='127.0.0.1'/>
            </graphics>
            <sound model='ich6'/>
            <video>
              <model type='vga' vram='16384' heads='1' primary='yes'/>
            </video>
            <hostdev mode='subsystem' type='usb' managed='no'>
              <source>
                <address bus='1' device='16'/>
              </source>
            </hostdev>
          </devices>
          <xen:commandline>
            <xen:arg value='-debugcon'/>
            <xen:arg value='stdio'/>
            <xen:arg value='-name'/>
            <xen:arg value='a&amp;b'/>
          </xen:commandline>
        </domain>

        """#
    )

    static let all = [paravirtual, hardware, emulated]
}

@Suite("The libvirt domain of a configuration")
struct LibvirtGoldenTests {
    private func domain(_ configuration: String) throws -> LibvirtDomain {
        try LibvirtDomain(from: XenConfigFile(parsing: configuration), for: .newest)
    }

    @Test("each kind of guest, whole", arguments: LibvirtExamples.all)
    func golden(configuration: String, xml: String) throws {
        #expect(try domain(configuration).xml == xml)
    }

    @Test("of all that, only what xl has no use for has no form")
    func notes() throws {
        #expect(
            try domain(LibvirtExamples.paravirtual.configuration).notes.map(\.description) == [
                "line 10: \"dhcp\" is no key of xl 4.22, which ignores it, and has no form in libvirt XML"
            ])
        #expect(
            try domain(LibvirtExamples.hardware.configuration).notes.map(\.description) == [
                "line 8: \"cpus\" is heeded by libvirt for those processors only that are there from the start: 2 of 4"
            ])
        #expect(try domain(LibvirtExamples.emulated.configuration).notes == [])
    }

    @Test("the template's own guests have a form, with nothing lost")
    func own() throws {
        let rendered = try guest().render(template: contents(of: templatePath), file: "xl.cfg.mustache")
        let domain = try domain(rendered.text)
        #expect(domain.notes == [])
        #expect(domain.xml.contains("<type machine='xenpvh'>xenpvh</type>"))
        #expect(domain.xml.contains("<source file='/srv/xen/domains/web1.example.org/disk.img'/>"))
    }

    @Test("where xl's defaults are others than libvirt's, xl's are written out")
    func defaults() throws {
        let domain = try domain("name = 'g'\ntype = 'hvm'\nmemory = 64\n")
        for element in [
            "<boot dev='hd'/>\n    <boot dev='cdrom'/>\n    <boot dev='fd'/>", "<acpi/>",
            "<on_crash>destroy</on_crash>",
            "<graphics type='vnc' port='-1' autoport='yes'/>",
            "<model type='cirrus' vram='8192' heads='1' primary='yes'/>",
        ] {
            #expect(domain.xml.contains(element), "\(domain.xml)")
        }
    }
}
