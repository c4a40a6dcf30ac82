import SystemPackage

extension GuestSpec {
    /// Where the disks live and how they are cut.
    package struct Storage: Sendable, Hashable {
        /// The directory that holds `domains/HOST`; absolute.
        package var directory: FilePath
        package var home: Home
        package var layout: Layout
        package var allocation: Allocation
        /// In the order in which the guest sees them; exactly one is mounted at `/`.
        package var partitions: [Partition]
        /// What the guest calls the disk: `xvda` unless the user says otherwise.
        package var diskDevice: String
        /// Whether a partitioned disk has an EFI system partition.
        package var hasEFISystem: Bool
        /// Disks that are there and stay, as xl's own strings (xl-disk-configuration(5)): the guest gets them as they are.
        package var furtherDisks: [String]

        package init(
            directory: FilePath,
            home: Home = .files,
            layout: Layout = .images,
            allocation: Allocation = .sparse,
            partitions: [Partition],
            diskDevice: String = "xvda",
            hasEFISystem: Bool = false,
            furtherDisks: [String] = []
        ) {
            self.directory = directory
            self.home = home
            self.layout = layout
            self.allocation = allocation
            self.partitions = partitions
            self.diskDevice = diskDevice
            self.hasEFISystem = hasEFISystem
            self.furtherDisks = furtherDisks
        }

        /// What the disks are.
        package enum Home: Sendable, Hashable {
            /// Image files in the guest's directory.
            case files
            /// Logical volumes of a group, in a thin pool of it if one is named.
            case volumes(VolumeGroupName, pool: VolumeName?, wiping: Bool)
            /// Block devices that are there and stay: one for the root file system, one for swap. With a UUID the root's is on
            /// its device already, and empty.
            case devices(root: FilePath, swap: FilePath?, wiping: Bool, formatted: String? = nil)

            /// The UUID of the root file system, where it is there already: `--dontformat`.
            package var formatted: String? {
                if case .devices(_, _, _, let uuid) = self { uuid } else { nil }
            }
        }

        /// Whether each partition is an image, or all of them are in one.
        package enum Layout: String, Sendable, Hashable, Codable, CaseIterable {
            /// One image file a partition, as xen-tools lays them.
            case images
            /// One image file with a GUID partition table.
            case disk
        }

        /// Whether an image takes its blocks at once.
        package enum Allocation: String, Sendable, Hashable, Codable, CaseIterable {
            case sparse
            case full
        }

        /// The guest's own directory.
        package func guestDirectory(of hostname: Hostname) -> FilePath {
            directory.appending("domains").appending(hostname.name)
        }
    }
}
