import Curriculum
import Datasets
import Patches
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct CaseLibraryTests {
    @Test("Patches from the store's mapped files are those of the same cases in memory") func storedCases() throws {
        try TestFiles.withTemporaryFolder { folder in
            let writer = try CaseStoreWriter(folder: folder + "/nnUNetPlans_3d_fullres")
            var sources: [PatchSource] = []
            for (number, size) in [[14, 20, 17], [9, 8, 30]].enumerated() {
                let image = Tensor(shape: [1] + size, scalars: Phantoms.image(size))
                let labels = Tensor(shape: size, scalars: Phantoms.labels(size))
                let locations = [
                    ClassLocations(key: [1], voxels: VoxelList([])),
                    ClassLocations(key: [2], voxels: VoxelList([SIMD3(3, 4, 5), SIMD3(8, 7, 6)])),
                ]
                let properties = CaseProperties(
                    geometry: Geometry(spacing: [1, 1, 1]), shapeBeforeCropping: size,
                    boundingBox: BoundingBox(lower: [0, 0, 0], upper: size), shapeAfterCropping: size)
                try writer.write(
                    PreprocessedArrays(image: image, labels: labels, properties: properties),
                    classLocations: locations, identifier: "case_\(number)")
                sources.append(
                    PatchSource(identifier: "case_\(number)", image: image, labels: labels, locations: locations))
            }
            let store = try writer.finish(["case_0", "case_1"], signature: "test")
            let stored = CaseLibrary(store: store, identifiers: store.identifiers)
            #expect(try stored.source(0).foreground == sources[0].foreground)
            #expect(try stored.source(0).foreground.count == 1)
            let schedule = try Schedule(
                scheme: .pgpsPerformance, maximalPatchSize: [8, 16, 16], poolings: [2, 2, 2], batchSize: 2, epochs: 20,
                iterationsPerEpoch: 1)
            let contents = try [stored, CaseLibrary(sources)].map { library in
                let batches = try TrainingBatches(
                    cases: library, channelCount: 1, maskedChannels: [false],
                    labels: LabelManager(allLabels: [0, 1, 2, 3]), schedule: schedule, seed: 8)
                let stage = batches.stage(atIteration: 3)
                let labels = AlignedBuffer<Int16>(count: stage.voxelsPerIteration)
                let images = AlignedBuffer<Float>(count: stage.voxelsPerIteration)
                let statistics = try batches.fill(
                    iteration: 3, samples: 0..<stage.batchSize, images: images.pointer, labels: labels.pointer)
                return (images.array, labels.array, statistics)
            }
            #expect(contents[0] == contents[1])
        }
    }

    @Test("A case that cannot be opened is named, and nothing is written") func missingCase() throws {
        let library = CaseLibrary(identifiers: ["a", "b"]) { (identifier) throws(DatasetError) in
            throw .caseFailed(identifier, reason: "the file is missing")
        }
        let batches = try ValidationBatches(
            cases: library, channelCount: 1, labels: LabelManager(allLabels: [0, 1]), patchSize: [4, 4, 4],
            batchSize: 2, seed: 1)
        let images = AlignedBuffer<Float>(count: 128)
        images.fill(7)
        let labels = AlignedBuffer<Int16>(count: 128)
        let error = #expect(throws: PatchError.self) {
            try batches.fill(epoch: 0, batch: 0, samples: 0..<2, images: images.pointer, labels: labels.pointer)
        }
        #expect(error?.description.contains("the file is missing") == true)
        #expect(images.array.allSatisfy { $0 == 7 })
    }
}
