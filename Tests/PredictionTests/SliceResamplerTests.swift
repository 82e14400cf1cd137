import Datasets
import Prediction
import Tensors
import Testing
import Volumes

/// Memory is bounded by never holding the resampled classes; the result must be that of holding them all.
@Suite struct SliceResamplerTests {
    static let grids: [(source: [Int], target: [Int], current: [Double], new: [Double])] = [
        ([7, 6, 9], [13, 11, 20], [1.8, 1.7, 2.1], [1, 1, 1]),
        ([13, 11, 20], [7, 6, 9], [1, 1, 1], [1.8, 1.7, 2.1]),
        ([7, 40, 35], [3, 81, 17], [5, 1, 1], [9, 0.5, 2.1]), ([9, 8, 7], [9, 8, 30], [1, 1, 4.5], [1, 1, 1]),
        ([9, 8, 7], [20, 3, 7], [1, 1, 1], [0.4, 3.1, 1]), ([1, 1, 1], [5, 6, 7], [3, 3, 3], [1, 1, 1]),
        ([5, 6, 7], [1, 1, 1], [1, 1, 1], [2, 2, 2]), ([6, 33, 5], [6, 34, 5], [1, 1, 1], [1, 1, 1]),
    ]

    @Test(arguments: 0..<8, [0, 1]) func everyLogitIsThatOfTheWholeVolume(index: Int, order: Int) throws {
        let (source, target, current, new) = Self.grids[index]
        let heads = 3
        let volume = Tensor(
            shape: [heads] + source, scalars: CaseDecoderTests.logits(heads * source.reduce(1, *)).map { $0 / 3 })
        let whole = Resampling.resample(
            volume, to: target, currentSpacing: current, newSpacing: new, order: order == 1 ? .linear : .nearest)
        let separate = Resampling.separateAxis(currentSpacing: current, newSpacing: new, forceSeparateZ: nil)
        let axes = (0..<3).map {
            AxisTaps(
                from: source[$0], to: target[$0], order: order == 1 && $0 != separate ? .linear : .nearest)
        }
        let resampler = SliceResampler(axes: axes, sourceShape: source, headCount: heads)
        let (plane, targetPlane) = (source[1] * source[2], target[1] * target[2])
        var received: [Int] = []
        volume.scalars.withUnsafeBufferPointer { logits in
            guard let base = logits.baseAddress else { return }
            for slice in 0..<source[0] {
                resampler.take(slice: slice, logits: base + slice * plane, sourceStride: source[0] * plane) {
                    targetSlice, values in
                    received.append(targetSlice)
                    for head in 0..<heads {
                        let start = (head * target[0] + targetSlice) * targetPlane
                        let row = UnsafeBufferPointer(start: values + head * resampler.headStride, count: targetPlane)
                        #expect(whole.scalars[start..<start + targetPlane].elementsEqual(row))
                    }
                }
            }
        }
        #expect(received == Array(0..<target[0]))
    }

    /// Orders 0 and 1 go slice by slice, order 3 needs the whole volume: both decode what the resampled whole says.
    @Test(arguments: 0..<8, [0, 1, 3]) func labelsAreThoseOfTheWholeVolume(index: Int, order: Int) throws {
        let (source, target, current, new) = Self.grids[index]
        let heads = 4
        let logits = CaseDecoderTests.logits(heads * source.reduce(1, *))
        let interpolation = try #require(Interpolation(rawValue: order))
        let whole = Resampling.resample(
            Tensor(shape: [heads] + source, scalars: logits), to: target, currentSpacing: current, newSpacing: new,
            order: interpolation)
        let voxelCount = target.reduce(1, *)
        let expected = (0..<voxelCount).map { voxel in
            (1..<heads).reduce(0) { best, head in
                whole.scalars[head * voxelCount + voxel] > whole.scalars[best * voxelCount + voxel] ? head : best
            }
        }
        let grid = OriginalGrid(
            shapeBeforeCropping: target, cropLower: [0, 0, 0], cropShape: target, spacing: new,
            transposeForward: [0, 1, 2])
        let decoder = CaseDecoder(
            sourceShape: source, grid: grid, currentSpacing: current, rule: ResamplingRule(order: interpolation),
            labelManager: LabelManager(allLabels: [0, 1, 2, 3]))
        let result = try CaseDecoderTests.decode(logits, shape: source, heads: heads, depth: 2, with: decoder)
        #expect(result.labels.scalars.map { Int($0) } == expected)
    }
}
