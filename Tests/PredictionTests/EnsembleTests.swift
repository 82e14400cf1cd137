import Archives
import Datasets
import Documents
import Prediction
import Tensors
import TestSupport
import Testing
import Volumes

@Suite struct EnsembleTests {
    static let classes = LabelManager(allLabels: [0, 1, 2])
    static let regions = LabelManager(
        allLabels: [0, 1, 2], regions: [[1, 2], [2]], regionsClassOrder: [1, 2])

    /// Writes a `.npz` file with one array.
    private func write<Scalar: BitwiseCopyable>(
        _ values: [Scalar], descriptor: String, shape: [Int], name: String = "probabilities", to path: String
    ) throws {
        // NumPy's header for this type, with its name put in place of another one's of the same length.
        var header = NumPyFile.header(of: Float.self, shape: shape)
        let place = try #require(header.indices.first { Array(header[$0...].prefix(3)) == Array("<f4".utf8) })
        header.replaceSubrange(place..<place + 3, with: Array(descriptor.utf8))
        let archive = try ZipWriter(path: path)
        try header.withUnsafeBytes { header in
            try values.withUnsafeBytes { try archive.add(name + ".npy", parts: [header, $0]) }
        }
        try archive.finish()
    }

    private func message(_ body: () throws -> Void) throws -> String {
        "\(try #require(#expect(throws: (any Error).self, performing: body)))"
    }

    @Test("The most probable class wins, the lowest on ties; the mean is kept") func classes() throws {
        try TestFiles.withTemporaryFolder { folder in
            let paths = [folder + "/a.npz", folder + "/b.npz"]
            // Three classes, four voxels. Means: (.5 .25 .25), (.25 .5 .25), (.375 .375 .25), (0 .5 .5).
            let first: [Float] = [0.5, 0.25, 0.5, 0, 0.25, 0.5, 0.25, 1, 0.25, 0.25, 0.25, 0]
            let second: [Float] = [0.5, 0.25, 0.25, 0, 0.25, 0.5, 0.5, 0, 0.25, 0.25, 0.25, 1]
            for (values, path) in zip([first, second], paths) {
                try write(values, descriptor: "<f4", shape: [3, 1, 2, 2], to: path)
            }
            let mean = ProbabilityMean(labelManager: Self.classes, keepsProbabilities: true)
            let (labels, probabilities) = try mean.merge(paths, volumeShape: [1, 2, 2])
            #expect(labels == Tensor(shape: [1, 2, 2], scalars: [0, 1, 0, 1]))
            let expected: [Float] = zip(first, second).map { one, two in (one + two) / 2 }
            #expect(probabilities?.scalars == expected)
            #expect(probabilities?.shape == [3, 1, 2, 2])
        }
    }

    @Test("Regions above one half are written in order; early releases' float16 is read") func regions() throws {
        try TestFiles.withTemporaryFolder { folder in
            let paths = [folder + "/a.npz", folder + "/b.npz", folder + "/c.npz"]
            // Two regions, three voxels; one half itself is not above it.
            let values: [[Float16]] = [
                [0.75, 0.5, 0.25, 0, 0.5, 1], [0.75, 0.5, 0.25, 0, 0.5, 1], [0.75, 0.5, 0.25, 0, 0.5, 1],
            ]
            for (row, path) in zip(values, paths) { try write(row, descriptor: "<f2", shape: [2, 1, 1, 3], to: path) }
            let mean = ProbabilityMean(labelManager: Self.regions, keepsProbabilities: false)
            let (labels, probabilities) = try mean.merge(paths, volumeShape: [1, 1, 3])
            #expect(labels.scalars == [1, 0, 2] && probabilities == nil)
        }
    }

    @Test("A volume larger than a piece is averaged as a whole") func pieces() throws {
        try TestFiles.withTemporaryFolder { folder in
            let shape = [3, 5, 110, 130]
            let count = shape.reduce(1, *)
            let rows: [[Float]] = (0..<2).map { row in
                (0..<count).map { index -> Float in
                    let number: Int = (index * (7 + row) + index / 31) % 97
                    return Float(number) / 96
                }
            }
            for (row, values) in rows.enumerated() {
                try write(values, descriptor: "<f4", shape: shape, to: "\(folder)/\(row).npz")
            }
            let mean = ProbabilityMean(labelManager: Self.classes, keepsProbabilities: true)
            let (labels, probabilities) = try mean.merge(
                [folder + "/0.npz", folder + "/1.npz"], volumeShape: Array(shape[1...]))
            let expected: [Float] = zip(rows[0], rows[1]).map { first, second in (first + second) / 2 }
            #expect(probabilities?.scalars == expected)
            let voxels = count / 3
            let largest: [Int32] = (0..<voxels).map { voxel -> Int32 in
                var best = 0
                for head in 1..<3 where expected[head * voxels + voxel] > expected[best * voxels + voxel] {
                    best = head
                }
                return Int32(best)
            }
            #expect(labels.scalars == largest)
        }
    }

    @Test("Files that do not fit are named") func badFiles() throws {
        try TestFiles.withTemporaryFolder { folder in
            let path = folder + "/a.npz"
            let mean = ProbabilityMean(labelManager: Self.classes, keepsProbabilities: false)
            func refusal() throws -> String { try message { _ = try mean.merge([path], volumeShape: [1, 1, 2]) } }
            try write([Float](repeating: 0, count: 4), descriptor: "<f4", shape: [2, 1, 1, 2], to: path)
            #expect(try refusal().contains("a.npz cannot be used: its array has the shape [2, 1, 1, 2]"))
            try write([Float](repeating: 0, count: 6), descriptor: "<f4", shape: [3, 1, 2], to: path)
            #expect(try refusal().contains("must be '<f4' of [heads, D, H, W]"))
            try write([Int32](repeating: 0, count: 6), descriptor: "<i4", shape: [3, 1, 1, 2], to: path)
            #expect(try refusal().contains("'<i4'"))
            try write([Float](repeating: 0, count: 5), descriptor: "<f4", shape: [3, 1, 1, 2], to: path)
            #expect(try refusal().contains("is not 20 bytes long"))
            try write([Float](repeating: 0, count: 6), descriptor: "<f4", shape: [3, 1, 1, 2], name: "x", to: path)
            #expect(try refusal().contains("it has no array \"probabilities\" (but x.npy)"))
            // A header of 1 MB, which takes 1 kB of the file.
            let archive = try ZipWriter(path: path)
            let long = [0x93] + Array("NUMPY".utf8) + [2, 0, 0, 0, 16, 0] + [UInt8](repeating: 0x20, count: 1 << 20)
            try long.withUnsafeBytes { try archive.add("probabilities.npy", parts: [$0]) }
            try archive.finish()
            #expect(try refusal().contains("its array has no NumPy header"))
            try FileAccess.replace(path, with: "text")
            #expect(try refusal().contains("not a whole zip archive"))
            try FileAccess.remove(path)
            #expect(try refusal().contains("No such file"))
        }
    }

    @Test("Folders must hold the same cases") func matchingFolders() throws {
        try TestFiles.withTemporaryFolder { folder in
            let folders = [folder + "/one", folder + "/two"]
            for name in folders { try FileAccess.makeFolder(name) }
            #expect(try message { _ = try EnsembleCase.matching(folders: folders) }.contains("--save_probabilities"))
            for (name, identifiers) in zip(folders, [["b", "a"], ["a", "b", "c"]]) {
                for identifier in identifiers { try FileAccess.replace("\(name)/\(identifier).npz", with: "") }
            }
            #expect(
                try message { _ = try EnsembleCase.matching(folders: folders) }.contains(
                    "one has no probabilities of c, which others have"))
            try FileAccess.replace(folders[0] + "/c.npz", with: "")
            let cases = try EnsembleCase.matching(folders: folders)
            #expect(cases.map(\.identifier) == ["a", "b", "c"] && cases.allSatisfy { $0.folders == folders })
            #expect(
                try message { _ = try EnsembleCase.matching(folders: [folder + "/none"]) }.contains(folder + "/none"))
        }
    }

    @Test("Models of different splits are matched case by case") func matchingFolds() throws {
        try TestFiles.withTemporaryFolder { folder in
            func put(_ identifier: String, _ model: String, fold: Int) throws {
                let place = "\(folder)/\(model)/fold_\(fold)/validation"
                try FileAccess.makeFolder(place)
                try FileAccess.replace("\(place)/\(identifier).npz", with: "")
            }
            try put("a", "x", fold: 0)
            try put("b", "x", fold: 1)
            try put("b", "y", fold: 0)
            try put("a", "y", fold: 1)
            let models = [folder + "/x", folder + "/y"]
            let folds: [FoldName] = [.number(0), .number(1)]
            let cases = try EnsembleCase.matching(modelFolders: models, folds: folds)
            #expect(cases.map(\.identifier) == ["a", "b"])
            #expect(cases[0].folders == [folder + "/x/fold_0/validation", folder + "/y/fold_1/validation"])
            #expect(cases[1].folders == [folder + "/x/fold_1/validation", folder + "/y/fold_0/validation"])
            try put("a", "y", fold: 0)
            #expect(
                try message { _ = try EnsembleCase.matching(modelFolders: models, folds: folds) }.contains(
                    "case a lies in \(folder)/y/fold_0/validation and in \(folder)/y/fold_1/validation"))
            try FileAccess.makeFolder(folder + "/x/fold_2/validation")
            #expect(
                try message { _ = try EnsembleCase.matching(modelFolders: models, folds: [.number(2)]) }
                    .contains("--val --npz"))
        }
    }

    @Test("A job writes label maps on the first model's grid, and properties beside the mean") func job() throws {
        try TestFiles.withTemporaryFolder { folder in
            let folders = [folder + "/one", folder + "/two"]
            let geometry = Geometry(spacing: [3, 2, 1], origin: [4, 5, 6])
            for (name, values) in zip(folders, [[Float](repeating: 0.25, count: 2) + [0.75, 0.5], [0, 1, 1, 0]]) {
                try FileAccess.makeFolder(name)
                try write(values, descriptor: "<f4", shape: [2, 1, 1, 2], to: name + "/a.npz")
                try NIfTI.write(
                    labels: Tensor<Int32>(shape: [1, 1, 2], repeating: 0), geometry: geometry, to: name + "/a.nii.gz")
                try FileAccess.replace(name + "/a.json", with: "{\"from\": \"\(name)\"}")
            }
            let description = try DatasetDescription(json: TinyModel().descriptionJSON, path: "dataset.json")
            let cases = try EnsembleCase.matching(folders: folders)
            let job = try EnsembleJob(
                cases: cases, description: description, outputFolder: folder + "/out", keepsProbabilities: true)
            try job.run()
            let image = try NIfTI.readLabels(folder + "/out/a.nii.gz")
            #expect(image.labels.scalars == [1, 0] && image.geometry.agrees(with: geometry))
            #expect(try FileAccess.list(folder + "/out") == ["a.json", "a.nii.gz", "a.npz"])
            #expect(try JSONValue(contentsOf: folder + "/out/a.json")["from"]?.string == folders[0])
            let reader = try ProbabilityReader(path: folder + "/out/a.npz")
            var values = [Float](repeating: 0, count: 4)
            try values.withUnsafeMutableBufferPointer { try reader.read(into: $0) }
            #expect(values == [0.125, 0.625, 0.875, 0.25])

            #expect(
                try message {
                    _ = try EnsembleJob(cases: cases, description: description, outputFolder: folder + "/one/")
                }
                .contains("both input and output"))
            try FileAccess.remove(folders[0] + "/a.nii.gz")
            #expect(try message { try job.run() }.contains("one/a.nii.gz is missing"))
        }
    }
}
