internal import CKernels
import Tensors

/// The targets of a convolution's links, voxels of all samples, in groups of a few rows with one list of taps.
///
/// A group's list holds the taps of all its rows, so voxels go together whose taps are alike: of one phase of the
/// stride, side by side, the samples of a voxel first. Only where samples are few do groups span voxels. The shape alone
/// decides.
struct LinkRows: @unchecked Sendable {
    // Safety: nothing changes after it is made.
    struct Group: Sendable {
        let firstRow: Int
        let rowCount: Int
        let firstTap: Int
        let tapCount: Int
    }

    private(set) var groups: [Group] = []
    /// Of all groups: target voxel · samples + sample.
    private let rows: AlignedBuffer<Int32>
    private let taps: AlignedBuffer<Int32>
    /// `[target voxel, tap]`: the source voxel, or −1.
    private let sources: AlignedBuffer<Int32>

    /// Fewer rows than these take as long as they do.
    private static let fewestRows = 6
    private static let mostRows = Int(CKERNELS_LINKS_ROWS)

    /// - Parameters:
    ///   - size: of the target, voxels.
    ///   - phases: the stride by which the target is finer than the source, 1 along axes where it is not.
    ///   - ends: source and target voxel of a link.
    init(
        _ links: VoxelLinks, sampleCount: Int, size: [Int], phases: [Int],
        ends: (VoxelLinks.Link) -> (source: Int, target: Int)
    ) {
        let voxelCount = size.reduce(1, *)
        let tapCount = links.taps.count
        var sources = [Int32](repeating: -1, count: voxelCount * tapCount)
        var masks = [UInt32](repeating: 0, count: voxelCount)
        for link in links.links {
            let (source, target) = ends(link)
            sources[target * tapCount + link.tap] = Int32(source)
            masks[target] |= 1 << UInt32(link.tap)
        }
        self.sources = AlignedBuffer(sources)
        let order = Self.order(size, phases)
        rows = AlignedBuffer(order.flatMap { voxel in (0..<sampleCount).map { Int32(voxel * sampleCount + $0) } })
        var lists: [Int32] = []
        var known: [UInt32: Int] = [:]
        var firstRow = 0
        for (voxels, mask) in Self.runs(order.map { masks[$0] }, sampleCount) {
            let firstTap = known[mask] ?? lists.count
            if known.updateValue(firstTap, forKey: mask) == nil {
                lists += (0..<Int32(tapCount)).filter { mask & 1 << UInt32($0) != 0 }
            }
            let rowCount = voxels * sampleCount
            let parts = (rowCount + Self.mostRows - 1) / Self.mostRows
            for part in 0..<parts {
                let first = rowCount * part / parts
                groups.append(
                    Group(
                        firstRow: firstRow + first, rowCount: rowCount * (part + 1) / parts - first, firstTap: firstTap,
                        tapCount: mask.nonzeroBitCount))
            }
            firstRow += rowCount
        }
        taps = AlignedBuffer(lists)
    }

    /// Voxels of one phase after another.
    private static func order(_ size: [Int], _ phases: [Int]) -> [Int] {
        let keys = (0..<size.reduce(1, *)).map { voxel in
            zip(VoxelLinks.place(voxel, in: size), phases).reduce(0) { $0 * $1.1 + $1.0 % $1.1 }
        }
        return keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
    }

    /// Runs of voxels whose rows share a list of taps, with its taps as bits.
    private static func runs(_ masks: [UInt32], _ sampleCount: Int) -> [(voxels: Int, mask: UInt32)] {
        func cost(_ voxels: Int, _ mask: UInt32) -> Int {
            max(fewestRows, voxels * sampleCount) * mask.nonzeroBitCount
        }
        var runs: [(voxels: Int, mask: UInt32)] = []
        for mask in masks {
            if let last = runs.last, (last.voxels + 1) * sampleCount <= mostRows,
                cost(last.voxels + 1, last.mask | mask) <= cost(last.voxels, last.mask) + cost(1, mask)
            {
                runs[runs.count - 1] = (last.voxels + 1, last.mask | mask)
            } else {
                runs.append((1, mask))
            }
        }
        return runs
    }

    /// A group for the kernels, and its sources' table.
    func group(_ index: Int) -> (ckernels_links_group, sources: UnsafePointer<Int32>) {
        let group = groups[index]
        return (
            ckernels_links_group(
                rows: UnsafePointer(rows.pointer + group.firstRow), row_count: Int64(group.rowCount),
                taps: UnsafePointer(taps.pointer + group.firstTap), tap_count: Int64(group.tapCount)),
            UnsafePointer(sources.pointer)
        )
    }
}
