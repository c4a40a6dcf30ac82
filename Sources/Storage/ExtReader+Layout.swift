extension ExtReader {
    /// What the superblock says (section Super Block), as far as reading needs it, and held to what can be.
    struct Layout {
        static let offset: UInt64 = 1024
        static let length = 1024

        /// In bytes, a power of two from 1 KiB to 64 KiB.
        let blockSize: Int
        /// Every block of the file system has a lower number; this many of them have offsets that fit Int64.
        let blocks: UInt64
        let inodes: UInt64
        let inodeSize: Int
        let hasLargeDirectories: Bool
        let needsRecovery: Bool
        let isClean: Bool

        private let firstDataBlock: UInt64
        private let blocksPerGroup: UInt64
        private let inodesPerGroup: UInt64
        private let descriptorSize: Int
        /// The first block of descriptors that lies in its own groups; nil without META_BG.
        private let firstMetaGroup: UInt64?
        private let backups: Backups

        /// Which groups begin with a copy of the superblock.
        private enum Backups {
            case everywhere
            case powers
            case groups([UInt64])
        }

        private enum Compatible {
            static let sparseSuper2: UInt64 = 0x200
        }

        private enum ReadOnlyCompatible {
            static let sparseSuper: UInt64 = 0x1
        }

        /// The names are mke2fs'.
        private enum Incompatible {
            static let recover: UInt64 = 0x4
            static let metaGroups: UInt64 = 0x10
            static let wide: UInt64 = 0x80
            static let largeDirectories: UInt64 = 0x4000
            /// filetype, needs_recovery, meta_bg, extent, 64bit, mmp, flex_bg, ea_inode, metadata_csum_seed,
            /// large_dir, inline_data, encrypt, casefold. A name that differs in case alone is another one here; what
            /// is encrypted is refused where it is met.
            static let known: UInt64 = 0x3E7D6
            static let names: [(bit: UInt64, name: String)] = [
                (0x1, "compression"), (0x8, "journal_dev"), (0x1000, "dirdata"),
            ]
        }

        init(_ bytes: [UInt8]) throws(ExtError) {
            guard try bytes.little(at: 0x38, 2) == 0xEF53 else {
                throw ExtError(.notExt, "it is no ext2, ext3 or ext4 file system")
            }
            let revision = try bytes.little(at: 0x4C, 4)
            guard revision <= 1 else {
                throw ExtError(.unsupported, "the file system has the unknown revision \(revision)")
            }
            let incompatible = try bytes.little(at: 0x60, 4)
            try Self.refuse(incompatible & ~Incompatible.known)
            let isWide = incompatible & Incompatible.wide != 0
            needsRecovery = incompatible & Incompatible.recover != 0
            hasLargeDirectories = incompatible & Incompatible.largeDirectories != 0
            isClean = try bytes.little(at: 0x3A, 2) & 0x7 == 0x1 && !needsRecovery

            let exponent = try bytes.little(at: 0x18, 4)
            guard exponent <= 6 else { throw .damaged("its blocks are too large") }
            blockSize = 1024 << Int(exponent)
            blocks = try bytes.little(at: 0x4, 4) | (isWide ? try bytes.little(at: 0x150, 4) << 32 : 0)
            let (size, overflow) = blocks.multipliedReportingOverflow(by: UInt64(blockSize))
            guard blocks > 0, !overflow, size <= UInt64(Int64.max) else {
                throw .damaged("it claims to have \(blocks) blocks")
            }
            firstDataBlock = try bytes.little(at: 0x14, 4)
            blocksPerGroup = try bytes.little(at: 0x20, 4)
            inodesPerGroup = try bytes.little(at: 0x28, 4)
            inodes = try bytes.little(at: 0, 4)
            guard blocksPerGroup > 0, inodesPerGroup > 0, inodesPerGroup <= 8 * UInt64(blockSize) else {
                throw .damaged("it claims to have \(blocksPerGroup) blocks and \(inodesPerGroup) inodes in a group")
            }
            inodeSize = revision == 0 ? 128 : Int(try bytes.little(at: 0x58, 2))
            guard (128...blockSize).contains(inodeSize), inodeSize.nonzeroBitCount == 1 else {
                throw .damaged("its inodes claim to have \(inodeSize) bytes")
            }
            descriptorSize = isWide ? Int(try bytes.little(at: 0xFE, 2)) : 32
            guard descriptorSize == 32 || (64...1024).contains(descriptorSize), descriptorSize.nonzeroBitCount == 1,
                isWide == (descriptorSize > 32)
            else { throw .damaged("its group descriptors claim to have \(descriptorSize) bytes") }

            firstMetaGroup = incompatible & Incompatible.metaGroups != 0 ? try bytes.little(at: 0x104, 4) : nil
            if try bytes.little(at: 0x5C, 4) & Compatible.sparseSuper2 != 0 {
                backups = .groups([try bytes.little(at: 0x24C, 4), try bytes.little(at: 0x250, 4)])
            } else if try bytes.little(at: 0x64, 4) & ReadOnlyCompatible.sparseSuper != 0 {
                backups = .powers
            } else {
                backups = .everywhere
            }
        }

        private static func refuse(_ features: UInt64) throws(ExtError) {
            guard features != 0 else { return }
            var names = Incompatible.names.filter { features & $0.bit != 0 }.map(\.name)
            let others = features & ~Incompatible.names.reduce(0) { $0 | $1.bit }
            if others != 0 { names.append("0x\(String(others, radix: 16))") }
            throw ExtError(
                .unsupported, "the file system has features not known here: \(names.joined(separator: ", "))")
        }

        /// Where a block begins.
        ///
        /// - Parameter what: who points to it, for the error.
        func offset(ofBlock block: UInt64, _ what: @autoclosure () -> String) throws(ExtError) -> UInt64 {
            // Block 0 holds the boot sector or the superblock: nothing points to it but what means none.
            guard block > 0, block < blocks else { throw .damaged("\(what()) points to the block \(block)") }
            return block * UInt64(blockSize)
        }

        /// Where an inode begins (sections Block Group Descriptors and Index Nodes).
        func offset(ofInode number: UInt64, on device: Device) throws(ExtError) -> UInt64 {
            guard number > 0, number <= inodes else { throw .damaged("it points to the inode \(number)") }
            let group = (number - 1) / inodesPerGroup
            let start = try offset(ofDescriptor: group)
            let descriptor = try device.bytes(at: start, count: descriptorSize)
            let high = descriptorSize >= 64 ? try descriptor.little(at: 0x28, 4) << 32 : 0
            let table = try descriptor.little(at: 0x8, 4) | high
            // Less than 2^19 inodes of less than 2^17 bytes.
            let distance = (number - 1) % inodesPerGroup * UInt64(inodeSize)
            let (block, overflow) = table.addingReportingOverflow(distance / UInt64(blockSize))
            guard table > 0, !overflow else { throw .damaged("the group \(group) has no inodes") }
            return try offset(ofBlock: block, "the group \(group)") + distance % UInt64(blockSize)
        }

        /// Section Meta Block Groups: without the feature all descriptors follow the superblock; with it, a block of
        /// them is in the first of the groups that it describes.
        private func offset(ofDescriptor group: UInt64) throws(ExtError) -> UInt64 {
            let perBlock = UInt64(blockSize / descriptorSize)
            let index = group / perBlock
            let block: UInt64
            if let firstMetaGroup, index >= firstMetaGroup {
                let first = index * perBlock
                // A group and the blocks of one have 32 bits each: the product has 64, and the sum is checked.
                let (start, overflow) = (first * blocksPerGroup).addingReportingOverflow(firstDataBlock)
                guard !overflow, start < blocks else { throw .damaged("there is no group \(group)") }
                // Where small blocks are counted from 0 the superblock is in the second one.
                let isShifted = blockSize == 1024 && index == 0 && firstDataBlock == 0
                block = start + (hasSuperblock(first) ? 1 : 0) + (isShifted ? 1 : 0)
            } else {
                block = (blockSize == 1024 ? 2 : 1) + index
            }
            return try offset(ofBlock: block, "the group \(group)") + group % perBlock * UInt64(descriptorSize)
        }

        /// Section Layout: with sparse_super the groups 0 and 1 and the powers of 3, 5 and 7.
        private func hasSuperblock(_ group: UInt64) -> Bool {
            switch backups {
            case _ where group == 0: return true
            case .everywhere: return true
            case .groups(let groups): return groups.contains(group)
            case .powers:
                return group == 1
                    || [3, 5, 7].contains { (base: UInt64) in
                        var rest = group
                        while rest > 1, rest % base == 0 { rest /= base }
                        return rest == 1
                    }
            }
        }
    }
}
