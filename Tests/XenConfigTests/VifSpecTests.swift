import GuestModel
import Testing
import XenConfig

@Suite("Vif strings")
struct VifSpecTests {
    @Test("what xen-tools writes is read, with all its addresses")
    func xenTools() throws {
        let vif = VifSpec(parsing: "ip=192.0.2.10 192.0.2.11 ,mac=00:16:3E:99:7B:CC,vifname=web1.0,bridge=xenbr0")
        #expect(vif.mac?.description == "00:16:3E:99:7B:CC")
        #expect(vif.addresses == ["192.0.2.10", "192.0.2.11"])
        #expect(vif.bridge == "xenbr0")
        #expect(vif.vifName == "web1.0")
        #expect(vif.complaints.isEmpty)
        #expect(vif.text == "mac=00:16:3E:99:7B:CC,bridge=xenbr0,vifname=web1.0,ip=192.0.2.10 192.0.2.11")
    }

    @Test("blanks behind commas and parameters of no use to Domus are kept in peace")
    func others() {
        let vif = VifSpec(parsing: "bridge=b,  rate=10Mb/s@50ms,type=vif,trusted,,mtu=1500,colo_filter_mirror_queue=1")
        #expect(vif.others == ["rate=10Mb/s@50ms", "trusted", "mtu=1500", "colo_filter_mirror_queue=1"])
        #expect(vif.complaints.isEmpty)
        #expect(VifSpec(parsing: "") == VifSpec())
    }

    @Test(
        "what xl would only grumble at is noted",
        arguments: [
            ("mac=1:2", "\"1:2\" is not a MAC address"), ("mca=x", "\"mca\" is not a parameter of a vif"),
            ("bridge", "\"bridge\" is not a parameter of a vif"), ("bridge=", "bridge is empty"),
            ("mac = 00:16:3E:00:00:01", "\"mac \" is not a parameter of a vif"),
        ]
    )
    func complaints(text: String, complaint: String) {
        #expect(VifSpec(parsing: text).complaints == [complaint])
    }
}
