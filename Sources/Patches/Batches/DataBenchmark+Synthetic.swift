import Datasets
import Tensors

extension DataBenchmark.Material {
    /// One case in memory, of three smooth classes, half as large again as the patch.
    public static func synthetic(patchSize: [Int], channelCount: Int = 1) -> DataBenchmark.Material {
        let size = patchSize.map { $0 + $0 / 2 + 8 }
        let count = size.reduce(1, *)
        var voxels: [SIMD3<Int32>] = []
        var classes = [Int16](repeating: 0, count: count)
        var values = [Float](repeating: 0, count: count)
        let heights = (0..<(size.max() ?? 0)).map { Float($0 % 32) / 32 }
        var index = 0
        for d in 0..<size[0] {
            for h in 0..<size[1] {
                for w in 0..<size[2] {
                    let value = heights[d] * (1 - heights[h]) + heights[h] * heights[w]
                    values[index] = value
                    classes[index] = Int16(value * 2.5)
                    if classes[index] > 0, (d + h + w) % 101 == 0 {
                        voxels.append(SIMD3(Int32(d), Int32(h), Int32(w)))
                    }
                    index += 1
                }
            }
        }
        let source = PatchSource(
            identifier: "synthetic",
            image: Tensor(
                shape: [channelCount] + size, scalars: Array((0..<channelCount).map { _ in values }.joined())),
            labels: Tensor(shape: size, scalars: classes),
            locations: [ClassLocations(key: [1], voxels: VoxelList(voxels))])
        return DataBenchmark.Material(
            cases: CaseLibrary([source]), channelCount: channelCount, maskedChannels: [],
            labels: LabelManager(allLabels: [0, 1, 2]))
    }
}
