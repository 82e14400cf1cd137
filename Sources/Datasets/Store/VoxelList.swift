/// Coordinates of voxels, either in memory or in a memory-mapped file.
///
/// Safety: the elements are never written after the list has been made; `owner` keeps mapped memory alive.
public struct VoxelList: RandomAccessCollection, @unchecked Sendable, Equatable {
    private let owner: AnyObject?
    /// Three Int32 per voxel: d, h, w.
    private let base: UnsafePointer<Int32>?
    public let count: Int

    /// Copies coordinates.
    public init(_ voxels: some Collection<SIMD3<Int32>>) {
        let storage = Storage(count: voxels.count * 3)
        var position = 0
        for voxel in voxels {
            for axis in 0..<3 {
                storage.base[position] = voxel[axis]
                position += 1
            }
        }
        owner = storage
        base = UnsafePointer(storage.base)
        count = voxels.count
    }

    /// Refers to `count` coordinates at `base`, which stay alive as long as `owner`.
    init(owner: AnyObject, base: UnsafePointer<Int32>, count: Int) {
        self.owner = owner
        self.base = base
        self.count = count
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { count }

    /// The voxel `[d, h, w]` at a position.
    public subscript(position: Int) -> SIMD3<Int32> {
        precondition(position >= 0 && position < count, "voxel \(position) of a list of \(count)")
        guard let base else { return SIMD3() }
        return SIMD3(base[3 * position], base[3 * position + 1], base[3 * position + 2])
    }

    public static func == (left: VoxelList, right: VoxelList) -> Bool { left.elementsEqual(right) }

    private final class Storage {
        let base: UnsafeMutablePointer<Int32>
        init(count: Int) { base = .allocate(capacity: Swift.max(count, 1)) }
        deinit { base.deallocate() }
    }
}

/// Where one class of a case lies: a sample of its voxels, from which foreground patches are drawn.
public struct ClassLocations: Sendable, Equatable {
    /// The labels of the class or region; for the annotated voxels of a dataset with an ignore label `[-1, 0, 1, …,
    /// n]`.
    public let key: [Int]
    /// True for the key of annotated voxels, which is no class.
    public let isAnnotatedKey: Bool
    /// `[d, h, w]` in the preprocessed case, in the order in which nnU-Net draws them.
    public let voxels: VoxelList

    public init(key: [Int], voxels: VoxelList) {
        self.key = key
        isAnnotatedKey = key.first == -1
        self.voxels = voxels
    }
}
