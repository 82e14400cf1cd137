import Curriculum
import Datasets
import Documents
import Patches
import Tensors

/// Where patches are cut, and what follows from their size.
enum PositionProbe {
    /// Request: `patches`, sizes; `batches`, batch sizes. Answer: enlarged sizes, whether slice-wise, largest angles,
    /// and the samples of every batch that are forced.
    @Sendable static func geometry(_ request: Request) throws -> JSONValue {
        let patches = try request.rows("patches").map { size -> JSONValue in
            let geometry = PatchGeometry(patchSize: size)
            let enlarged = geometry.enlargedSize
            return [
                "enlarged": .integers([enlarged[0], enlarged[1], enlarged[2]]),
                "sliceWise": .bool(geometry.isSliceWise), "limit": .real(geometry.rotationLimit),
            ]
        }
        let batches = try request.integers("batches").map { size -> JSONValue in
            let deal = BatchDeal(construction: .singleCrop, batchSize: size, baseBatchSize: size, rule: .third)
            return .array((0..<size).map { .bool(deal[$0].isForeground) })
        }
        return ["patches": .array(patches), "batches": .array(batches)]
    }

    /// Request: `shape` of the case; `loader` and `patch`; `locations`, a list of `key` and `voxels`; `foreground`;
    /// `count`; `seed`. Answer: lower corners of the loader patch.
    @Sendable static func answer(_ request: Request) throws -> JSONValue {
        let shape = try request.integers("shape")
        let locations = try request.parts("locations").map { part in
            ClassLocations(
                key: try part.integers("key"),
                voxels: VoxelList(try part.rows("voxels").map { SIMD3(Int32($0[0]), Int32($0[1]), Int32($0[2])) }))
        }
        let source = PatchSource(
            identifier: "case", image: Tensor(shape: [1] + shape, repeating: 0),
            labels: Tensor(shape: shape, repeating: 0), locations: locations)
        let (loader, patch) = (SIMD3(try request.integers("loader")), SIMD3(try request.integers("patch")))
        let seed = UInt64(try request.integer("seed"))
        return .array(
            (0..<(try request.integer("count"))).map { index in
                var stream = RandomStream(seed: seed, purpose: .position, index: index)
                let corner = PatchPosition.draw(
                    from: source, loaderSize: loader, patchSize: patch, isForeground: request.isTrue("foreground"),
                    using: &stream)
                return .integers([corner[0], corner[1], corner[2]])
            })
    }
}
